"""The device in use: chosen for the process, made that of each Python thread; its order of work, and its memory.

All work is in the order of one stream, so memory that is given back may be used again at once. What is captured is
noted in a second one: launches of other Python threads do not get into it then.
"""

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

from numba import cuda
from numba.cuda.cudadrv import driver as api

from cnnkit.errors import CnnkitError, DeviceMemoryError
from cnnkit.kernels.cuda.machine import capture
from cnnkit.kernels.cuda.machine.driver.faults import FAULTS, FULL, fault_of, told
from cnnkit.kernels.cuda.machine.memory import Pool

_thread = threading.local()
_index = 0
# Memory and streams of one device are no other's, should a process use several after each other.
_pools: dict[int, Pool] = {}
_streams: dict[tuple[int, bool], Any] = {}
_alone = threading.Lock()
# Of the driver: a stream that does not wait for the default one, nor that for it.
NON_BLOCKING = 1


def failed(error: Exception) -> CnnkitError:
    """What becomes of one of `FAULTS`: no room, or no answer."""
    if fault_of(error) != FULL:
        return told(error)
    try:
        return pool().full("what a kernel needs beside arrays")
    except CnnkitError:  # it does not even say what is free
        return DeviceMemoryError("The CUDA device has no room for another process.", "Wait until one has ended.")


def asked(work: Callable[..., Any]) -> Any:
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


@asked
def here() -> None:
    """Make the device that of this Python thread, which the driver asks of each."""
    if getattr(_thread, "index", None) != _index:
        cuda.select_device(_index)
        _thread.index = _index


def stream() -> Any:
    """In whose order this Python thread's work is: the device's, or that of a capture."""
    key = _index, capture.under_way() is not None
    found = _streams.get(key)
    if found is None:
        with _alone:
            found = _streams.setdefault(key, _new_stream(*key))
    return found


@asked
def _new_stream(index: int, captures: bool) -> Any:
    if not captures:
        return cuda.stream()
    handle = api.driver.cuStreamCreate(NON_BLOCKING)
    return cuda.current_context().create_external_stream(int(handle))


def handle() -> int:
    """The stream, as the driver takes it."""
    return int(stream().handle)


def new_memory(size: int) -> Any:
    """Bytes of the device's; None where it has no room."""
    try:
        return cuda.current_context().memalloc(size)
    except api.CudaAPIError as error:
        if fault_of(error) == FULL:
            return None
        raise told(error) from error


@asked
def free() -> int:
    """Bytes that the device has left; for a Python thread that was `here`."""
    return int(cuda.current_context().get_memory_info().free)


def pool() -> Pool:
    """That of the device in use."""
    return _pools.setdefault(_index, Pool(new_memory, free))
