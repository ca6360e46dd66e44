"""Layouts of published weights are turned to ours here, and nowhere else.

filters   hwio  (KH, KW, C/groups, O): ours, TensorFlow's, Keras'; a depthwise one also (KH, KW, C, M)
          oihw  (O, C/groups, KH, KW): PyTorch's, ONNX', Caffe's
          ohwi  (O, KH, KW, C/groups): TFLite's; a depthwise one also (1, KH, KW, C·M)
dense     io    (I, O): where filters are hwio     oi  (O, I): elsewhere
          behind a flatten of (C, H, W), where filters are oihw, its inputs are reordered to (H, W, C)
1x1 and dense are one thing: each takes the other's array
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

from cnnkit.kernels.shared.array import Host
from cnnkit.models.weights.renames import Named, leaf
from cnnkit.nn import Flatten, Linear, Module
from cnnkit.nn.module import computes_as

Shape = tuple[int, ...]


class Layout(NamedTuple):
    """The order of axes in a file: "hwio", "oihw" or "ohwi", and "io" or "oi"."""

    filters: str
    dense: str


OIHW, HWIO, OHWI = Layout("oihw", "oi"), Layout("hwio", "io"), Layout("ohwi", "oi")
LAYOUTS = {layout.filters: layout for layout in (HWIO, OIHW, OHWI)}
# Where each axis of (KH, KW, C, O) is found.
_TURNS = {"hwio": (0, 1, 2, 3), "oihw": (2, 3, 1, 0), "ohwi": (1, 2, 3, 0)}


def by_name(published: str) -> Layout:
    """The layout that an array's name tells: kernel and depthwise_kernel are Keras'; all else is PyTorch's."""
    return HWIO if leaf(published) in ("kernel", "depthwise_kernel") else OIHW


def orders(found: Mapping[str, Named], filters: str | None) -> tuple[list[Layout], list[Layout]]:
    """The layouts that these arrays may have: as usual, and with dense weights the other way round.

    filters: the order as told; None: any, that of the names first.
    """
    if filters is not None:
        usual = [LAYOUTS[filters]]
    else:
        weights = [one for ours, one in found.items() if leaf(ours) == "weight" and one.array.ndim in (2, 4)]
        first = HWIO if any(by_name(one.published) == HWIO for one in weights) else OIHW
        usual = [first, *(layout for layout in (OIHW, HWIO, OHWI) if layout != first)]
    return usual, [Layout(layout.filters, layout.dense[::-1]) for layout in usual]


def turned(ours: str, named: Named, shape: Shape | None = None, layout: Layout | None = None) -> Host:
    """A view of a published array in our layout, but for the order of inputs `behind_flatten`.

    shape: of our parameter, which tells a dense layer from a 1x1 convolution.   layout: None: as its name tells.
    """
    array, layout = named.array, layout or by_name(named.published)
    if leaf(named.published) == "depthwise_kernel" and array.ndim == 4 and layout == HWIO:
        array = array.reshape(*array.shape[:2], 1, -1)
    elif leaf(ours) == "weight" and array.ndim == 4:
        array = array.transpose(_TURNS[layout.filters])
    elif leaf(ours) == "weight" and array.ndim == 2 and layout.dense == "oi":
        array = array.T
    if shape is None:
        return array
    return _as_depthwise(_as_dense_or_1x1(array, shape), shape)


def behind_flatten(array: Host, named: Named, flat: Shape, layout: Layout | None = None) -> Host:
    """A dense layer's (I, O), as `turned` gives it, with its inputs in the order of a flattened (H, W, C)."""
    if (layout or by_name(named.published)).filters != "oihw":
        return array
    H, W, C = flat
    return array.reshape(C, H, W, -1).transpose(1, 2, 0, 3).reshape(H * W * C, -1)


def flattened(module: Module, x_shape: Shape) -> dict[str, Shape]:
    """The (H, W, C) before each dense layer that follows a Flatten, by the name of its weight."""
    if not any(computes_as(layer, Flatten) for layer in module.modules()):
        return {}
    names = {id(layer): name for name, layer in module.named_modules()}
    found: dict[str, Shape] = {}
    before: Shape | None = None
    for layer, taken, _ in module.watched(x_shape, auxiliary=True):
        if computes_as(layer, Flatten):
            before = taken[1:]
        elif computes_as(layer, Linear):
            if before is not None and len(before) == 3:
                found[f"{names[id(layer)]}.weight"] = before
            before = None
    return found


def _as_dense_or_1x1(array: Host, shape: Shape) -> Host:
    if array.ndim == 2 and len(shape) == 4 and shape[:2] == (1, 1):
        return array.reshape(1, 1, *array.shape)
    if array.ndim == 4 and len(shape) == 2 and array.shape[:2] == (1, 1):
        return array.reshape(array.shape[2:])
    return array


def _as_depthwise(array: Host, shape: Shape) -> Host:
    """(KH, KW, C, M) as (KH, KW, 1, C·M)."""
    if (
        array.ndim == len(shape) == 4
        and shape[2] == 1
        and array.shape[:2] == shape[:2]
        and array.size == math.prod(shape)
    ):
        return array.reshape(shape)
    return array
