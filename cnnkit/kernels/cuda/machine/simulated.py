"""Memory in Numba's simulator: NumPy's arrays, and shared memory that begins as NaN.

An index below 0, which Python would take from the end, is an error here, as one behind the end is. So is shared memory
that is read before it is written, for NaN spreads into the result.
"""

import itertools
import sys
import threading
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
from numba.cuda.simulator import kernelapi
from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray
from numba.np import numpy_support

# What a driver says where it fails: there is none.
FAULTS: tuple[type[Exception], ...] = ()


def failed(error: Exception) -> Exception:
    """What becomes of one of these."""
    return error


class _Checked(np.ndarray):
    """Memory whose indices are looked at."""

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, slice) and index < 0:
            raise IndexError(f"index {index} lies before the array")
        return super().__getitem__(index)

    def __setitem__(self, index: Any, value: Any) -> None:
        if not isinstance(index, slice) and index < 0:
            raise IndexError(f"index {index} lies before the array")
        super().__setitem__(index, value)


def take(count: int, dtype: np.dtype[Any]) -> Any:
    """Room for so many numbers, filled with what no result has."""
    memory = np.full(count, np.nan if dtype.kind == "f" else 77, dtype)
    return FakeCUDAArray(memory.view(_Checked))


def part(flat: Any, first: int, count: int) -> Any:
    """So many of the numbers, from one on."""
    return FakeCUDAArray(flat._ary[first : first + count])


def upload(flat: Any, host: np.ndarray) -> None:
    """NumPy's numbers, one axis, brought there."""
    np.asarray(flat._ary)[...] = host


def download(flat: Any) -> np.ndarray:
    """The numbers in an array of NumPy's."""
    host: np.ndarray = np.array(flat._ary, copy=True, subok=False)
    return host


def download_later(flat: Any) -> Callable[[], np.ndarray]:
    """As `download`, sent for now."""
    host = download(flat)
    return lambda: host


def clear(flat: Any) -> None:
    """All bytes 0."""
    np.asarray(flat._ary)[...] = 0


def copy(target: Any, source: Any) -> None:
    """The numbers of one in the other's place."""
    np.asarray(target._ary)[...] = source._ary


# A simulated thread takes as long as a device's thousand: the clock ticks once for each look at it.
TIMES = False
_ticks = itertools.count()


def mark() -> int:
    """A moment, as a number that grows."""
    return next(_ticks)


def seconds_between(first: int, last: int) -> float:
    """A second for each look at the clock."""
    return float(last - first)


def wait() -> None:
    """All is done where it is launched."""


def multiprocessors() -> int:
    """Blocks come one after the other."""
    return 1


def overlap(a: Any, b: Any) -> bool:
    """Whether they share a byte."""
    return bool(np.may_share_memory(a._ary, b._ary))


def aligned(array: Any) -> bool:
    """Whether four numbers could be read at once from its first on."""
    return not array.has_memory or array.flat._ary.ctypes.data % 16 == 0


def address(flat: Any) -> int:
    """Where the first number lies."""
    place: int = flat._ary.ctypes.data
    return place


def capability() -> tuple[int, int]:
    """That of the pretended device: the least that has all that kernels know."""
    return 8, 0


def select(index: int) -> None:
    """There is one device, which is pretended."""


def here() -> None:
    """There is one device."""


def selected() -> int:
    """Which device is in use, from 0."""
    return 0


def facts() -> dict[str, Any]:
    """What a device is asked for."""
    return {"name": "Numba's CUDA simulator", "memory": None, "peak": None}


def description() -> str:
    """What is there in a device's place, in a line."""
    return f"Numba's simulator, for NUMBA_ENABLE_CUDASIM is set; numba-cuda {version('numba-cuda')}"


def configured(made: Any, blocks: int | tuple[int, ...], threads: int) -> Any:
    """The kernel with the grid that it is launched on."""
    return made[blocks, threads]


def quiet(made: Any) -> Any:
    """A kernel whose infinities are not warned of, for a device does not either."""
    made.fn = _Quiet(made.fn)
    return made


class _Quiet:
    """The function; the simulator puts its own `cuda` among the names around it."""

    def __init__(self, function: Callable[..., None]) -> None:
        self.function, self.__globals__ = function, function.__globals__

    def __call__(self, *args: Any) -> None:
        with np.errstate(all="ignore"):  # of this thread alone
            self.function(*args)


_shared_lock = threading.Lock()


def _shared(self: Any, shape: Any, dtype: Any, alignment: int | None = None) -> np.ndarray:
    """Shared memory of a block, told apart by the line that asks for it; full of NaN."""
    frame = sys._getframe(1)
    place = frame.f_code.co_filename, frame.f_lineno
    with _shared_lock:
        if place not in self._allocations:
            kind = np.dtype(dtype) if isinstance(dtype, type) else numpy_support.as_dtype(dtype)
            memory = np.full(shape, np.nan if kind.kind == "f" else 77, kind)
            self._allocations[place] = memory.view(_Checked) if isinstance(shape, int) else memory
        found: np.ndarray = self._allocations[place]
    return found


def _local(self: Any, shape: Any, dtype: Any, alignment: int | None = None) -> np.ndarray:
    return np.full(shape, np.nan if np.dtype(dtype).kind == "f" else 77, np.dtype(dtype))


kernelapi.FakeCUDAShared.array = _shared
kernelapi.FakeCUDALocal.array = _local
