"""`out=`: arrays of the caller that a kernel is asked to write its results into."""

from typing import Any

import numpy as np

from cnnkit.errors import DTypeError, ShapeError
from cnnkit.kernels.shared.array import Host

Outs = tuple[Host | None, ...]


def check_out(out: Host, shape: tuple[int, ...], dtype: Any, *, channels: bool = False) -> Host:
    """`out` itself, where a result of this shape and dtype can be written into it.

    channels: whether it may be some channels of a contiguous array.
    """
    if out.shape != tuple(shape):
        raise ShapeError(f"The result has shape {tuple(shape)}, but out has {out.shape}. Give an array of that shape.")
    if out.dtype != dtype:
        raise DTypeError(f"The result is {np.dtype(dtype)}, but out is {out.dtype}. Give an array of that type.")
    if not out.flags.carray and not (channels and out.flags.behaved and is_some_channels(out)):
        raise ShapeError("out must be contiguous, in C's order, and writable. Give an array that is no view.")
    return out


def is_some_channels(array: Host) -> bool:
    """Whether its pixels (..., C) lie equally far apart, and the numbers of each side by side."""
    sides = zip(array.strides, array.strides[1:-1], array.shape[1:-1], strict=False)
    return (
        array.ndim > 1
        and array.strides[-1] == array.itemsize
        and array.strides[-2] >= array.shape[-1] * array.itemsize
        and all(step == inner * size for step, inner, size in sides)
    )


def outs(out: Outs | None, count: int) -> Outs:
    """The places of `count` results: None for each that the kernel has to make room for itself."""
    if out is None:
        return (None,) * count
    if not isinstance(out, tuple) or len(out) != count:
        raise ShapeError(f"The kernel has {count} results: give out as a tuple of {count}, with None for new arrays.")
    return out
