"""The gated recurrent unit over an axis of images."""

from typing import Any

from cnnkit import kernels
from cnnkit.autograd import Context, Function, Tensor
from cnnkit.errors import ShapeError, UsageError
from cnnkit.kernels.shared.array import Array
from cnnkit.ops import check

GATES = 3


def gru(p: Tensor | Array, weight: Tensor, bias: Tensor, *, axis: int) -> Tensor:
    """States of one or two sweeps along an axis: from each pixel's input p and the state of the pixel before, h.

        r = σ(p_r + h·w_r + b_r)              reset: how much of h the candidate sees
        z = σ(p_z + h·w_z + b_z)              update: how much of h stays
        n = tanh(p_n + r ⊙ (h·w_n + b_n))     the candidate
        y = (1 - z) ⊙ n + z ⊙ h               the state, 0 before the first pixel

    These are the formulas and the order of gates of torch.nn.GRU; the paper has r ⊙ h in the place of h in q = h·w_n.
    The pixels' own part p = x·weight_ih + bias_ih has no recurrence: one convolution makes it for all steps, as nn.GRU
    does.

    Args:
        p: (N, H, W, D·3·U), for each of D directions r, z and n.
        weight: (D, U, 3·U), the recurrent weights of r, z and n. Direction 0 goes with the axis, 1 against it.
        bias: (D·3·U,), b of each direction.
        axis: 1, sweeps from row to row along each column; or 2, from column to column along each row.

    Returns:
        (N, H, W, D·U), the states of each direction one after the other.

    Source: Cho et al. 2014, arXiv:1406.1078, section 2.3.
    """
    p = check.tensor(p, "gru")
    gru_shape(p.shape, weight.shape, axis)
    D, U, _ = weight.shape
    if bias.shape != (D * GATES * U,):
        raise ShapeError(
            f"gru expects a bias of shape ({D * GATES * U},), three gates of {U} units for each direction of weight "
            f"{weight.shape}, but received {bias.shape}."
        )
    result: Tensor = _Gru.apply(p, weight, bias, axis)
    return result


def gru_shape(p_shape: tuple[int, ...], w_shape: tuple[int, ...], axis: int) -> tuple[int, int, int, int]:
    """(N, H, W, D·U) of the result; operands that do not fit together are refused."""
    check.images(p_shape, "gru")
    if axis not in (1, 2):
        raise UsageError(f"gru expects axis 1 (from row to row) or 2 (from column to column), but received {axis}.")
    if len(w_shape) != 3 or w_shape[0] not in (1, 2) or w_shape[1] < 1 or w_shape[2] != GATES * w_shape[1]:
        raise ShapeError(
            f"gru expects a weight (directions, units, 3·units) of 1 or 2 directions, but received {w_shape}."
        )
    D, U, wide = w_shape
    N, H, W, C = p_shape
    if D * wide != C:
        raise ShapeError(
            f"gru expects {D * wide} channels, three gates of {U} units for {D} directions (weight {w_shape}), but p "
            f"has {C}: {p_shape}. Does a convolution make them?"
        )
    return N, H, W, D * U


class _Gru(Function):
    @staticmethod
    def forward(ctx: Context, p: Array, w: Array, b: Array, axis: int) -> Array:
        keep = True in ctx.needs
        y, gates = kernels.of(p, w, b).gru(p, w, b, axis, keep=keep)
        ctx.save(y, gates, w, axis)
        return y  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        y, gates, w, axis = ctx.saved
        k = kernels.of(dy, y, w)
        dp, dq = k.gru_dx(dy, y, gates, w, axis)
        dw = _by_weights(dq, y, w, axis) if ctx.needs[1] else None
        return dp, dw, k.sum_over(dq, (0, 1, 2)) if ctx.needs[2] else None, None


def _by_weights(dq: Array, y: Array, w: Array, axis: int) -> Array:
    """dw[d] = Σ hᵀ·dq over all pixels but the first of each sweep, where h is the state of the pixel before."""
    k, (D, U, wide) = kernels.of(dq, y), w.shape
    parts = []
    for d in range(D):
        states = _without(y, axis, first=d == 1, channels=(d * U, (d + 1) * U))
        steps = _without(dq, axis, first=d == 0, channels=(d * wide, (d + 1) * wide))
        parts.append(k.dense_dw(steps.reshape((-1, wide)), states.reshape((-1, U)))[0])
    if D == 1:
        return parts[0].reshape(w.shape)  # type: ignore[no-any-return]
    return k.concat(parts, 0).reshape(w.shape)  # type: ignore[no-any-return]


def _without(x: Array, axis: int, *, first: bool, channels: tuple[int, int]) -> Array:
    """Some channels of all pixels but the first, or the last, along an axis."""
    start, stop = [0, 0, 0, channels[0]], [*x.shape[:3], channels[1]]
    if first:
        start[axis] = min(1, x.shape[axis])
    else:
        stop[axis] = max(x.shape[axis] - 1, 0)
    piece: Array = kernels.of(x).slice(x, tuple(start), tuple(stop), (1, 1, 1, 1))
    return piece
