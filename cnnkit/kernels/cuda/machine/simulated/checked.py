"""Memory whose indices are looked at, and memory of blocks and threads that begins as NaN.

An index below 0, which Python would take from the end, is an error here, as one behind the end is. So is shared memory
that is read before it is written, for NaN spreads into the result.
"""

import sys
import threading
from typing import Any

import numpy as np
from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray
from numba.np import numpy_support


class Checked(np.ndarray):
    """Memory whose indices are looked at."""

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, slice) and index < 0:
            raise IndexError(f"index {index} lies before the array")
        return super().__getitem__(index)

    def __setitem__(self, index: Any, value: Any) -> None:
        if not isinstance(index, slice) and index < 0:
            raise IndexError(f"index {index} lies before the array")
        super().__setitem__(index, value)


class Flat(FakeCUDAArray):
    """Numbers of one axis.   owner: what keeps the memory from being taken again; None where nobody will."""

    def __init__(self, owner: Any, memory: np.ndarray) -> None:
        super().__init__(memory)
        self.owner = owner


_shared_lock = threading.Lock()


def shared(self: Any, shape: Any, dtype: Any, alignment: int | None = None) -> np.ndarray:
    """Shared memory of a block, told apart by the line that asks for it; full of NaN."""
    frame = sys._getframe(1)
    place = frame.f_code.co_filename, frame.f_lineno
    with _shared_lock:
        if place not in self._allocations:
            kind = np.dtype(dtype) if isinstance(dtype, type) else numpy_support.as_dtype(dtype)
            memory = np.full(shape, np.nan if kind.kind == "f" else 77, kind)
            self._allocations[place] = memory.view(Checked) if isinstance(shape, int) else memory
        found: np.ndarray = self._allocations[place]
    return found


def local(self: Any, shape: Any, dtype: Any, alignment: int | None = None) -> np.ndarray:
    """Memory of one thread, as full of NaN."""
    return np.full(shape, np.nan if np.dtype(dtype).kind == "f" else 77, np.dtype(dtype))
