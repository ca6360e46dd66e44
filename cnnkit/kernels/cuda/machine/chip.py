"""Memory on a device, by its driver: taken, filled, read; and what the device is.

All work is in the order of one stream, the default one, so memory that is given back may be used again at once.
"""

import threading
from collections.abc import Callable
from functools import partial, wraps
from importlib.metadata import version
from typing import Any, final

import numpy as np
from numba import cuda, from_dtype
from numba.cuda.args import ArgHint
from numba.cuda.cudadrv import driver as api

try:
    from numba.cuda.core import config
except ImportError:  # of another version of numba-cuda
    from numba.core import config

from cnnkit.errors import CnnkitError, DeviceMemoryError
from cnnkit.kernels.cuda.machine.faults import FAULTS, FULL, fault_of, told
from cnnkit.kernels.cuda.machine.memory import Block, Pool
from cnnkit.kernels.cuda.machine.staging import LARGEST, Staging

_TYPES: dict[Any, Any] = {}
_LAYOUT: dict[int, Any] = {}
_CAPABILITIES: dict[int, tuple[int, int]] = {}
_thread = threading.local()
_index = 0


class _Layout:
    """How far apart numbers lie, as Numba asks for it."""

    is_contiguous_c = is_contiguous_f = is_contiguous_any = True

    def __init__(self, itemsize: int) -> None:
        self.strides_in_bytes = (itemsize,)


@final
class Flat(ArgHint):
    """Numbers of one axis, as a launch takes them: what Numba would make of an array anew at each launch (9 µs)."""

    def __init__(self, owner: Block | None, ptr: int, count: int, dtype: np.dtype[Any]) -> None:
        self.owner, self.ptr, self.size, self.dtype, self.shape = owner, ptr, count, dtype, (count,)
        if dtype not in _TYPES:
            _TYPES[dtype], _LAYOUT[dtype.itemsize] = from_dtype(dtype)[::1], _Layout(dtype.itemsize)
        self._numba_type_, self._layout = _TYPES[dtype], _LAYOUT[dtype.itemsize]

    def to_device(self, retr: Any, stream: Any = 0) -> "Flat":
        return self

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize


def failed(error: Exception) -> CnnkitError:
    """What becomes of one of `FAULTS`: no room, or no answer."""
    if fault_of(error) != FULL:
        return told(error)
    try:
        return _pool().full("what a kernel needs beside arrays")
    except CnnkitError:  # it does not even say what is free
        return DeviceMemoryError("The CUDA device has no room for another process.", "Wait until one has ended.")


def _asked(work: Callable[..., Any]) -> Any:
    """Of a function that asks the driver: its faults are ours."""

    @wraps(work)
    def asking(*args: Any) -> Any:
        try:
            return work(*args)
        except FAULTS as error:
            raise failed(error) from error

    return asking


def select(index: int) -> None:
    """From now on this device, in every Python thread."""
    global _index
    _index = index
    here()


def selected() -> int:
    """Which device that is, from 0."""
    return _index


@_asked
def here() -> None:
    """Make the device that of this Python thread, which the driver asks of each."""
    if getattr(_thread, "index", None) != _index:
        cuda.select_device(_index)
        _thread.index = _index


def _new(size: int) -> Any:
    """Bytes of the device's; None where it has no room."""
    try:
        return cuda.current_context().memalloc(size)
    except api.CudaAPIError as error:
        if fault_of(error) == FULL:
            return None
        raise told(error) from error


@_asked
def _free() -> int:
    return int(cuda.current_context().get_memory_info().free)


# Memory of one device is no other's, should a process use several after each other.
_pools: dict[int, Pool] = {}


def _pool() -> Pool:
    """That of the device that was selected."""
    return _pools.setdefault(_index, Pool(_new, _free))


def take(count: int, dtype: np.dtype[Any]) -> Flat:
    """Room for so many numbers."""
    here()
    if not count:
        return Flat(None, 0, 0, dtype)
    block = _pool().take(count * dtype.itemsize)
    return Flat(block, int(block.raw.device_pointer_value), count, dtype)


def part(flat: Flat, first: int, count: int) -> Flat:
    """So many of the numbers, from one on."""
    return Flat(flat.owner, flat.ptr + first * flat.dtype.itemsize, count, flat.dtype)


@_asked
def upload(flat: Flat, host: np.ndarray) -> None:
    """NumPy's numbers, one axis, brought there in their turn; they may be written to at once, and nobody waits."""
    if not flat.size:
        return
    here()

    def copy(room: np.ndarray) -> None:
        api.driver.cuMemcpyHtoDAsync(flat.ptr, room.ctypes.data, flat.nbytes, 0)

    if flat.nbytes > LARGEST or not _staging().send(host, copy):
        api.driver.cuMemcpyHtoD(flat.ptr, host.ctypes.data, flat.nbytes)


def _locked(size: int) -> np.ndarray | None:
    """Bytes of this machine's that a device can read; None where it has none."""
    try:
        room: np.ndarray = cuda.pinned_array(size, dtype=np.uint8)
    except FAULTS:
        return None
    return room


