"""CUDA graphs, by the driver: what a Python thread launches is captured, and launched again as a whole.

One launch costs Python some 10 to 30 us, a small kernel takes less; a graph of a hundred kernels costs one.
"""

from collections.abc import Callable
from typing import Any, TypeVar, final

from numba import cuda
from numba.cuda.cudadrv import driver as api

from cnnkit.kernels.cuda.machine import capture
from cnnkit.kernels.cuda.machine.capture import NotRepeatable, Room
from cnnkit.kernels.cuda.machine.driver.device import asked, free, handle, here, new_memory, pool
from cnnkit.kernels.cuda.machine.driver.faults import FAULTS, FULL, fault_of

T = TypeVar("T")
# Of the driver: calls that are not captured, such as those that take memory, are let through. A graph without options.
RELAXED, PLAIN = 2, 0
# What the driver says where a call cannot be captured: CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED and others of that name.
REFUSALS = "CUDA_ERROR_STREAM_CAPTURE_"
# No driver, or no package, that can; or the device is lost, or the interpreter ends.
CANNOT: tuple[type[Exception], ...] = (*FAULTS, AttributeError, TypeError)


def room() -> Room:
    """For what will be captured: what waits elsewhere is given back to the device before."""
    pool().clear()
    return Room(new_memory, free)


@asked
def spoil(room: Room) -> None:
    """All its bytes 255, a NaN in each float: what reads before it writes is noticed."""
    here()
    for raw, size in room.made:
        api.driver.cuMemsetD8Async(int(raw.device_pointer_value), 255, size, handle())


@final
class Graph:
    """What was captured.   held: memory that it reads, and that nobody else need keep."""

    def __init__(self, executable: Any, held: list[Any]) -> None:
        self._executable, self._held = executable, held

    @asked
    def launch(self) -> None:
        """Do it all, in its turn."""
        here()
        api.driver.cuGraphLaunch(self._executable, handle())

    def __del__(self) -> None:
        try:
            api.driver.cuGraphExecDestroy(self._executable)
        except CANNOT:
            return


@asked
def captured(work: Callable[[], T], room: Room) -> tuple[Graph, T]:
    """The launches of `work`, none of which is done, and what it gives: places in that room.

    Raises:
        NotRepeatable: it asks for numbers, brings some, or does what the driver does not capture.
    """
    here()
    # What dies meanwhile is not given back before the end: the driver would not capture that.
    with cuda.defer_cleanup(), capture.begun(room) as under_way:
        graph, result = _noted(work, handle())
    try:
        executable = api.driver.cuGraphInstantiate(graph, PLAIN)
    except FAULTS as error:
        if fault_of(error) == FULL:
            raise
        raise NotRepeatable from error
    finally:
        api.driver.cuGraphDestroy(graph)
    return Graph(executable, under_way.held), result


def _noted(work: Callable[[], T], stream: int) -> tuple[Any, T]:
    try:
        api.driver.cuStreamBeginCapture(stream, api.binding.CUstreamCaptureMode(RELAXED))
    except CANNOT as error:
        raise NotRepeatable from error
    try:
        result = work()
        return api.driver.cuStreamEndCapture(stream), result
    except BaseException as error:
        _abandon(stream)
        if REFUSALS in str(error):
            raise NotRepeatable from error
        raise


def _abandon(stream: int) -> None:
    """End a capture that came to nothing."""
    try:
        api.driver.cuGraphDestroy(api.driver.cuStreamEndCapture(stream))
    except CANNOT:
        return  # it was ended by what went wrong
