"""Batch norm that a publisher folded into the convolution before it: it is put behind it again, and adds a bias alone.

A convolution with a bias, where ours has a norm, becomes one without and

    weight 1, bias the convolution's, running_mean 0, running_var 1 - eps:   norm(y) = y + bias
"""

from collections.abc import Mapping

import numpy as np

from cnnkit.kernels.shared.array import Host
from cnnkit.models.weights.renames import Named
from cnnkit.nn import ConvNorm, Module


def unfolded(found: Mapping[str, Named], module: Module) -> dict[str, Named]:
    """The arrays under our names, with a norm's wherever a file has a convolution's bias in their place.

    The convolution may bear the name of our `conv`, or of the ConvNorm that holds it.
    """
    whole = dict(found)
    for path, part in module.named_modules():
        if not isinstance(part, ConvNorm) or any(name.startswith(f"{path}.norm.") for name in found):
            continue
        for stem in (f"{path}.conv", path):
            if f"{stem}.weight" in whole and f"{stem}.bias" in whole:
                weight, bias = whole.pop(f"{stem}.weight"), whole.pop(f"{stem}.bias")
                whole[f"{path}.conv.weight"], whole[f"{path}.norm.bias"] = weight, bias
                for name, number in (("weight", 1), ("running_mean", 0), ("running_var", 1 - part.norm.eps)):
                    whole[f"{path}.norm.{name}"] = Named(bias.published, _filled(bias.array, number))
                break
    return whole


def _filled(like: Host, number: float) -> Host:
    return np.full(like.shape, number, np.float32)
