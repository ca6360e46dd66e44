"""Our ops in torch: each function takes an op's plain arguments and gives what it does with torch's tensors.

Images are channels-first there, so axes are renumbered; activations work in place, as torch's own networks have it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from cnnkit.bench.rivals.known import tensor
from cnnkit.errors import UsageError
from cnnkit.kernels.shared.geometry import Window
from cnnkit.kernels.shared.scalar import ACTIVATIONS, LEAKY_KIND, Activation

# (operands that are tensors, None where one is absent) -> tensor
Work = Callable[..., Any]
# NHWC -> NCHW
_FIRST = (0, 2, 3, 1)


def translated(name: str, args: Sequence[Any]) -> Work:
    """The work of the op of this name (of its Function) with these arguments."""
    if name not in _OPS:
        raise UsageError(f"No torch counterpart is known for {name}.")
    return _OPS[name](*args)


def _conv2d(x: Any, w: Any, bias: Any, residual: Any, win: Window, groups: int, activation: Activation) -> Work:
    from torch.nn import functional

    even = (win.pad_top, win.pad_left) == (win.pad_bottom, win.pad_right)
    strides, dilations = (win.stride_h, win.stride_w), (win.dilation_h, win.dilation_w)
    padding = (win.pad_top, win.pad_left) if even else (0, 0)

    def work(x: Any, w: Any, bias: Any, residual: Any) -> Any:
        if not even:
            x = functional.pad(x, (win.pad_left, win.pad_right, win.pad_top, win.pad_bottom))
        y = functional.conv2d(x, w, bias, strides, padding, dilations, groups)
        return _activated(y if residual is None else y.add_(residual), activation)

    return work


def _conv_transpose2d(
    x: Any, w: Any, bias: Any, y_shape: tuple[int, ...], win: Window, groups: int, activation: Activation
) -> Work:
    from torch.nn import functional

    strides, dilations = (win.stride_h, win.stride_w), (win.dilation_h, win.dilation_w)
    padding = (win.pad_top, win.pad_left)
    # What torch would make of that padding on both sides, and what is wanted beyond it.
    even = [(x.shape[i + 1] - 1) * strides[i] - 2 * padding[i] + dilations[i] * (w.shape[i] - 1) + 1 for i in (0, 1)]
    more = [wanted - size for wanted, size in zip(y_shape[1:3], even, strict=True)]
    if any(not 0 <= extra < stride for extra, stride in zip(more, strides, strict=True)):
        raise UsageError(f"torch's transposed convolution cannot cut off more on one side, as {win} does.")
    return lambda x, w, bias: _activated(
        functional.conv_transpose2d(x, w, bias, strides, padding, more, groups, dilations), activation
    )


def _resize(x: Any, size: tuple[int, int], nearest: bool, align_corners: bool) -> Work:
    from torch.nn import functional

    how: dict[str, Any] = {"mode": "nearest"} if nearest else {"mode": "bilinear", "align_corners": align_corners}
    return lambda x: functional.interpolate(x, size, **how)


def _linear(x: Any, w: Any, bias: Any, activation: Activation) -> Work:
    from torch.nn import functional

    return lambda x, w, bias: _activated(functional.linear(x, w, bias), activation)


def _batch_norm(
    x: Any, weight: Any, bias: Any, residual: Any, running: Any, momentum: float, eps: float, activation: Activation
) -> Work:
    from torch.nn import functional

    # The model's own, moved by both.
    mean, var = map(tensor, running or (np.zeros(weight.size, np.float32), np.ones(weight.size, np.float32)))

    def work(x: Any, weight: Any, bias: Any, residual: Any) -> Any:
        y = functional.batch_norm(x, mean, var, weight, bias, True, momentum, eps)
        return _activated(y if residual is None else y.add_(residual), activation)

    return work


def _batch_norm_frozen(
    x: Any, weight: Any, bias: Any, residual: Any, mean: Any, var: Any, eps: float, activation: Activation
) -> Work:
    from torch.nn import functional

    mean, var = tensor(mean), tensor(var)

    def work(x: Any, weight: Any, bias: Any, residual: Any) -> Any:
        y = functional.batch_norm(x, mean, var, weight, bias, False, 0.0, eps)
        return _activated(y if residual is None else y.add_(residual), activation)

    return work


def _max_pool2d(x: Any, kernel: tuple[int, int], win: Window) -> Work:
    from torch.nn import functional

    strides, padding = (win.stride_h, win.stride_w), (win.pad_top, win.pad_left)
    # Padding behind alone is torch's rounding up of the size.
    up = (win.pad_bottom, win.pad_right) != padding
    return lambda x: functional.max_pool2d(x, kernel, strides, padding, 1, up)


def _avg_pool2d(x: Any, kernel: tuple[int, int], win: Window, count_padding: bool) -> Work:
    from torch.nn import functional

    strides, padding = (win.stride_h, win.stride_w), (win.pad_top, win.pad_left)
    return lambda x: functional.avg_pool2d(x, kernel, strides, padding, count_include_pad=count_padding)


def _adaptive_avg_pool2d(x: Any, size: tuple[int, int]) -> Work:
    from torch.nn import functional

    return lambda x: functional.adaptive_avg_pool2d(x, size)


def _reshape(x: Any, shape: tuple[int, ...]) -> Work:
    pixels = x.ndim == 4 and x.shape[1] * x.shape[2] > 1
    return lambda x: (x.permute(0, 2, 3, 1) if pixels else x).reshape(shape)


def _dropout(x: Any, rate: float, key: object) -> Work:
    from torch.nn import functional

    return lambda x: functional.dropout(x, rate)


def _concat(axis: int, *xs: Any) -> Work:
    import torch

    axis = _axis(axis, xs[0].ndim)
    return lambda *xs: torch.cat(xs, axis)


def _pad(x: Any, widths: list[tuple[int, int]], value: float) -> Work:
    from torch.nn import functional

    order = [widths[_FIRST.index(axis)] for axis in range(4)] if x.ndim == 4 else widths
    flat = [size for pair in reversed(order) for size in pair]
    return lambda x: functional.pad(x, flat, value=value)


def _slice(x: Any, starts: list[int], stops: list[int], steps: list[int]) -> Work:
    cuts = [slice(*cut) for cut in zip(starts, stops, steps, strict=True)]
    order = tuple(cuts[_FIRST.index(axis)] for axis in range(4)) if x.ndim == 4 else tuple(cuts)
    return lambda x: x[order]


def _channel_shuffle(x: Any, groups: int) -> Work:
    def work(x: Any) -> Any:
        N, C, H, W = x.shape
        return x.view(N, groups, C // groups, H, W).transpose(1, 2).reshape(N, C, H, W)

    return work


def _scale_channels(x: Any, s: Any) -> Work:
    return lambda x, s: x * s[:, :, None, None]


def _activate(x: Any, activation: Activation) -> Work:
    return lambda x: _activated(x.clone(), activation)


def _activate_at(x: Any, activation: Activation) -> Work:
    """As it is called in training alone, where nothing is done in place; but for a leaky relu of negative slope."""
    from torch.nn import functional

    if activation.kind == LEAKY_KIND:
        return lambda x: functional.leaky_relu(x, activation.slope)
    return lambda x: _activated(x, activation) if x.requires_grad else _activated(x.clone(), activation)


def _arithmetic(how: Callable[[Any, Any], Any], x: Any, y: Any) -> Work:
    """A row of numbers, one a channel, stands beside an image as channels do there."""
    images = 4 in (x.ndim, y.ndim)

    def laid(a: Any) -> Any:
        return a[:, None, None] if images and a.ndim == 1 else a

    return lambda x, y: how(laid(x), laid(y))


def _sum(x: Any, axes: tuple[int, ...], keepdims: bool) -> Work:
    order = [_axis(axis, x.ndim) for axis in axes]
    return lambda x: x.sum(order, keepdims)


def _sqrt(x: Any) -> Work:
    return lambda x: x.sqrt()


def joined(calls: Sequence[tuple[type, tuple[Any, ...], Any]]) -> list[tuple[str, tuple[Any, ...], Any]]:
    """(name, arguments, result) of calls in their order; a recurrence takes the convolution along that makes its input.

    torch's GRU has both in one, so it is not asked to multiply with what goes in twice.
    """
    makers = {id(result): args for function, args, result in calls if function.__name__ == "_Conv2d"}
    inputs = {id(args[0]) for function, args, _ in calls if function.__name__ == "_Gru"}
    return [
        (function.__name__, (*makers[id(args[0])][:3], *args[1:]) if function.__name__ == "_Gru" else args, result)
        for function, args, result in calls
        if id(result) not in inputs
    ]


def _gru(x: Any, w: Any, bias: Any, u: Any, b: Any, axis: int) -> Work:
    """Both ways along an axis, of pixels that are a step each."""
    import torch

    if w.shape[:2] != (1, 1):
        raise UsageError(f"Sweeps over patches of {w.shape[0]}x{w.shape[1]} pixels have no torch counterpart here.")
    order = (0, 3, 2, 1) if axis == 1 else (0, 2, 3, 1)  # image, sequence, step, channel
    back = (0, 3, 2, 1) if axis == 1 else (0, 3, 1, 2)
    (D, U, wide) = u.shape

    def work(x: Any, w: Any, bias: Any, u: Any, b: Any) -> Any:
        rows = x.permute(order)
        N, S, T, C = rows.shape
        parts = [slice(d * wide, (d + 1) * wide) for d in range(D)]
        operands = [t for d, part in enumerate(parts) for t in (w[part, :, 0, 0], u[d].T, bias[part], b[part])]
        start = x.new_zeros(D, N * S, U)
        y, _ = torch._VF.gru(rows.reshape(N * S, T, C), start, operands, True, 1, 0.0, False, D == 2, True)
        return y.reshape(N, S, T, D * U).permute(back)

    return work


def _axis(axis: int, ndim: int) -> int:
    return _FIRST[axis] if ndim == 4 else axis


def _activated(y: Any, activation: Activation) -> Any:
    """Of numbers that nobody else needs. A swish goes back from its input, which in place would be copied first."""
    import torch
    from torch.nn import functional

    in_place = not torch.is_grad_enabled()
    if activation.kind == LEAKY_KIND:
        return functional.leaky_relu_(y, activation.slope)
    name = next(name for name, known in ACTIVATIONS.items() if known.kind == activation.kind)
    known: dict[str, Callable[[Any], Any]] = {
        "identity": lambda y: y,
        "relu": functional.relu_,
        "relu6": lambda y: functional.relu6(y, inplace=True),
        "sigmoid": lambda y: y.sigmoid_(),
        "tanh": lambda y: y.tanh_(),
        "hard_sigmoid": lambda y: functional.hardsigmoid(y, inplace=True),
        "hard_swish": lambda y: functional.hardswish(y, inplace=in_place),
        "swish": lambda y: functional.silu(y, inplace=in_place),
    }
    return known[name](y)


_OPS: dict[str, Callable[..., Work]] = {
    "_Conv2d": _conv2d,
    "_ConvTranspose2d": _conv_transpose2d,
    "_Resize": _resize,
    "Linear": _linear,
    "_BatchNorm": _batch_norm,
    "_BatchNormFrozen": _batch_norm_frozen,
    "_MaxPool2d": _max_pool2d,
    "_AvgPool2d": _avg_pool2d,
    "_AdaptiveAvgPool2d": _adaptive_avg_pool2d,
    "_Reshape": _reshape,
    "_Dropout": _dropout,
    "_Concat": _concat,
    "_Pad": _pad,
    "_Slice": _slice,
    "_ChannelShuffle": _channel_shuffle,
    "_ScaleChannels": _scale_channels,
    "_Activate": _activate,
    "_ActivateAt": _activate_at,
    "_Add": partial(_arithmetic, operator.add),
    "_Multiply": partial(_arithmetic, operator.mul),
    "_Divide": partial(_arithmetic, operator.truediv),
    "_Sum": _sum,
    "_Sqrt": _sqrt,
    "_Gru": _gru,
}
