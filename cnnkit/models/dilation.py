"""Output stride: how many pixels of the image lie between two of a network's last map. Strides are traded for dilation.

A classifier halves its image five times. For a class at every pixel the last halvings are left out, and the filters
behind them spread, so that each still sees what it was trained to see, at every place in place of every second one.

Source: Chen et al. 2015, arXiv:1412.7062, section 3.1 (the hole algorithm); Chen et al. 2017, arXiv:1706.05587, 3.1.
"""

from collections.abc import Iterator
from typing import NamedTuple, TypeVar

from cnnkit.errors import UsageError
from cnnkit.nn import AvgPool2d, Conv2d, MaxPool2d, Module
from cnnkit.nn.module import computes_as
from cnnkit.ops.window import SAME, pair, window

_Network = TypeVar("_Network", bound=Module)
# Total strides divide it: of an image longer by it, every map has a whole number of pixels more.
LONGER = 64


class Step(NamedTuple):
    """A part on the way of an image, the total strides before and behind it, and the channels behind it."""

    part: Module
    before: int
    after: int
    channels: int


def dilate(
    module: _Network, output_stride: int, image_shape: tuple[int, int, int], *, at_once: bool = False
) -> _Network:
    """The module itself: no map of it has a larger stride than this, and its filters spread instead.

    A layer that would read every s-th pixel spreads s / output_stride times as far, where that is more than 1. A layer
    that would lead beyond output_stride has stride 1, and keeps the size.

    at_once: whether a layer that loses its stride spreads by that much itself already, as torchvision has it for
    MobileNet v3; else what follows it does.

    Raises:
        UsageError: it is no power of 2, or falls on a pool, whose window cannot spread.
    """
    if output_stride < 1 or output_stride & (output_stride - 1):
        raise UsageError(f"output_stride is {output_stride}, expected a power of 2, such as 8 or 16.")
    for layer, before, after, _ in list(steps(module, image_shape)):
        rate = max(1, (after if at_once else before) // output_stride)
        stride = max(1, min(after, output_stride) // min(before, output_stride))
        if rate == 1 and stride == after // before:
            continue
        if computes_as(layer, Conv2d):
            _spread(layer, rate, stride)
        elif computes_as(layer, MaxPool2d) or computes_as(layer, AvgPool2d):
            if rate > 1:
                raise UsageError(f"output_stride is {output_stride}, but a pool behind it cannot spread its window.")
            layer.stride, layer.padding = stride, SAME
    return module


def steps(module: Module, image_shape: tuple[int, int, int], *, parts: bool = False) -> Iterator[Step]:
    """Every childless part that maps images to images, in the order in which an image of any size meets them.

    parts: as in `Module.watched`.
    """
    H, W, C = image_shape
    passes = (module.watched((1, height, W, C), parts=parts) for height in (H, H + LONGER))
    for (part, *shapes), (_, *longer) in zip(*passes, strict=True):
        maps = [(own[1], long[1]) for own, long in zip(shapes, longer, strict=True) if len(own) == 4]
        if len(maps) == 2 and all(long > own for own, long in maps):
            before, after = (LONGER // (long - own) for own, long in maps)
            yield Step(part, before, after, shapes[1][3])


def _spread(layer: Conv2d, rate: int, stride: int) -> None:
    """As many zeros above and to the left as before, in the new spacing; below and to the right what keeps the size."""
    KH, KW = layer.weight.shape[:2]
    old = pair("dilation", layer.dilation)
    dilation_h, dilation_w = (old[0] if KH == 1 else rate * old[0]), (old[1] if KW == 1 else rate * old[1])
    if layer.padding != SAME and (zeros := window(padding=layer.padding)) != window():
        top, left = rate * zeros.pad_top, rate * zeros.pad_left
        layer.padding = ((top, dilation_h * (KH - 1) - top), (left, dilation_w * (KW - 1) - left))
    layer.stride, layer.dilation = stride, (dilation_h, dilation_w)
