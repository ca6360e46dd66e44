"""Element-by-element arithmetic with numpy's broadcasting, and the operators of Tensor."""

from collections.abc import Callable
from typing import Any

import numpy as np

from cnnkit import kernels
from cnnkit.autograd import Context, Function, Tensor
from cnnkit.errors import ShapeError
from cnnkit.kernels.shared.array import Array
from cnnkit.kernels.shared.scalar import IDENTITY
from cnnkit.ops import check
from cnnkit.ops.linear import Linear, linear_shape

Operand = Tensor | Array | float


def add(x: Operand, y: Operand) -> Tensor:
    """x + y."""
    return _apply(_Add, x, y, "add")


def subtract(x: Operand, y: Operand) -> Tensor:
    """x - y."""
    return _apply(_Subtract, x, y, "subtract")


def multiply(x: Operand, y: Operand) -> Tensor:
    """x · y, element by element."""
    return _apply(_Multiply, x, y, "multiply")


def divide(x: Operand, y: Operand) -> Tensor:
    """x / y."""
    return _apply(_Divide, x, y, "divide")


def maximum(x: Operand, y: Operand) -> Tensor:
    """The greater of the two; where they are equal both get half the gradient."""
    return _apply(_Maximum, x, y, "maximum")


def minimum(x: Operand, y: Operand) -> Tensor:
    """The smaller of the two; where they are equal both get half the gradient."""
    return _apply(_Minimum, x, y, "minimum")


def negate(x: Tensor | Array) -> Tensor:
    """-x."""
    result: Tensor = _Negate.apply(check.tensor(x, "negate"))
    return result


def exp(x: Tensor | Array) -> Tensor:
    """e^x."""
    result: Tensor = _Exp.apply(check.tensor(x, "exp"))
    return result


def log(x: Tensor | Array) -> Tensor:
    """The natural logarithm."""
    result: Tensor = _Log.apply(check.tensor(x, "log"))
    return result


def sqrt(x: Tensor | Array) -> Tensor:
    """The square root."""
    result: Tensor = _Sqrt.apply(check.tensor(x, "sqrt"))
    return result


def matmul(x: Tensor | Array, y: Tensor | Array) -> Tensor:
    """The product (N, K) · (K, M) of two matrices."""
    x, y = check.tensor(x, "matmul"), check.tensor(y, "matmul")
    linear_shape(x.shape, y.shape)
    result: Tensor = Linear.apply(x, y, None, IDENTITY)
    return result


def operands(op: str, x: Operand, y: Operand) -> tuple[Tensor, Tensor]:
    """Both as Tensors; a number has the type of the array beside it."""
    left, right = (None if isinstance(o, (int, float, np.number)) else check.tensor(o, op) for o in (x, y))
    beside = right if left is None else left
    return _number(x, beside) if left is None else left, _number(y, beside) if right is None else right


def _number(value: Any, beside: Tensor | None) -> Tensor:
    if beside is None:
        return Tensor(value)
    return Tensor.recorded(kernels.of(beside.data).put(np.asarray(value, beside.dtype)), None)


def fitting(op: str, *shapes: tuple[int, ...]) -> None:
    """Refuse shapes that numpy would not broadcast."""
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        raise ShapeError(
            f"{op} expects shapes that are equal, or 1, on every axis counted from the end, "
            f"but received {' and '.join(map(str, shapes))}. Reshape one of them."
        ) from None


def _apply(function: type[Function], x: Operand, y: Operand, op: str) -> Tensor:
    left, right = operands(op, x, y)
    fitting(op, left.shape, right.shape)
    result: Tensor = function.apply(left, right)
    return result


def gathered(dy: Array, shape: tuple[int, ...]) -> Array:
    """The gradient by an operand of this shape, from that by what it was broadcast to."""
    if dy.shape == shape:
        return dy
    extra = dy.ndim - len(shape)
    axes = [*range(extra), *(extra + i for i, size in enumerate(shape) if size == 1 and dy.shape[extra + i] != 1)]
    gathered: Array = kernels.of(dy).sum_over(dy, tuple(axes)).reshape(shape)
    return gathered


