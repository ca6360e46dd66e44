"""A choice between two values, and values kept within bounds."""

import math
from typing import Any

from cnnkit import kernels
from cnnkit.autograd import Context, Function, Tensor
from cnnkit.errors import UsageError
from cnnkit.kernels.shared.array import Array
from cnnkit.ops import check
from cnnkit.ops.arithmetic import Operand, fitting, gathered, operands


def where(condition: Tensor | Array, x: Operand, y: Operand) -> Tensor:
    """x where the condition is not 0, else y, with numpy's broadcasting; the gradient goes to the one that was taken.

    Args:
        condition: numbers or truth values; it has no gradient.
        x, y: floats; one of them may be a number.
    """
    mask = check.tensor(condition, "where")
    left, right = operands("where", x, y)
    fitting("where", mask.shape, left.shape, right.shape)
    result: Tensor = _Where.apply(mask, left, right)
    return result


def clip(x: Tensor | Array, low: float = -math.inf, high: float = math.inf) -> Tensor:
    """x, but no less than low and no more than high; what is out of bounds gets no gradient. NaN stays."""
    if not low <= high:
        raise UsageError(f"clip expects low <= high, but received {low} and {high}. Swap them.")
    result: Tensor = _Clip.apply(check.tensor(x, "clip"), float(low), float(high))
    return result


class _Where(Function):
    @staticmethod
    def forward(ctx: Context, condition: Array, x: Array, y: Array) -> Array:
        ctx.save(condition, x.shape, y.shape)
        z: Array = kernels.of(x, y).where(condition, x, y)
        return z

    @staticmethod
    def backward(ctx: Context, dz: Array) -> tuple[Any, ...]:
        condition, x_shape, y_shape = ctx.saved
        k = kernels.of(dz)
        dx = gathered(k.where(condition, dz, 0.0), x_shape) if ctx.needs[1] else None
        return None, dx, gathered(k.where(condition, 0.0, dz), y_shape) if ctx.needs[2] else None


class _Clip(Function):
    @staticmethod
    def forward(ctx: Context, x: Array, low: float, high: float) -> Array:
        y: Array = kernels.of(x).clip(x, low, high)
        ctx.save(x, y)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        k = kernels.of(dy)
        return k.multiply(dy, k.equal(*ctx.saved)), None, None
