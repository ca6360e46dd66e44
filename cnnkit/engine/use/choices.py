"""What a file of published weights does not say: how pictures become inputs, and what the classes are called."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from cnnkit.data.view.preprocessing import Fit, Preprocessing
from cnnkit.engine.use.class_names import read_class_names, stand_ins
from cnnkit.errors import UsageError
from cnnkit.models.network import Network
from cnnkit.models.stem import is_small
from cnnkit.models.weights.published import Published

_WHOLE_SCALE = 255


@final
@dataclass(frozen=True)
class Choices:
    """What the user says of a weight file; what is None follows from the network's published row.

    mean, std, scale: the input is (pixel / scale - mean) / std, one number for each channel, or one for all.
    classes: a file of names.   image_size: that the network was built for.
    layout: "hwio", "oihw" or "ohwi", the order of the filters' axes, see `models.weights.layouts`.
    padding: where the network's zeros go, see `models.geometry`.
    """

    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    scale: float | None = None
    classes: Path | None = None
    image_size: tuple[int, int] | None = None
    layout: str | None = None
    padding: str | None = None


def preprocessing_of(network: Network, published: Published | None, choices: Choices) -> Preprocessing:
    """How pictures become what the weights were trained on.

    With another scale S folded in: pixel / S - m = (pixel / 255 - m·S/255) · 255/S.
    """
    if (choices.mean is None) != (choices.std is None):
        raise UsageError("--mean and --std belong together: give both, or neither.")
    if choices.mean is not None and choices.std is not None:
        mean, std, scale = choices.mean, choices.std, choices.scale or _WHOLE_SCALE
    elif published is not None:
        mean, std, scale = published.mean, published.std, choices.scale or published.scale
    else:
        raise UsageError(
            f"How the input of these weights was normalised is not known for {network.model}: give --mean and --std, "
            "one number per channel, such as --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225."
        )
    factor = scale / _WHOLE_SCALE
    H, W = network.image_size
    return Preprocessing(
        H,
        W,
        network.in_channels,
        tuple(value * factor for value in _per_channel("mean", mean, network)),
        tuple(value * factor for value in _per_channel("std", std, network)),
        _fit(network, published),
    )


def _fit(network: Network, published: Published | None) -> Fit:
    """How foreign pictures are brought to size. Of small ones, nothing is to spare at the margin."""
    if published is None or (published.fit == "margin" and is_small(network.image_size)):
        return "crop"
    return published.fit


def _per_channel(name: str, values: Sequence[float], network: Network) -> Sequence[float]:
    if len(values) == 1:
        values = [*values] * network.in_channels
    if len(values) != network.in_channels:
        raise UsageError(
            f"--{name} has {len(values)} numbers, but {network.model} reads {network.in_channels} "
            f"channel{'s' if network.in_channels > 1 else ''} here: give one number for each."
        )
    if not all(math.isfinite(value) and (name == "mean" or value > 0) for value in values):
        raise UsageError(f"--{name} is {values}, expected finite numbers{'' if name == 'mean' else ' above 0'}.")
    return values


def names_of(network: Network, published: Published | None, choices: Choices) -> list[str]:
    """The names of the classes: the user's, the publisher's, or numbers in their place."""
    if choices.classes is not None:
        return read_class_names(choices.classes.expanduser(), network.classes)
    if published is not None and len(published.classes) == network.classes:
        return list(published.classes)
    return stand_ins(network.classes)
