"""Numbers of one axis on a device, as a launch takes them."""

from typing import Any, final

import numpy as np


@final
class Flat:
    """owner: what keeps the memory alive.

    words: what Numba makes of an array: no owner, no parent, count, bytes of a number, address, size and stride.
    """

    __slots__ = ("dtype", "owner", "ptr", "size", "words")

    def __init__(self, owner: Any, ptr: int, count: int, dtype: np.dtype[Any]) -> None:
        self.owner, self.ptr, self.size, self.dtype = owner, ptr, count, dtype
        self.words = 0, 0, count, dtype.itemsize, ptr, count, dtype.itemsize

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
