"""Convolutions, dense layers, norms and what goes number by number, as ONNX operations."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from cnnkit.errors import UsageError
from cnnkit.graph.onnx.writing import Writing, host
from cnnkit.graph.trace import Call, Value
from cnnkit.kernels.shared.geometry import Window
from cnnkit.kernels.shared.scalar import IDENTITY

Write = Callable[[Writing, Call], str]


def window(win: Window) -> dict[str, Any]:
    """Strides, borders and dilation as attributes."""
    return {
        "strides": [win.stride_h, win.stride_w],
        "pads": [win.pad_top, win.pad_left, win.pad_bottom, win.pad_right],
        "dilations": [win.dilation_h, win.dilation_w],
    }


def _filters(out: Writing, w: Any) -> str:
    """(KH, KW, C / groups, O) as (O, C / groups, KH, KW)."""
    return out.kept(w, host(w).transpose(3, 2, 0, 1), "filters")


def _row(out: Writing, row: Any, what: str) -> list[str]:
    return [] if row is None else [out.kept(row, host(row), what)]


def _conv(out: Writing, call: Call) -> str:
    x, w, bias, residual, win, groups, activation = call.args
    inputs = [out.of(x), _filters(out, w), *_row(out, bias, "bias")]
    y = out.node("Conv", inputs, kernel_shape=list(w.shape[:2]), group=groups, **window(win))
    return out.ended(_plus(out, y, residual), activation)


def _conv_transpose(out: Writing, call: Call) -> str:
    x, w, bias, y_shape, win, groups, activation = call.args
    places = window(win)
    strides, before, dilations = places["strides"], places["pads"][:2], places["dilations"]
    # What there would be without borders; what is cut off behind, or, where nothing is, added.
    whole = [strides[i] * (x.shape[i + 1] - 1) + dilations[i] * (w.shape[i] - 1) + 1 for i in (0, 1)]
    behind = [whole[i] - before[i] - y_shape[i + 1] for i in (0, 1)]
    places["pads"] = [*before, *(max(cut, 0) for cut in behind)]
    inputs = [out.of(x), _filters(out, w), *_row(out, bias, "bias")]
    more = [max(-cut, 0) for cut in behind]
    kernel = list(w.shape[:2])
    y = out.node("ConvTranspose", inputs, kernel_shape=kernel, group=groups, output_padding=more, **places)
    return out.ended(y, activation)


def _linear(out: Writing, call: Call) -> str:
    """Behind a map that was flattened, rows of the weights follow the order of its numbers there."""
    x, w, bias, activation = call.args
    weights, what = host(w), "weights"
    flat = out.flat.get(x)
    if flat is not None:
        H, W, C = flat
        weights, what = weights.reshape(H, W, C, -1).transpose(2, 0, 1, 3).reshape(weights.shape), f"weights{flat}"
        name = out.names[x]
    else:
        name = _last_axis_behind(out, x)
    weight = out.kept(w, weights, what)
    if x.ndim == 2:
        y = out.node("Gemm", [name, weight, *_row(out, bias, "bias")])
    else:
        y = out.node("MatMul", [name, weight])
        y = out.node("Add", [y, *_row(out, bias, "bias")]) if bias is not None else y
    if call.y.ndim == 4:
        y = out.node("Transpose", [y], perm=(0, 3, 1, 2))
    return out.ended(y, activation)


def _last_axis_behind(out: Writing, x: Value) -> str:
    name = out.of(x)
    return out.node("Transpose", [name], perm=(0, 2, 3, 1)) if x.ndim == 4 else name


def _batch_norm(out: Writing, call: Call) -> str:
    x, weight, bias, residual, mean, var, eps, activation = call.args
    if x.ndim not in (2, 4):
        raise UsageError(f"A batch norm over values of shape {x.shape} cannot be written as ONNX.")
    rows = [name for row, what in zip((weight, bias, mean, var), _ROWS, strict=True) for name in _row(out, row, what)]
    y = out.node("BatchNormalization", [out.of(x), *rows], epsilon=float(eps))
    return out.ended(_plus(out, y, residual), activation)


_ROWS = ("scale", "shift", "mean", "variance")


def _plus(out: Writing, y: str, residual: Any) -> str:
    return y if residual is None else out.node("Add", [y, out.of(residual)])


def _local_response_norm(out: Writing, call: Call) -> str:
    x, size, alpha, beta, k = call.args
    return out.node("LRN", [out.of(x)], size=size, alpha=float(alpha), beta=float(beta), bias=float(k))


def _scale_channels(out: Writing, call: Call) -> str:
    x, s = call.args
    return out.node("Mul", [out.of(x), out.node("Unsqueeze", [out.of(s), out.integers(2, 3)])])


def _activate(out: Writing, call: Call) -> str:
    """One of flat numbers may stay in the order that they have."""
    x, activation = call.args
    if x in out.flat and activation != IDENTITY:
        out.flat[call.y] = out.flat[x]
        return out.ended(out.names[x], activation)
    return out.ended(out.of(x), activation)


def _by_number(kind: str, out: Writing, call: Call) -> str:
    axes = max(getattr(arg, "ndim", 0) for arg in call.args)
    return out.node(kind, [out.of(arg, beside=axes) for arg in call.args])


def _softmax(kind: str, out: Writing, call: Call) -> str:
    """Over channels."""
    (x,) = call.args
    return out.node(kind, [out.of(x)], axis=1 if x.ndim == 4 else -1)


def _clip(out: Writing, call: Call) -> str:
    x, low, high = call.args
    return out.node("Clip", [out.of(x), *out.bounds(*(float(np.float32(bound)) for bound in (low, high)))])


WRITTEN: dict[str, Write] = {
    "_Conv2d": _conv,
    "_ConvTranspose2d": _conv_transpose,
    "Linear": _linear,
    "_BatchNormFrozen": _batch_norm,
    "_LocalResponseNorm": _local_response_norm,
    "_ScaleChannels": _scale_channels,
    "_Activate": _activate,
    "_ActivateAt": _activate,
    "_Clip": _clip,
    **{f"_{kind}": partial(_softmax, kind) for kind in ("Softmax", "LogSoftmax")},
    **{
        f"_{ours}": partial(_by_number, kind)
        for ours, kind in {
            "Add": "Add",
            "Subtract": "Sub",
            "Multiply": "Mul",
            "Divide": "Div",
            "Maximum": "Max",
            "Minimum": "Min",
            "Negate": "Neg",
            "Exp": "Exp",
            "Log": "Log",
            "Sqrt": "Sqrt",
        }.items()
    },
}
