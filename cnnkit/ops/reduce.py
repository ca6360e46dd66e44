"""Sums, means and maxima over some axes."""

import math
from typing import Any

from cnnkit import kernels
from cnnkit.autograd import Context, Function, Tensor
from cnnkit.errors import ShapeError
from cnnkit.kernels.shared.array import Array
from cnnkit.ops import check
from cnnkit.ops.shape.move import axis_of

Axes = int | tuple[int, ...] | None


def sum(x: Tensor | Array, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """The sum over `axis`, one or several; None is over all."""
    x, axes = _operand(x, axis, "sum")
    result: Tensor = _Sum.apply(x, axes, keepdims)
    return result


def mean(x: Tensor | Array, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """The mean over `axis`, one or several; None is over all."""
    x, axes = _operand(x, axis, "mean")
    result: Tensor = _Mean.apply(x, axes, keepdims)
    return result


def max(x: Tensor | Array, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """The greatest over `axis`, one or several; None is over all. Equal maxima share the gradient."""
    x, axes = _operand(x, axis, "max")
    if not math.prod(x.shape[a] for a in axes):
        raise ShapeError(f"max expects at least one element to choose from, but x has shape {x.shape}.")
    result: Tensor = _Max.apply(x, axes, keepdims)
    return result


def _operand(x: Tensor | Array, axis: Axes, op: str) -> tuple[Tensor, tuple[int, ...]]:
    x = check.tensor(x, op)
    axes = tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    axes = tuple(sorted(axis_of(a, x.ndim, op) for a in axes))
    if len(set(axes)) != len(axes):
        raise ShapeError(f"{op} expects every axis once, but received {axis}.")
    return x, axes


def _kept(x_shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(1 if axis in axes else size for axis, size in enumerate(x_shape))


def _spread(dy: Array, x_shape: tuple[int, ...], axes: tuple[int, ...]) -> Array:
    """dy at every element that went into it, as a new array."""
    k = kernels.of(dy)
    dx: Array = k.empty(x_shape, dy.dtype)
    k.copy_into(dx, dy.reshape(_kept(x_shape, axes)))
    return dx


class _Sum(Function):
    @staticmethod
    def forward(ctx: Context, x: Array, axes: tuple[int, ...], keepdims: bool) -> Array:
        ctx.save(x.shape, axes)
        y: Array = kernels.of(x).sum_over(x, axes, keepdims)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        return _spread(dy, *ctx.saved), None, None


class _Mean(Function):
    @staticmethod
    def forward(ctx: Context, x: Array, axes: tuple[int, ...], keepdims: bool) -> Array:
        ctx.save(x.shape, axes)
        y: Array = kernels.of(x).mean_over(x, axes, keepdims)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        x_shape, axes = ctx.saved
        count = math.prod(x_shape[axis] for axis in axes)
        share = kernels.of(dy).divide(dy, float(count)) if count else dy
        return _spread(share, x_shape, axes), None, None


class _Max(Function):
    @staticmethod
    def forward(ctx: Context, x: Array, axes: tuple[int, ...], keepdims: bool) -> Array:
        y: Array = kernels.of(x).max_over(x, axes, keepdims)
        ctx.save(x, y, axes)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        x, y, axes = ctx.saved
        kept = _kept(x.shape, axes)
        k = kernels.of(dy)
        winners = k.equal(x, y.reshape(kept))
        share = k.divide(dy.reshape(kept), k.sum_over(winners, axes, keepdims=True))
        return k.multiply(winners, share), None, None
