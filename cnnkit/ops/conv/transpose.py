"""Transposed convolution: each pixel hands out a window, so that maps grow; with bias and activation in its epilogue.

What its kernels are, and why they are those of a convolution with the roles changed: `kernels/reference/conv.py`.
"""

from typing import Any

from cnnkit import kernels
from cnnkit.autograd import Context, Function, Tensor
from cnnkit.errors import ShapeError, UsageError
from cnnkit.kernels.shared.array import Array
from cnnkit.kernels.shared.geometry import Window
from cnnkit.kernels.shared.scalar import IDENTITY, Activation
from cnnkit.ops import check
from cnnkit.ops.activation import activate, dz_of, fused
from cnnkit.ops.window import Padding, Pair, check_window, pair, window, window_over


def conv_transpose2d(
    x: Tensor | Array,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: Pair = 1,
    padding: Padding = 0,
    output_padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
    activation: str | Activation = "identity",
) -> Tensor:
    """activation(x *ᵀ weight + bias), where *ᵀ adds a filter, times the pixel, around every stride-th pixel.

    Args:
        x: (N, H, W, C).
        weight: (KH, KW, O / groups, C): the filters of the convolution from O channels to C that this one turns round.
        bias: (O,).
        stride: how far apart the windows of neighbouring pixels begin.
        padding: how much of the result is cut off at each side; "same" leaves `stride` pixels for each of x.
        output_padding: rows and columns added below and to the right, fewer than the stride: several sizes lead to H
            under a strided convolution, and this one says which.
        dilation: how far apart the taps of a filter lie.
        groups: independent channel groups; `groups=C` with as many channels out is one filter a channel.
        activation: a name of `kernels.ACTIVATIONS`, or one of its values.

    Returns:
        (N, OH, OW, O), OH = (H - 1)·stride - padding above and below + dilation·(KH - 1) + output_padding + 1.

    Source: Dumoulin & Visin 2016, arXiv:1603.07285, chapter 4.
    """
    x = check.tensor(x, "conv_transpose2d")
    y_shape, win = conv_transpose2d_shape(x.shape, weight.shape, stride, padding, output_padding, dilation, groups)
    if bias is not None and bias.shape != y_shape[3:]:
        raise ShapeError(
            f"conv_transpose2d expects a bias of shape {y_shape[3:]}, one number per channel that weight "
            f"{weight.shape} makes in {groups} groups, but received {bias.shape}. Was it made for other filters?"
        )
    now, later = fused(check.activation_of(activation, "conv_transpose2d"))
    result: Tensor = _ConvTranspose2d.apply(x, weight, bias, y_shape, win, groups, now)
    return result if later is None else activate(result, later)


def conv_transpose2d_shape(
    x_shape: tuple[int, ...],
    w_shape: tuple[int, ...],
    stride: Pair = 1,
    padding: Padding = 0,
    output_padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> tuple[tuple[int, int, int, int], Window]:
    """The result's shape (N, OH, OW, O), and how the convolution slides that would lead back from it to x."""
    check.images(x_shape, "conv_transpose2d")
    if len(w_shape) != 4 or w_shape[0] < 1 or w_shape[1] < 1:
        raise ShapeError(
            "conv_transpose2d expects filters (KH, KW, O / groups, C) of at least 1x1 pixels, "
            f"but weight has shape {w_shape}."
        )
    KH, KW, OG, C = w_shape
    if groups < 1 or C % groups:
        raise ShapeError(
            f"conv_transpose2d expects in_channels (={C}) to be a multiple of groups (={groups}), with groups at least "
            "1. Change one of the two."
        )
    if x_shape[3] != C:
        hint = " Is the image still channels-first?" if x_shape[1] == C else " Do its filters lie as (KH, KW, O, C)?"
        raise ShapeError(
            f"conv_transpose2d expects {C} input channels (weight {w_shape}), but x has {x_shape[3]}: {x_shape}.{hint}"
        )
    check_transposed(stride, padding, output_padding, dilation)
    strides = pair("stride", stride)
    if isinstance(padding, str):
        sizes = x_shape[1] * strides[0], x_shape[2] * strides[1]
        win = window_over((x_shape[0], *sizes, OG * groups), (KH, KW), stride, padding, dilation)
        return (x_shape[0], *sizes, OG * groups), win
    win, more = window(stride, padding, dilation), pair("output_padding", output_padding, 0)
    OH = (x_shape[1] - 1) * win.stride_h - win.pad_top - win.pad_bottom + win.dilation_h * (KH - 1) + more[0] + 1
    OW = (x_shape[2] - 1) * win.stride_w - win.pad_left - win.pad_right + win.dilation_w * (KW - 1) + more[1] + 1
    if OH < 1 or OW < 1:
        raise ShapeError(
            f"conv_transpose2d cuts off more than it makes: {OH}x{OW} pixels would be left of x {x_shape} under "
            f"filters {w_shape}. Give it larger images or less padding."
        )
    return (x_shape[0], OH, OW, OG * groups), win


def check_transposed(stride: Pair, padding: Padding, output_padding: Pair, dilation: Pair = 1) -> None:
    """UsageError if no image could be made by such a window."""
    check_window(stride, padding, dilation)
    more, strides = pair("output_padding", output_padding, 0), pair("stride", stride)
    if isinstance(padding, str) and more != (0, 0):
        raise UsageError(
            f"padding is {padding!r}, which leaves stride pixels for each, but output_padding is {output_padding!r}. "
            "Leave out one of the two."
        )
    if more[0] >= strides[0] or more[1] >= strides[1]:
        raise UsageError(
            f"output_padding is {output_padding!r}, expected fewer rows and columns than the stride, {stride!r}. "
            "Give less padding below and to the right instead: padding=((top, bottom), (left, right))."
        )


class _ConvTranspose2d(Function):
    adding = 0

    @staticmethod
    def forward(
        ctx: Context,
        x: Array,
        w: Array,
        bias: Array | None,
        y_shape: tuple[int, ...],
        win: Window,
        groups: int,
        activation: Activation,
    ) -> Array:
        y: Array = kernels.of(x, w).conv_transpose2d(x, w, y_shape, win, groups, bias=bias, activation=activation)
        ctx.activation = None if activation == IDENTITY else activation
        ctx.save(x, w, win, groups)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array | None, dz: Array | None = None) -> tuple[Any, ...]:
        x, w, win, groups = ctx.saved
        needs_x, needs_w, needs_bias = ctx.needs[:3]
        dz = dz_of(ctx, dy, dz)
        k = kernels.of(dz, x, w, ctx.others)
        dx = k.conv2d(dz, w, win, groups, residual=ctx.others) if needs_x else None
        dw = k.conv2d_dw(x, dz, w.shape, win, groups)[0] if needs_w else None
        db = k.sum_over(dz, (0, 1, 2)) if needs_bias else None
        return dx, dw, db, None, None, None, None
