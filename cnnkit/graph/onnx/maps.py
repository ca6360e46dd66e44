"""Pools, other sizes and sums over axes, as ONNX operations."""

from __future__ import annotations

from functools import partial

import numpy as np

from cnnkit.errors import UsageError
from cnnkit.graph.onnx.sums import Write, window
from cnnkit.graph.onnx.writing import TURNED, Writing
from cnnkit.graph.trace import Call


def _max_pool(out: Writing, call: Call) -> str:
    x, kernel, win = call.args
    return out.node("MaxPool", [out.of(x)], kernel_shape=list(kernel), **window(win))


def _avg_pool(out: Writing, call: Call) -> str:
    x, kernel, win, count_padding = call.args
    places = window(win)
    if places.pop("dilations") != [1, 1]:
        raise UsageError("A dilated average pool cannot be written as ONNX.")
    return out.node(
        "AveragePool", [out.of(x)], kernel_shape=list(kernel), count_include_pad=int(count_padding), **places
    )


def _adaptive_avg_pool(out: Writing, call: Call) -> str:
    """Over everything, over equal tiles, or as two products with the shares that pixels have in each place."""
    x, size = call.args
    _, H, W, _ = x.shape
    if size == (1, 1):
        return out.node("GlobalAveragePool", [out.of(x)])
    if H % size[0] == 0 and W % size[1] == 0:
        tile = [H // size[0], W // size[1]]
        return out.of(x) if tile == [1, 1] else out.node("AveragePool", [out.of(x)], kernel_shape=tile, strides=tile)
    down = out.node("MatMul", [out.constant(_shares(H, size[0]), "shares"), out.of(x)])
    return out.node("MatMul", [down, out.constant(_shares(W, size[1]).T, "shares")])


def _shares(size: int, wanted: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """(wanted, size): place i is the mean of the pixels from ⌊i·size/wanted⌋ to ⌈(i+1)·size/wanted⌉."""
    shares = np.zeros((wanted, size), np.float32)
    for i in range(wanted):
        first, last = i * size // wanted, -(-(i + 1) * size // wanted)
        shares[i, first:last] = 1 / (last - first)
    return shares


def _adaptive_max_pool(out: Writing, call: Call) -> str:
    x, size = call.args
    _, H, W, _ = x.shape
    if size == (1, 1):
        return out.node("GlobalMaxPool", [out.of(x)])
    if H % size[0] or W % size[1]:
        raise UsageError(f"A maximum pool of {H}x{W} pixels to {size[0]}x{size[1]} places cannot be written as ONNX.")
    tile = [H // size[0], W // size[1]]
    return out.node("MaxPool", [out.of(x)], kernel_shape=tile, strides=tile)


def _resize(out: Writing, call: Call) -> str:
    """As PyTorch's `interpolate` reads the pixels."""
    x, size, nearest, align_corners = call.args
    if nearest and align_corners:
        raise UsageError("Nearest pixels with aligned corners cannot be written as ONNX.")
    inputs = [out.of(x), "", "", out.integers(*size)]
    if nearest:
        how = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    else:
        places = "align_corners" if align_corners else "half_pixel"
        how = {"mode": "linear", "coordinate_transformation_mode": places}
    return out.node("Resize", inputs, axes=[2, 3], **how)


def _reduced(kind: str, out: Writing, call: Call) -> str:
    """Over axes; what is left of a map keeps the order that it has here."""
    x, axes, keepdims = call.args
    chosen = {axis % x.ndim for axis in axes}
    if x.ndim != 4:
        return _reduce(out, kind, out.of(x), sorted(chosen), keepdims)
    name = _reduce(out, kind, out.of(x), sorted(TURNED.index(axis) for axis in chosen), keepdims)
    left = [axis for axis in TURNED if axis not in chosen]
    if keepdims or left == sorted(left):
        return name
    return out.node("Transpose", [name], perm=[left.index(axis) for axis in sorted(left)])


def _reduce(out: Writing, kind: str, name: str, axes: list[int], keepdims: bool) -> str:
    return out.node(kind, [name, out.integers(*axes)], keepdims=int(keepdims))


WRITTEN: dict[str, Write] = {
    "_MaxPool2d": _max_pool,
    "_AvgPool2d": _avg_pool,
    "_AdaptiveAvgPool2d": _adaptive_avg_pool,
    "_AdaptiveMaxPool2d": _adaptive_max_pool,
    "_Resize": _resize,
    **{f"_{name}": partial(_reduced, f"Reduce{name}") for name in ("Sum", "Mean", "Max")},
}
