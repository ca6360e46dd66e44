"""Pooling: one number from every window, or from every bin, of an image."""

from typing import Any

from cnnkit import kernels
from cnnkit.autograd import Context, Function, Tensor
from cnnkit.errors import UsageError
from cnnkit.kernels.shared.array import Array
from cnnkit.kernels.shared.geometry import Window
from cnnkit.ops import check
from cnnkit.ops.activation import gate
from cnnkit.ops.shape import reshape
from cnnkit.ops.window import SAME, Padding, Pair, check_window, images_under, pair, window, window_over


def max_pool2d(x: Tensor | Array, kernel_size: Pair, stride: Pair | None = None, padding: Padding = 0) -> Tensor:
    """The greatest pixel of every window, (N, OH, OW, C); stride None is that of the window's own size."""
    x = check.tensor(x, "max_pool2d")
    kernel, win = pool_window(x.shape, kernel_size, stride, padding, "max_pool2d")
    result: Tensor = _MaxPool2d.apply(x, kernel, win)
    return result


def avg_pool2d(
    x: Tensor | Array,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Padding = 0,
    *,
    count_padding: bool | None = None,
) -> Tensor:
    """The mean of every window, (N, OH, OW, C).

    count_padding: whether zeros outside the image take part in it; by default they do, but not with padding "same",
    as in TensorFlow.
    """
    x = check.tensor(x, "avg_pool2d")
    kernel, win = pool_window(x.shape, kernel_size, stride, padding, "avg_pool2d")
    counted = padding != SAME if count_padding is None else count_padding
    result: Tensor = _AvgPool2d.apply(x, kernel, win, counted)
    return result


def adaptive_avg_pool2d(x: Tensor | Array, size: Pair) -> Tensor:
    """The mean of each of size[0]·size[1] bins that cover the image, (N, *size, C)."""
    x = check.tensor(x, "adaptive_avg_pool2d")
    check.pixels(x.shape, "adaptive_avg_pool2d")
    result: Tensor = _AdaptiveAvgPool2d.apply(x, pair("size", size))
    return result


def adaptive_max_pool2d(x: Tensor | Array, size: Pair) -> Tensor:
    """The greatest pixel of each of size[0]·size[1] bins that cover the image, (N, *size, C)."""
    x = check.tensor(x, "adaptive_max_pool2d")
    check.pixels(x.shape, "adaptive_max_pool2d")
    result: Tensor = _AdaptiveMaxPool2d.apply(x, pair("size", size))
    return result


def global_avg_pool2d(x: Tensor | Array) -> Tensor:
    """The mean of every channel, (N, C)."""
    y = adaptive_avg_pool2d(x, 1)
    return reshape(y, (y.shape[0], y.shape[3]))


def global_max_pool2d(x: Tensor | Array) -> Tensor:
    """The greatest pixel of every channel, (N, C)."""
    y = adaptive_max_pool2d(x, 1)
    return reshape(y, (y.shape[0], y.shape[3]))


def pool_window(
    x_shape: tuple[int, ...], kernel_size: Pair, stride: Pair | None, padding: Padding, op: str
) -> tuple[tuple[int, int], Window]:
    """(KH, KW) and how it slides over these images; stride None is that of the window's own size."""
    check_pool(kernel_size, stride, padding)
    check.pixels(x_shape, op)
    kernel = pair("kernel_size", kernel_size)
    win = window_over(x_shape, kernel, kernel if stride is None else stride, padding, op=op)
    images_under(x_shape, kernel, win, op)
    return kernel, win


def check_pool(kernel_size: Pair, stride: Pair | None, padding: Padding) -> None:
    """UsageError for a window that could lie wholly in the padding."""
    kernel = pair("kernel_size", kernel_size)
    check_window(kernel if stride is None else stride, padding)
    if isinstance(padding, str):
        return
    win = window(1, padding)
    if max(win.pad_top, win.pad_bottom) >= kernel[0] or max(win.pad_left, win.pad_right) >= kernel[1]:
        raise UsageError(
            f"A pool of kernel_size {kernel_size} expects less padding than that on each side, but received {padding}: "
            "a window could be entirely outside the image."
        )


class _MaxPool2d(Function):
    gating = (0,)

    @staticmethod
    def forward(ctx: Context, x: Array, kernel: tuple[int, int], win: Window) -> Array:
        y, arg = kernels.of(x).max_pool2d(x, kernel, win, needs_arg=ctx.needs[0])
        ctx.save(arg, x.shape, kernel, win, None if ctx.gates[0] is None else y)
        return y  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        *args, y = ctx.saved
        return kernels.of(dy).max_pool2d_dx(dy, *args, **gate(ctx.gates[0], y=y)), None, None


class _AvgPool2d(Function):
    @staticmethod
    def forward(ctx: Context, x: Array, kernel: tuple[int, int], win: Window, count_padding: bool) -> Array:
        ctx.save(x.shape, kernel, win, count_padding)
        y: Array = kernels.of(x).avg_pool2d(x, kernel, win, count_padding=count_padding)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        x_shape, kernel, win, count_padding = ctx.saved
        dx = kernels.of(dy).avg_pool2d_dx(dy, x_shape, kernel, win, count_padding=count_padding)
        return dx, None, None, None


class _AdaptiveAvgPool2d(Function):
    @staticmethod
    def forward(ctx: Context, x: Array, size: tuple[int, int]) -> Array:
        ctx.save(x.shape)
        y: Array = kernels.of(x).adaptive_avg_pool2d(x, size)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        return kernels.of(dy).adaptive_avg_pool2d_dx(dy, *ctx.saved), None


class _AdaptiveMaxPool2d(Function):
    gating = (0,)

    @staticmethod
    def forward(ctx: Context, x: Array, size: tuple[int, int]) -> Array:
        y, arg = kernels.of(x).adaptive_max_pool2d(x, size, needs_arg=ctx.needs[0])
        ctx.save(arg, x.shape, None if ctx.gates[0] is None else y)
        return y  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        *args, y = ctx.saved
        return kernels.of(dy).adaptive_max_pool2d_dx(dy, *args, **gate(ctx.gates[0], y=y)), None
