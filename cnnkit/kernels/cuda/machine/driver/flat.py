"""Numbers of one axis on a device, as a launch takes them."""

from typing import Any, final

import numpy as np
from numba import from_dtype
from numba.cuda.args import ArgHint

_TYPES: dict[Any, Any] = {}
_LAYOUT: dict[int, Any] = {}


class _Layout:
    """How far apart numbers lie, as Numba asks for it."""

    is_contiguous_c = is_contiguous_f = is_contiguous_any = True

    def __init__(self, itemsize: int) -> None:
        self.strides_in_bytes = (itemsize,)


@final
class Flat(ArgHint):
    """What Numba would make of an array anew at each launch (9 µs).   owner: what keeps the memory alive."""

    def __init__(self, owner: Any, ptr: int, count: int, dtype: np.dtype[Any]) -> None:
        self.owner, self.ptr, self.size, self.dtype, self.shape = owner, ptr, count, dtype, (count,)
        if dtype not in _TYPES:
            _TYPES[dtype], _LAYOUT[dtype.itemsize] = from_dtype(dtype)[::1], _Layout(dtype.itemsize)
        self._numba_type_, self._layout = _TYPES[dtype], _LAYOUT[dtype.itemsize]

    def to_device(self, retr: Any, stream: Any = 0) -> "Flat":
        return self

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize


def part(flat: Flat, first: int, count: int) -> Flat:
    """So many of the numbers, from one on."""
    return Flat(flat.owner, flat.ptr + first * flat.dtype.itemsize, count, flat.dtype)


def owned(flat: Flat, owner: Any) -> Flat:
    """The same numbers, kept alive by another."""
    return Flat(owner, flat.ptr, flat.size, flat.dtype)


def overlap(a: Flat, b: Flat) -> bool:
    """Whether they share a byte."""
    return bool(a.size and b.size and a.ptr < b.ptr + b.nbytes and b.ptr < a.ptr + a.nbytes)


def aligned(array: Any) -> bool:
    """Whether four numbers could be read at once from its first on; in a walk through shapes: as from a new array's."""
    return not array.has_memory or array.flat.ptr % 16 == 0


def address(flat: Flat) -> int:
    """Where the first number lies."""
    return flat.ptr