class _Add(Function):
    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        ctx.save(x.shape, y.shape)
        z: Array = kernels.of(x, y).add(x, y)
        return z

    @staticmethod
    def backward(ctx: Context, dz: Array) -> tuple[Any, ...]:
        x_shape, y_shape = ctx.saved
        return gathered(dz, x_shape) if ctx.needs[0] else None, gathered(dz, y_shape) if ctx.needs[1] else None


class _Subtract(Function):
    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        ctx.save(x.shape, y.shape)
        z: Array = kernels.of(x, y).subtract(x, y)
        return z

    @staticmethod
    def backward(ctx: Context, dz: Array) -> tuple[Any, ...]:
        x_shape, y_shape = ctx.saved
        dy = kernels.of(dz).negate(gathered(dz, y_shape)) if ctx.needs[1] else None
        return gathered(dz, x_shape) if ctx.needs[0] else None, dy


class _Multiply(Function):
    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        ctx.save(x, y)
        z: Array = kernels.of(x, y).multiply(x, y)
        return z

    @staticmethod
    def backward(ctx: Context, dz: Array) -> tuple[Any, ...]:
        x, y = ctx.saved
        k = kernels.of(dz, x, y)
        dx = gathered(k.multiply(dz, y), x.shape) if ctx.needs[0] else None
        return dx, gathered(k.multiply(dz, x), y.shape) if ctx.needs[1] else None


class _Divide(Function):
    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        z: Array = kernels.of(x, y).divide(x, y)
        ctx.save(y, z, x.shape)
        return z

    @staticmethod
    def backward(ctx: Context, dz: Array) -> tuple[Any, ...]:
        y, z, x_shape = ctx.saved
        k = kernels.of(dz, y)
        over_y = k.divide(dz, y)
        dy = k.negate(gathered(k.multiply(over_y, z), y.shape)) if ctx.needs[1] else None
        return gathered(over_y, x_shape) if ctx.needs[0] else None, dy


class _Extreme(Function):
    """What maximum and minimum share: the gradient goes to the operand that was taken."""

    @staticmethod
    def backward(ctx: Context, dz: Array) -> tuple[Any, ...]:
        x, y, z = ctx.saved
        k = kernels.of(dz, x, y)
        tie = k.multiply(k.equal(x, y), 0.5)
        dx, dy = (gathered(k.multiply(dz, k.subtract(k.equal(o, z), tie)), o.shape) for o in (x, y))
        return dx, dy


class _Maximum(_Extreme):
    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        z: Array = kernels.of(x, y).maximum(x, y)
        ctx.save(x, y, z)
        return z


class _Minimum(_Extreme):
    @staticmethod
    def forward(ctx: Context, x: Array, y: Array) -> Array:
        z: Array = kernels.of(x, y).minimum(x, y)
        ctx.save(x, y, z)
        return z


class _Negate(Function):
    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        y: Array = kernels.of(x).negate(x)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        return (kernels.of(dy).negate(dy),)


class _Exp(Function):
    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        y: Array = kernels.of(x).exp(x)
        ctx.save(y)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        return (kernels.of(dy).multiply(dy, ctx.saved[0]),)


class _Log(Function):
    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        ctx.save(x)
        y: Array = kernels.of(x).log(x)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        return (kernels.of(dy).divide(dy, ctx.saved[0]),)


class _Sqrt(Function):
    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        y: Array = kernels.of(x).sqrt(x)
        ctx.save(y)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        k = kernels.of(dy)
        return (k.divide(k.multiply(dy, 0.5), ctx.saved[0]),)


def _swapped(op: Callable[[Any, Any], Tensor]) -> Callable[[Any, Any], Tensor]:
    return lambda y, x: op(x, y)


_OPERATORS: dict[str, Callable[..., Tensor]] = {
    "__add__": add,
    "__radd__": _swapped(add),
    "__sub__": subtract,
    "__rsub__": _swapped(subtract),
    "__mul__": multiply,
    "__rmul__": _swapped(multiply),
    "__truediv__": divide,
    "__rtruediv__": _swapped(divide),
    "__neg__": negate,
    "__matmul__": matmul,
    "__rmatmul__": _swapped(matmul),
}
for _name, _op in _OPERATORS.items():
    setattr(Tensor, _name, _op)
