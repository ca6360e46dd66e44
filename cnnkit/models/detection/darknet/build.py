"""Networks of ours that are told as a list of layers: from the list to the module."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cnnkit.errors import UsageError
from cnnkit.models.detection.darknet.network import Darknet
from cnnkit.models.detection.darknet.sections import Connected, Convolutional, Head, Net, Section


def build(
    layers: Sequence[Section],
    *,
    in_channels: int,
    image_size: tuple[int, int],
    stride: int = 32,
    rng: np.random.Generator,
) -> Darknet:
    """stride: of the coarsest map, which sides must be multiples of."""
    height, width = image_size
    if height % stride or width % stride:
        near = max(stride, round(max(image_size) / stride) * stride)
        raise UsageError(
            f"image_size is {height}x{width}, expected multiples of {stride}: a map of every {stride}th pixel is "
            f"doubled and laid beside finer ones. Use --image-size {near}."
        )
    return Darknet(Net(width=width, height=height, channels=in_channels), layers, rng=rng)


def for_classes(layers: Sequence[Section], classes: int) -> list[Section]:
    """The list with heads for so many classes; the layer that gives a head its numbers, right before it, follows.

    Raises:
        ValueError: before a head lies a layer whose channels cannot be chosen.
    """
    found = list(layers)
    for number, head in enumerate(layers):
        if not isinstance(head, Head) or head.classes == classes:
            continue
        found[number] = own = replace(head, classes=classes)
        match layers[number - 1] if number else None:
            case Convolutional() as before:
                found[number - 1] = replace(before, filters=own.filters)
            case Connected() as before:
                found[number - 1] = replace(before, output=own.filters)
            case _:
                raise ValueError(
                    f"layer {number}, [{head.title}], is for {head.classes} classes, and no [convolutional] or "
                    "[connected] lies right before it, which could have channels for others"
                )
    return found


def widened(layers: Sequence[Section], width: float) -> list[Section]:
    """The list with `width` times the channels; those of the heads, and each channel's own filters, follow."""
    heads = [*(isinstance(layer, Head) for layer in layers[1:]), False]
    return [layer if head else _wide(layer, width) for layer, head in zip(layers, heads, strict=True)]


def _wide(layer: Section, width: float) -> Section:
    if isinstance(layer, Connected):
        return replace(layer, output=max(8, round(layer.output * width)))
    if not isinstance(layer, Convolutional) or width == 1:
        return layer
    channels = max(8, round(layer.filters * width))
    return replace(layer, filters=channels, groups=channels if layer.groups > 1 else 1)
