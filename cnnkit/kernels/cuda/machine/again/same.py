"""What shows that a graph does what the work did: the same bits for other numbers, out of memory that begins as NaN."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.home import copy, copy_into, fetch, put
from cnnkit.kernels.cuda.machine.launch import chip, cuda, kernel
from cnnkit.kernels.shared.array import Host

FLOAT = np.dtype(np.float32)


def is_fit(arrays: Sequence[Any]) -> bool:
    """Whether all are float32 on the device: numbers that are kept elsewhere would not change from launch to launch."""
    return all(isinstance(array, DeviceArray) and array.dtype == FLOAT for array in arrays)


def drawn(rng: np.random.Generator, shape: tuple[int, ...]) -> DeviceArray:
    """Numbers of a normal distribution, on the device."""
    return put(rng.standard_normal(shape, dtype=np.float32))


def bits(arrays: Sequence[DeviceArray | Host]) -> list[bytes]:
    """Of each array all of them."""
    return [(array if isinstance(array, np.ndarray) else fetch(array)).tobytes() for array in arrays]


def place(array: DeviceArray, owner: Any = None) -> DeviceArray:
    """Where an array lies, kept alive by `owner` instead: by None it may be used again while this is known."""
    return DeviceArray(chip.owned(array.flat, owner), array.shape, array.dtype, array.step)


@contextmanager
def unchanged(arrays: Sequence[DeviceArray | Host]) -> Iterator[None]:
    """Behind it they have the numbers that they had before."""
    before = [array.copy() if isinstance(array, np.ndarray) else copy(array) for array in arrays]
    try:
        yield
    finally:
        for array, numbers in zip(arrays, before, strict=True):
            if isinstance(array, np.ndarray):
                array[...] = numbers
            else:
                copy_into(array, numbers)


@kernel
def times_kernel(x, count, factor):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        x[i] *= factor


@contextmanager
def doubled(arrays: Sequence[DeviceArray]) -> Iterator[None]:
    """Inside twice the numbers: of floats half of that is exact.   arrays: that are no views."""
    for array in arrays:
        times_kernel.over(array.size, array, array.size, 2.0)
    try:
        yield
    finally:
        for array in arrays:
            times_kernel.over(array.size, array, array.size, 0.5)
