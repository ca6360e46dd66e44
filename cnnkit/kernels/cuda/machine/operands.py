"""What kernels are given and where they write: operands as they can read them, results that fit."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from cnnkit.errors import DTypeError, ShapeError
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.home import copy, empty
from cnnkit.kernels.cuda.machine.launch import chip
from cnnkit.kernels.shared import out as shared

__all__ = ["Outs", "aligned", "changed", "kind_of", "outs", "result", "single", "whole"]

FLOAT = np.dtype(np.float32)
Outs = tuple[DeviceArray | None, ...]


def outs(out: Outs | None, count: int) -> Outs:
    """The places of `count` results: None for each that the kernel has to make room for itself."""
    places: Any = shared.outs(out, count)  # type: ignore[arg-type]  # it counts them, whatever they are
    return tuple(places)


def result(
    shape: tuple[int, ...], out: DeviceArray | None, dtype: DTypeLike = FLOAT, *, channels: bool = False
) -> DeviceArray:
    """Where a kernel writes its result: `out`, the caller's, if it is given and fits, else a new array.

    channels: whether the kernel can write to some channels of an array.
    """
    if out is None:
        return empty(shape, dtype)
    if out.shape != tuple(shape):
        raise ShapeError(f"The result has shape {tuple(shape)}, but out has {out.shape}. Give an array of that shape.")
    if out.dtype != dtype:
        raise DTypeError(f"The result is {np.dtype(dtype)}, but out is {out.dtype}. Give an array of that type.")
    if not (channels or out.whole):
        raise ShapeError("out must be contiguous, in C's order, and writable. Give an array that is no view.")
    return out


def whole(array: DeviceArray, dtype: Any = None) -> DeviceArray:
    """The array itself where its numbers lie side by side, else such a copy."""
    return array if array.whole else copy(array)


def aligned(array: DeviceArray) -> DeviceArray:
    """The array itself where four numbers can be read at once from its first on, else such a copy."""
    return array if chip.aligned(array) else copy(array)


def single(array: DeviceArray) -> DeviceArray:
    """`whole`, of float32: these kernels have no other floats."""
    if array.dtype != FLOAT:
        raise DTypeError(f"CUDA's kernels compute in float32, but were given {array.dtype}. Use --backend reference.")
    return whole(array)


def kind_of(*values: DeviceArray | float) -> np.dtype[Any]:
    """The type of a result that is a copy or a choice of these: float32, or that of integers where all are such."""
    kind = np.result_type(*(value.dtype if isinstance(value, DeviceArray) else value for value in values))
    return kind if kind.kind in "iu" else FLOAT


def changed(array: DeviceArray) -> DeviceArray:
    """An array of float32 that a kernel changes in place: of a copy the change would be lost."""
    if not array.whole:
        raise ShapeError("An array that is changed in place must be contiguous. Give an array that is no view.")
    return single(array)
