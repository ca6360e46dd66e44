"""Convolution, with bias, residual and activation in its epilogue."""

from typing import Any

from cnnkit import kernels
from cnnkit.autograd import Context, Function, Tensor
from cnnkit.errors import ShapeError
from cnnkit.kernels.shared.array import Array
from cnnkit.kernels.shared.geometry import Window
from cnnkit.kernels.shared.scalar import IDENTITY, Activation
from cnnkit.ops import check
from cnnkit.ops.activation import activate, dz_of, fused, gate
from cnnkit.ops.window import Padding, Pair, images_under, window_over


def conv2d(
    x: Tensor | Array,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    groups: int = 1,
    activation: str | Activation = "identity",
    residual: Tensor | None = None,
) -> Tensor:
    """activation(x * weight + bias + residual), where * slides every filter over every image.

    Args:
        x: (N, H, W, C).
        weight: (KH, KW, C / groups, O).
        bias: (O,).
        stride, padding, dilation: see `window`; padding "same" pads as TensorFlow does, see `window_over`.
        groups: independent channel groups; `groups=C` is a depthwise convolution.
        activation: a name of `kernels.ACTIVATIONS`, or one of its values.
        residual: of the shape of the result.

    Returns:
        (N, OH, OW, O).
    """
    x = check.tensor(x, "conv2d")
    _check_filters(weight.shape)
    win = window_over(x.shape, weight.shape, stride, padding, dilation, "conv2d")
    y_shape = conv2d_shape(x.shape, weight.shape, win, groups)
    if bias is not None and bias.shape != y_shape[3:]:
        raise ShapeError(
            f"conv2d expects a bias of shape {y_shape[3:]}, one number per filter of weight {weight.shape}, "
            f"but received {bias.shape}. Was it made for other filters?"
        )
    if residual is not None and residual.shape != y_shape:
        raise ShapeError(
            f"conv2d expects a residual of the shape of its result, {y_shape}, but received {residual.shape}. "
            "Bring the shortcut to that shape first, with a 1x1 convolution."
        )
    now, later = fused(check.activation_of(activation, "conv2d"))
    result: Tensor = _Conv2d.apply(x, weight, bias, residual, win, groups, now)
    return result if later is None else activate(result, later)


def conv2d_shape(
    x_shape: tuple[int, ...], w_shape: tuple[int, ...], win: Window, groups: int = 1
) -> tuple[int, int, int, int]:
    """(N, OH, OW, O) of the result; operands that do not fit together are refused."""
    check.images(x_shape, "conv2d")
    _check_filters(w_shape)
    KH, KW, CG, O = w_shape
    if groups < 1 or O % groups:
        raise ShapeError(
            f"conv2d expects out_channels (={O}) to be a multiple of groups (={groups}), with groups at least 1. "
            "Change one of the two."
        )
    if x_shape[3] != CG * groups:
        hint = " Is the image still channels-first?" if x_shape[1] == CG * groups else " Is it an image for this model?"
        raise ShapeError(
            f"conv2d expects {CG * groups} input channels (weight {w_shape}, groups={groups}), "
            f"but x has {x_shape[3]}: {x_shape}.{hint}"
        )
    OH, OW = images_under(x_shape, (KH, KW), win, "conv2d")
    return x_shape[0], OH, OW, O


def _check_filters(w_shape: tuple[int, ...]) -> None:
    if len(w_shape) != 4:
        raise ShapeError(f"conv2d expects filters (KH, KW, C / groups, O), but weight has shape {w_shape}.")
    if w_shape[0] < 1 or w_shape[1] < 1:
        raise ShapeError(f"conv2d expects filters of at least 1x1 pixels, but weight has shape {w_shape}.")


class _Conv2d(Function):
    gating = (0,)
    adding = 0

    @staticmethod
    def forward(
        ctx: Context,
        x: Array,
        w: Array,
        bias: Array | None,
        residual: Array | None,
        win: Window,
        groups: int,
        activation: Activation,
    ) -> Array:
        y: Array = kernels.of(x, w).conv2d(x, w, win, groups, bias=bias, activation=activation, residual=residual)
        ctx.activation = None if activation == IDENTITY else activation
        ctx.save(x, w, win, groups)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array | None, dz: Array | None = None) -> tuple[Any, ...]:
        x, w, win, groups = ctx.saved
        needs_x, needs_w, needs_bias, needs_residual = ctx.needs[:4]
        dz = dz_of(ctx, dy, dz)
        k = kernels.of(dz, x, w, ctx.others)
        dx = dw = db = None
        if needs_x and needs_w:
            slope = gate(ctx.gates[0])
            dx, dw, db = k.conv2d_dx_dw(dz, w, x, win, groups, others=ctx.others, needs_db=needs_bias, **slope)
        elif needs_x:
            dx = k.conv2d_dx(dz, w, x.shape, win, groups, others=ctx.others, **gate(ctx.gates[0], x=x))
        elif needs_w:
            dw, db = k.conv2d_dw(dz, x, w.shape, win, groups, needs_db=needs_bias)
        if needs_bias and not needs_w:
            db = k.sum_over(dz, (0, 1, 2))
        return (
            dx,
            dw,
            db,
            dz if needs_residual else None,
            None,
            None,
            None,
        )
