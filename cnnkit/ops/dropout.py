"""Dropout: some elements are set to zero while training."""

from typing import Any

from cnnkit import kernels
from cnnkit.autograd import Context, Function, Tensor
from cnnkit.errors import UsageError
from cnnkit.kernels.shared.array import Array
from cnnkit.ops import check


def dropout(x: Tensor | Array, rate: float, key: tuple[int, int]) -> Tensor:
    """Zero each element with probability `rate`, and scale the others by 1 / (1 - rate).

    Args:
        key: (seed, stream), which name the random numbers: the same key drops the same elements.

    Source: Srivastava et al. 2014, Dropout: a simple way to prevent neural networks from overfitting.
    """
    if not 0 <= rate < 1:
        raise UsageError(f"dropout expects a rate from 0 up to, not including, 1, but received {rate}.")
    result: Tensor = _Dropout.apply(check.tensor(x, "dropout"), rate, key)
    return result


class _Dropout(Function):
    @staticmethod
    def forward(ctx: Context, x: Array, rate: float, key: tuple[int, int]) -> Array:
        ctx.save(rate, key)
        y: Array = kernels.of(x).dropout(x, rate, key)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        return kernels.of(dy).dropout(dy, *ctx.saved), None, None
