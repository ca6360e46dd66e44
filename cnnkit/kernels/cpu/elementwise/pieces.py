"""Lists of arrays as one job: where each piece of each array lies, cut by the arrays' sizes alone.

A network has dozens of parameters, most of them smaller than what starting a kernel costs. So an optimiser calls a
kernel once for all of them, and a task is one piece of one of them, wherever it lies.
"""

from collections.abc import Sequence
from ctypes import addressof, c_char
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import ShapeError
from cnnkit.kernels.cpu.elementwise.chunks import CHUNK, chunks
from cnnkit.kernels.cpu.machine.buffers import contiguous
from cnnkit.kernels.cpu.simd.vector import floats_at
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.inner import inlined

F32 = np.float32


class Pieces(NamedTuple):
    """The tasks of one job.

    places: the address of piece `task` of list `which`, at which·tasks + task.   sizes: floats in each piece.
    owners: the array that a piece is of, for each task.   kept: what must not die before the kernel is done.
    """

    places: NDArray[np.int64]
    sizes: NDArray[np.int64]
    owners: NDArray[np.int64]
    kept: tuple[Any, ...]

    def each(self, numbers: NDArray[np.float64]) -> NDArray[np.float32]:
        """One number for each array as one for each of its pieces."""
        return numbers[self.owners].astype(F32)


@inlined  # and not that of machine/jit.py: only a function that is written out may make an array
def piece(places, sizes, which, task):
    """The floats of list number `which` that this task works on."""
    return floats_at(places[which * len(sizes) + task], sizes[task])


def pieces(written: Sequence[Sequence[Host]], read: Sequence[Sequence[Host]] = ()) -> Pieces:
    """Lists of equally many arrays, of equal sizes, as one job; those that are written to come first."""
    counts = [a.size for a in (*written, *read)[0]]
    kept = *written, *[[contiguous(a) for a in arrays] for arrays in read]
    for arrays in kept:
        if [a.size for a in arrays] != counts:
            raise ShapeError("Lists of arrays of one size each were expected, but one array differs from its partner.")
    owners, begins, sizes = _cut(tuple(counts))
    starts = np.array([[_address(a) for a in arrays] for arrays in kept], np.int64)
    return Pieces((starts[:, owners] + begins).reshape(-1), sizes, owners, kept)


def pieces_of(sizes: Sequence[int]) -> list[int]:
    """How many pieces each array of these sizes has."""
    return [chunks(size) for size in sizes]


@lru_cache(maxsize=64)
def _cut(counts: tuple[int, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Of each piece: its array, the byte where it begins there, its size."""
    cuts = [(p, i, min(CHUNK, n - i)) for p, n in enumerate(counts) for i in range(0, n, CHUNK)]
    owners, begins, sizes = np.array(cuts, np.int64).reshape(-1, 3).T.copy()
    return owners, begins * F32().itemsize, sizes


def _address(a: Host) -> int:
    """Where its first float lies; ctypes refuses what is not contiguous or cannot be written to."""
    if a.dtype != F32:
        raise TypeError(f"an array of float32 was expected, not of {a.dtype}")
    return addressof(c_char.from_buffer(a)) if a.size else 0  # type: ignore[arg-type]  # a buffer since NumPy 1
