"""What the first layer of a network looks for: its filters, which are small pictures."""

from dataclasses import dataclass
from typing import final

import numpy as np

from cnnkit.kernels.shared.array import Host
from cnnkit.nn import Conv2d, Module

# Colours that can be shown, and the least side at which a filter is a picture.
_CHANNELS, _LEAST_SIDE = (1, 3), 2


@final
@dataclass(frozen=True)
class Filters:
    """layer: its name.   weights: (KH, KW, C, O) float32, C = 1 or 3."""

    layer: str
    weights: Host


def first_filters(module: Module) -> Filters | None:
    """The filters of the first convolution; None where it does not look at the pixels of a picture."""
    for name, part in module.named_modules():
        if isinstance(part, Conv2d):
            weights = np.array(part.weight.numpy(), np.float32)
            KH, KW, C, _ = weights.shape
            return Filters(name, weights) if C in _CHANNELS and min(KH, KW) >= _LEAST_SIDE else None
    return None
