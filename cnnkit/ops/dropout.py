"""Dropout: some elements are set to zero while training."""

from typing import Any

import numpy as np

from cnnkit import kernels
from cnnkit.autograd import Context, Function, Tensor
from cnnkit.errors import DTypeError, ShapeError, UsageError
from cnnkit.kernels.shared.array import Array, is_array
from cnnkit.ops import check


def dropout(x: Tensor | Array, rate: float, key: tuple[int, int | Array]) -> Tensor:
    """Zero each element with probability `rate`, and scale the others by 1 / (1 - rate).

    Args:
        key: (seed, stream), which name the random numbers: the same key drops the same elements. In the place of the
            stream a counter may be given, an array of one int64 where x is: it holds the stream, and is counted one up
            in place, so that the next call drops others.

    Source: Srivastava et al. 2014, Dropout: a simple way to prevent neural networks from overfitting.
    """
    if not 0 <= rate < 1:
        raise UsageError(f"dropout expects a rate from 0 up to, not including, 1, but received {rate}.")
    x, (seed, stream) = check.tensor(x, "dropout"), key
    result: Tensor = _Dropout.apply(x, rate, (seed, _stream(stream, x.data)))
    return result


def _stream(stream: int | Array, x: Array) -> Array:
    """The stream in memory, where x is: a kernel that is launched again finds there what it is then."""
    if isinstance(stream, int | np.integer) and 0 <= stream < 1 << 63:
        number: Array = kernels.of(x).put(np.array(stream, np.int64))
        return number
    if isinstance(stream, int | np.integer) or not is_array(stream):
        raise UsageError(f"dropout expects a stream from 0 up to 2**63, or a counter, but received {stream!r}.")
    if stream.dtype != np.int64:
        raise DTypeError(f"dropout expects a counter of int64, but received {stream.dtype}. Make it np.zeros((), int).")
    if stream.size != 1:
        raise ShapeError(f"dropout expects a counter of one number, but it has shape {stream.shape}. Give it shape ().")
    counted: Array = kernels.of(x, stream).count_up(stream)
    return counted


class _Dropout(Function):
    @staticmethod
    def forward(ctx: Context, x: Array, rate: float, key: tuple[int, Array]) -> Array:
        ctx.save(rate, key)
        y: Array = kernels.of(x).dropout(x, rate, key)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        return kernels.of(dy).dropout(dy, *ctx.saved), None, None