def _moment() -> Any:
    event = cuda.event(timing=False)
    event.record()
    return event


_stagings: dict[int, Staging] = {}


def _staging() -> Staging:
    """Of the device that was selected."""
    if _index not in _stagings:
        _stagings[_index] = Staging(_locked, _moment, lambda event: event.query(), lambda event: event.synchronize())
    return _stagings[_index]


@_asked
def download(flat: Flat) -> np.ndarray:
    """The numbers in an array of NumPy's, once all that was launched before is done."""
    host = np.empty(flat.size, flat.dtype)
    if flat.size:
        here()
        api.driver.cuMemcpyDtoH(host.ctypes.data, flat.ptr, flat.nbytes)
    return host


@_asked
def download_later(flat: Flat) -> Callable[[], np.ndarray]:
    """As `download`, but sent for now: who calls what is returned waits for what was launched before this alone."""
    here()

    def copy(room: np.ndarray) -> None:
        api.driver.cuMemcpyDtoHAsync(room.ctypes.data, flat.ptr, flat.nbytes, 0)

    read = _staging().receive(flat.nbytes, copy) if 0 < flat.nbytes <= LARGEST else None
    if read is None:
        return partial(download, flat)
    wanted: Callable[[], np.ndarray] = _asked(lambda: read().view(flat.dtype))
    return wanted


@_asked
def clear(flat: Flat) -> None:
    """All bytes 0."""
    if flat.size:
        here()
        api.driver.cuMemsetD8Async(flat.ptr, 0, flat.nbytes, 0)


@_asked
def copy(target: Flat, source: Flat) -> None:
    """The numbers of one in the other's place."""
    if target.size:
        here()
        api.driver.cuMemcpyDtoDAsync(target.ptr, source.ptr, target.nbytes, 0)


# Whether times of this device say something.
TIMES = True


@_asked
def mark() -> Any:
    """A moment in the order of the device's work, for `seconds_between`."""
    here()
    event = cuda.event()
    event.record()
    return event


@_asked
def seconds_between(first: Any, last: Any) -> float:
    """From one moment to a later one; waits for that."""
    last.synchronize()
    return float(first.elapsed_time(last)) / 1e3


@_asked
def wait() -> None:
    """For all that was launched."""
    here()
    cuda.current_context().synchronize()


@_asked
def multiprocessors() -> int:
    """How many blocks compute at the same time, at least."""
    here()
    return int(cuda.get_current_device().MULTIPROCESSOR_COUNT)


def overlap(a: Flat, b: Flat) -> bool:
    """Whether they share a byte."""
    return bool(a.size and b.size and a.ptr < b.ptr + b.nbytes and b.ptr < a.ptr + a.nbytes)


def aligned(array: Any) -> bool:
    """Whether four numbers can be read at once from its first on; in a walk through shapes: as a new array."""
    return not array.has_memory or array.flat.ptr % 16 == 0


def address(flat: Flat) -> int:
    """Where the first number lies."""
    return flat.ptr


@_asked
def capability() -> tuple[int, int]:
    """The device's compute capability."""
    if _index not in _CAPABILITIES:
        here()
        major, minor = cuda.get_current_device().compute_capability
        _CAPABILITIES[_index] = int(major), int(minor)
    return _CAPABILITIES[_index]


@_asked
def facts() -> dict[str, Any]:
    """Name, free bytes (what waits in the pool is free too), and multiply-adds of float32 a second, counted twice."""
    here()
    device = cuda.get_current_device()
    major, minor = device.compute_capability
    # float32 units of a multiprocessor, by compute capability (CUDA C++ Programming Guide, table of throughputs).
    units = 64 if (major, minor) in ((7, 0), (7, 2), (7, 5), (8, 0)) else 128
    name = device.name.decode() if isinstance(device.name, bytes) else str(device.name)
    peak = 2.0 * units * device.MULTIPROCESSOR_COUNT * device.CLOCK_RATE * 1e3
    return {"name": name, "memory": _free() + _pool().waiting, "peak": peak}


@_asked
def description() -> str:
    """The device in a line."""
    here()
    device, memory = cuda.get_current_device(), cuda.current_context().get_memory_info()
    major, minor = device.compute_capability
    knows = ".".join(map(str, api.driver.get_version()))
    has = f"{memory.free / 1e9:.1f} of {memory.total / 1e9:.1f} GB free"
    packages = f"its driver knows CUDA {knows}; numba-cuda {version('numba-cuda')}"
    return f"{facts()['name']}, compute capability {major}.{minor}, {has}; {packages}"


@_asked
def configured(made: Any, blocks: int | tuple[int, ...], threads: int) -> Any:
    """The kernel with the grid that it is launched on. Small grids are meant: a warning of each would be noise."""
    here()
    before, config.CUDA_LOW_OCCUPANCY_WARNINGS = config.CUDA_LOW_OCCUPANCY_WARNINGS, 0
    try:
        return made[blocks, threads]
    finally:
        config.CUDA_LOW_OCCUPANCY_WARNINGS = before
