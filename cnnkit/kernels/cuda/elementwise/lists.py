"""Lists of arrays as one job: a table in device memory tells where each array lies, and a block has a piece of one.

A network has dozens of parameters, most of them small: a launch for each would be all that a step consists of. Tables
are kept, and a step whose arrays lie where those of an earlier one lay finds its own.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from cnnkit.errors import ShapeError
from cnnkit.kernels.cuda.machine import rehearsal
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.home import empty, kept, put
from cnnkit.kernels.cuda.machine.launch import THREADS, Kernel, chip, cuda, device, int32

# Numbers that a block has at most.
PIECE = 4096
List = Sequence[DeviceArray]


@device
def piece(pieces):
    """This block's piece: which array it is of, this thread's first number of it, and the one behind the last."""
    block = int32(3 * cuda.blockIdx.x)
    return pieces[block], int32(pieces[block + 1] + cuda.threadIdx.x), pieces[block + 2]


def launch(kernel: Kernel, lists: Sequence[List], *rest: Any) -> None:
    """kernel(places, pieces, arrays, *rest), a block for each piece.

    places: the address of array a of list n, at n·arrays + a.   pieces: array, first number and the one behind the
    last, of each block.   lists: of equally many arrays of equal sizes; all of float32 and whole.
    """
    sizes = tuple(array.size for array in lists[0])
    for arrays in lists:
        if tuple(array.size for array in arrays) != sizes:
            raise ShapeError("Lists of arrays of one size each were expected, but one array differs from its partner.")
    cut = _cut(sizes)
    if not len(cut):
        return
    if rehearsal.is_rehearsing():
        tables = empty((len(lists) * len(sizes),), np.int64), empty(cut.shape, np.int32)
    else:
        tables = _table(tuple(chip.address(array.flat) for arrays in lists for array in arrays)), _pieces(sizes)
    kernel(len(cut), THREADS, *tables, len(sizes), *rest)


def pieces_of(arrays: List) -> int:
    """How many blocks a launch over this list has."""
    return len(_cut(tuple(array.size for array in arrays)))


@kept(64)
def each(numbers: tuple[float, ...]) -> DeviceArray:
    """A number for each array of a list, on the device."""
    return put(np.array(numbers, np.float32))


@lru_cache(maxsize=64)
def _cut(sizes: tuple[int, ...]) -> np.ndarray:
    """(which array, first number, the one behind the last) of each piece."""
    cut = [(a, first, min(first + PIECE, size)) for a, size in enumerate(sizes) for first in range(0, size, PIECE)]
    return np.array(cut, np.int32).reshape(-1, 3)


@kept(64)
def _pieces(sizes: tuple[int, ...]) -> DeviceArray:
    return put(_cut(sizes).reshape(-1))


@kept(64)
def _table(places: tuple[int, ...]) -> DeviceArray:
    """Addresses, on the device: whatever lies there when the kernel runs, the call that asks has just named it."""
    return put(np.array(places, np.int64))
