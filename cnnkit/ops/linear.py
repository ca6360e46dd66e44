"""The dense layer: every output rests on every input."""

from typing import Any

from cnnkit import kernels
from cnnkit.autograd import Context, Function, Tensor
from cnnkit.errors import ShapeError
from cnnkit.kernels.shared.array import Array
from cnnkit.kernels.shared.scalar import IDENTITY, Activation
from cnnkit.ops import check
from cnnkit.ops.activation import activate, dz_of, fused, gate


def linear(
    x: Tensor | Array, weight: Tensor, bias: Tensor | None = None, *, activation: str | Activation = "identity"
) -> Tensor:
    """activation(x · weight + bias).

    Args:
        x: (N, in_features).
        weight: (in_features, out_features).
        bias: (out_features,).
        activation: a name of `kernels.ACTIVATIONS`, or one of its values.

    Returns:
        (N, out_features).
    """
    x = check.tensor(x, "linear")
    y_shape = linear_shape(x.shape, weight.shape)
    if bias is not None and bias.shape != y_shape[1:]:
        raise ShapeError(
            f"linear expects a bias of shape {y_shape[1:]}, one number per column of weight {weight.shape}, "
            f"but received {bias.shape}. Was it made for another layer?"
        )
    now, later = fused(check.activation_of(activation, "linear"))
    result: Tensor = Linear.apply(x, weight, bias, now)
    return result if later is None else activate(result, later)


def linear_shape(x_shape: tuple[int, ...], w_shape: tuple[int, ...]) -> tuple[int, int]:
    """(N, out_features) of the result; operands that do not fit together are refused."""
    if len(w_shape) != 2:
        raise ShapeError(f"linear expects a weight (in_features, out_features), but received {w_shape}.")
    if len(x_shape) != 2:
        raise ShapeError(f"linear expects rows (N, in_features), but x has shape {x_shape}. Flatten it first.")
    if x_shape[1] != w_shape[0]:
        raise ShapeError(
            f"linear expects {w_shape[0]} features (weight {w_shape}), but x has {x_shape[1]}: {x_shape}. "
            "Was the model made for another image size?"
        )
    return x_shape[0], w_shape[1]


class Linear(Function):
    """x · w with its epilogue; `@` is the same without one."""

    gating = (0,)

    @staticmethod
    def forward(ctx: Context, x: Array, w: Array, bias: Array | None, activation: Activation) -> Array:
        y: Array = kernels.of(x, w).dense(x, w, bias=bias, activation=activation)
        ctx.activation = None if activation == IDENTITY else activation
        ctx.save(x, w)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array | None, dz: Array | None = None) -> tuple[Any, ...]:
        x, w = ctx.saved
        needs_x, needs_w, needs_bias, _ = ctx.needs
        dz = dz_of(ctx, dy, dz)
        k = kernels.of(dz, x, w)
        dw, db = k.dense_dw(dz, x, needs_db=needs_bias) if needs_w else (None, None)
        if needs_bias and not needs_w:
            db = k.sum_over(dz, (0,))
        return (
            k.dense_dx(dz, w, **gate(ctx.gates[0], x=x)) if needs_x else None,
            dw,
            db,
            None,
        )
