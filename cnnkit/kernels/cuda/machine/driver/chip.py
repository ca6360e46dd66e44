"""What a device is asked for, by its driver: memory taken, filled and read, moments of its work; and what it is."""

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np
from numba import cuda
from numba.cuda.cudadrv import driver as api

from cnnkit.kernels.cuda.machine import capture
from cnnkit.kernels.cuda.machine.driver.captured import captured, room, spoil
from cnnkit.kernels.cuda.machine.driver.device import asked, failed, free, handle, here, pool, select, selected, stream
from cnnkit.kernels.cuda.machine.driver.faults import FAULTS
from cnnkit.kernels.cuda.machine.driver.flat import Flat, address, aligned, overlap, owned, part
from cnnkit.kernels.cuda.machine.driver.record import Record
from cnnkit.kernels.cuda.machine.driver.staging import LARGEST, Staging

__all__ = [
    "FAULTS",
    "Flat",
    "Record",
    "address",
    "aligned",
    "captured",
    "failed",
    "free",
    "here",
    "overlap",
    "owned",
    "part",
    "room",
    "select",
    "selected",
    "spoil",
]

_CAPABILITIES: dict[int, tuple[int, int]] = {}


def take(count: int, dtype: np.dtype[Any]) -> Flat:
    """Room for so many numbers."""
    here()
    if not count:
        return Flat(None, 0, 0, dtype)
    under_way = capture.under_way()
    block = (pool() if under_way is None else under_way.room).take(count * dtype.itemsize)
    return Flat(block, int(block.raw.device_pointer_value), count, dtype)


@asked
def upload(flat: Flat, host: np.ndarray) -> None:
    """NumPy's numbers, one axis, brought there in their turn; they may be written to at once, and nobody waits."""
    if not flat.size:
        return
    capture.refuse()
    here()

    def copy(numbers: np.ndarray) -> None:
        api.driver.cuMemcpyHtoDAsync(flat.ptr, numbers.ctypes.data, flat.nbytes, handle())

    if flat.nbytes > LARGEST or not _staging().send(host, copy):
        copy(host)
        stream().synchronize()


def _locked(size: int) -> np.ndarray | None:
    """Bytes of this machine's that a device can read; None where it has none."""
    try:
        room: np.ndarray = cuda.pinned_array(size, dtype=np.uint8)
    except FAULTS:
        return None
    return room


def _moment() -> Any:
    event = cuda.event(timing=False)
    event.record(stream())
    return event


_stagings: dict[int, Staging] = {}


def _staging() -> Staging:
    """Of the device that was selected."""
    if selected() not in _stagings:
        _stagings[selected()] = Staging(
            _locked, _moment, lambda event: event.query(), lambda event: event.synchronize()
        )
    return _stagings[selected()]


@asked
def download(flat: Flat) -> np.ndarray:
    """The numbers in an array of NumPy's, once all that was launched before is done."""
    host = np.empty(flat.size, flat.dtype)
    if flat.size:
        capture.refuse()
        here()
        api.driver.cuMemcpyDtoHAsync(host.ctypes.data, flat.ptr, flat.nbytes, handle())
        stream().synchronize()
    return host


@asked
def download_later(flat: Flat) -> Callable[[], np.ndarray]:
    """As `download`, but sent for now: who calls what is returned waits for what was launched before this alone."""
    capture.refuse()
    here()

    def copy(numbers: np.ndarray) -> None:
        api.driver.cuMemcpyDtoHAsync(numbers.ctypes.data, flat.ptr, flat.nbytes, handle())

    read = _staging().receive(flat.nbytes, copy) if 0 < flat.nbytes <= LARGEST else None
    if read is None:
        return partial(download, flat)
    wanted: Callable[[], np.ndarray] = asked(lambda: read().view(flat.dtype))
    return wanted


@asked
def clear(flat: Flat) -> None:
    """All bytes 0."""
    if flat.size:
        here()
        api.driver.cuMemsetD8Async(flat.ptr, 0, flat.nbytes, handle())


@asked
def copy(target: Flat, source: Flat) -> None:
    """The numbers of one in the other's place."""
    if target.size:
        here()
        capture.hold(source.owner)
        api.driver.cuMemcpyDtoDAsync(target.ptr, source.ptr, target.nbytes, handle())


# Whether times of this device say something.
TIMES = True


@asked
def mark() -> Any:
    """A moment in the order of the device's work, for `seconds_between`."""
    here()
    event = cuda.event()
    event.record(stream())
    return event


@asked
def seconds_between(first: Any, last: Any) -> float:
    """From one moment to a later one; waits for that."""
    last.synchronize()
    return float(first.elapsed_time(last)) / 1e3


@asked
def wait() -> None:
    """For all that was launched."""
    capture.refuse()
    here()
    cuda.current_context().synchronize()


@asked
def multiprocessors() -> int:
    """How many blocks compute at the same time, at least."""
    here()
    return int(cuda.get_current_device().MULTIPROCESSOR_COUNT)


@asked
def capability() -> tuple[int, int]:
    """The device's compute capability."""
    if selected() not in _CAPABILITIES:
        here()
        major, minor = cuda.get_current_device().compute_capability
        _CAPABILITIES[selected()] = int(major), int(minor)
    return _CAPABILITIES[selected()]


@asked
def facts() -> dict[str, Any]:
    """Name, free bytes (what waits in the pool is free too), and multiply-adds of float32 a second, counted twice."""
    here()
    device = cuda.get_current_device()
    major, minor = device.compute_capability
    # float32 units of a multiprocessor, by compute capability (CUDA C++ Programming Guide, table of throughputs).
    units = 64 if (major, minor) in ((7, 0), (7, 2), (7, 5), (8, 0)) else 128
    name = device.name.decode() if isinstance(device.name, bytes) else str(device.name)
    peak = 2.0 * units * device.MULTIPROCESSOR_COUNT * device.CLOCK_RATE * 1e3
    return {"name": name, "memory": free() + pool().waiting, "peak": peak}


@asked
def description() -> str:
    """The device in a line."""
    here()
    device, memory = cuda.get_current_device(), cuda.current_context().get_memory_info()
    major, minor = device.compute_capability
    knows = ".".join(map(str, api.driver.get_version()))
    has = f"{memory.free / 1e9:.1f} of {memory.total / 1e9:.1f} GB free"
    packages = f"its driver knows CUDA {knows}; numba-cuda {version('numba-cuda')}"
    return f"{facts()['name']}, compute capability {major}.{minor}, {has}; {packages}"
