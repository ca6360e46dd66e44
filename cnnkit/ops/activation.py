"""Activation functions as ops of their own. Behind a convolution or a dense layer, its `activation=` is faster."""

from typing import Any

from cnnkit import kernels
from cnnkit.autograd import Context, Function, Tensor, is_recording
from cnnkit.errors import ShapeError
from cnnkit.kernels.shared.array import Array
from cnnkit.kernels.shared.scalar import (
    HARD_SIGMOID,
    HARD_SWISH,
    IDENTITY,
    RELU,
    RELU6,
    SIGMOID,
    SWISH,
    TANH,
    Activation,
    leaky,
    told_by_output,
)
from cnnkit.ops import check


def relu(x: Tensor | Array) -> Tensor:
    """max(x, 0)."""
    return activate(x, RELU)


def relu6(x: Tensor | Array) -> Tensor:
    """min(max(x, 0), 6)."""
    return activate(x, RELU6)


def leaky_relu(x: Tensor | Array, slope: float = 0.01) -> Tensor:
    """x where x > 0, slope·x elsewhere, for any slope; at 0 the gradient is that of slope·x."""
    return activate(x, leaky(slope))


def sigmoid(x: Tensor | Array) -> Tensor:
    """1 / (1 + e^-x)."""
    return activate(x, SIGMOID)


def hard_sigmoid(x: Tensor | Array) -> Tensor:
    """relu6(x + 3) / 6: a sigmoid of three straight lines."""
    return activate(x, HARD_SIGMOID)


def hard_swish(x: Tensor | Array) -> Tensor:
    """x · relu6(x + 3) / 6.

    Source: Howard et al. 2019, arXiv:1905.02244, section 5.2.
    """
    return activate(x, HARD_SWISH)


def swish(x: Tensor | Array) -> Tensor:
    """x · sigmoid(x), also called SiLU.

    Source: Ramachandran et al. 2017, arXiv:1710.05941.
    """
    return activate(x, SWISH)


def tanh(x: Tensor | Array) -> Tensor:
    """(e^x - e^-x) / (e^x + e^-x)."""
    return activate(x, TANH)


def activate(x: Tensor | Array, activation: str | Activation) -> Tensor:
    """The activation of this name, element by element."""
    act = check.activation_of(activation, "activate")
    function = _Activate if told_by_output(act) else _ActivateAt
    result: Tensor = function.apply(check.tensor(x, "activate"), act)
    return result


def softmax(x: Tensor | Array) -> Tensor:
    """e^x / Σ e^x over the last axis."""
    result: Tensor = _Softmax.apply(_rows(x, "softmax"))
    return result


def log_softmax(x: Tensor | Array) -> Tensor:
    """log(softmax(x)), computed without leaving the range of floats."""
    result: Tensor = _LogSoftmax.apply(_rows(x, "log_softmax"))
    return result


def _rows(x: Tensor | Array, op: str) -> Tensor:
    x = check.tensor(x, op)
    if x.ndim < 1 or x.shape[-1] < 1:
        raise ShapeError(f"{op} expects a last axis of at least one class, but x has shape {x.shape}.")
    return x


def fused(activation: Activation, *, from_output: bool = True) -> tuple[Activation, Activation | None]:
    """(what the op before may apply itself, what has to follow as an op of its own).

    An op that goes back from its output cannot go back through a swish: it leaves it to `activate`, which keeps its
    input. Where nothing is recorded, nobody goes back.
    """
    if from_output and not told_by_output(activation) and is_recording():
        return IDENTITY, activation
    return activation, None


def dz_of(ctx: Context, dy: Array | None, dz: Array | None) -> Array:
    """The whole gradient by z, y = act(z): dz from those who went through the activation themselves, dy from others."""
    if dy is not None and ctx.activation is not None:
        dy = kernels.of(dy, ctx.result).activate_dx(dy, ctx.result, ctx.activation)
    if dy is None or dz is None:
        return dz if dy is None else dy  # type: ignore[return-value]  # one of them is there, or backward is not called
    return kernels.of(dy, dz).add(dy, dz)  # type: ignore[no-any-return]


def gate(activation: Activation | None, **operand: Array | None) -> dict[str, Any]:
    """What a gradient kernel is told to go back through the activation of its operand too, where that is asked for."""
    return {} if activation is None else {**operand, "activation": activation}


class _Activate(Function):
    @staticmethod
    def forward(ctx: Context, x: Array, activation: Activation) -> Array:
        y: Array = kernels.of(x).activate(x, activation)
        ctx.activation = activation
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array | None, dz: Array | None) -> tuple[Any, ...]:
        return dz_of(ctx, dy, dz), None


class _ActivateAt(Function):
    """For those whose output does not tell their slope."""

    @staticmethod
    def forward(ctx: Context, x: Array, activation: Activation) -> Array:
        y: Array = kernels.of(x).activate(x, activation)
        ctx.save(x, activation)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        return kernels.of(dy).activate_dx_at(dy, *ctx.saved), None


class _Softmax(Function):
    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        y: Array = kernels.of(x).softmax(x)
        ctx.save(y)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        return (kernels.of(dy).softmax_dx(dy, ctx.saved[0]),)


class _LogSoftmax(Function):
    @staticmethod
    def forward(ctx: Context, x: Array) -> Array:
        y: Array = kernels.of(x).log_softmax(x)
        ctx.save(y)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        return (kernels.of(dy).log_softmax_dx(dy, ctx.saved[0]),)
