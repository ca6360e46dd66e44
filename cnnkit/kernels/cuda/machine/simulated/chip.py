"""Memory in Numba's simulator: NumPy's arrays; and what else a device is asked for."""

import itertools
import threading
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any, TypeVar, final

import numpy as np
from numba.cuda.simulator import kernel, kernelapi

from cnnkit.kernels.cuda.machine import capture
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.capture import Room
from cnnkit.kernels.cuda.machine.simulated import checked, turns
from cnnkit.kernels.cuda.machine.simulated.checked import Checked, Flat

T = TypeVar("T")

# What a driver says where it fails: there is none.
FAULTS: tuple[type[Exception], ...] = ()


def failed(error: Exception) -> Exception:
    """What becomes of one of these."""
    return error


def take(count: int, dtype: np.dtype[Any]) -> Flat:
    """Room for so many numbers, filled with what no result has; in a capture as it was left."""
    under_way = capture.under_way()
    if under_way is not None and count:
        block = under_way.room.take(count * dtype.itemsize)
        return Flat(block, block.raw[: count * dtype.itemsize].view(dtype).view(Checked))
    memory = np.full(count, np.nan if dtype.kind == "f" else 77, dtype)
    return Flat(None, memory.view(Checked))


def part(flat: Flat, first: int, count: int) -> Flat:
    """So many of the numbers, from one on."""
    return Flat(flat.owner, flat._ary[first : first + count])


def owned(flat: Flat, owner: Any) -> Flat:
    """The same numbers, kept alive by another."""
    return Flat(owner, flat._ary)


def free() -> int:
    """Bytes that are left: never a reason to leave something."""
    return 1 << 62


def upload(flat: Any, host: np.ndarray) -> None:
    """NumPy's numbers, one axis, brought there."""
    if host.size:
        capture.refuse()
    np.asarray(flat._ary)[...] = host


def download(flat: Any) -> np.ndarray:
    """The numbers in an array of NumPy's."""
    if flat.size:
        capture.refuse()
    host: np.ndarray = np.array(flat._ary, copy=True, subok=False)
    return host


def download_later(flat: Any) -> Callable[[], np.ndarray]:
    """As `download`, sent for now."""
    host = download(flat)
    return lambda: host


def clear(flat: Any) -> None:
    """All bytes 0."""
    _done(lambda place: np.copyto(np.asarray(place._ary), 0), flat)


def copy(target: Any, source: Any) -> None:
    """The numbers of one in the other's place."""
    _done(lambda place, numbers: np.copyto(np.asarray(place._ary), numbers._ary), target, source)


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
    capture.refuse()


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


# Numba's simulator runs one kernel at a time.
_one_at_a_time = threading.Lock()


@final
class Record:
    """made: a kernel of the simulator's."""

    def __init__(self, made: Any, signature: Sequence[Any]) -> None:
        self._made = made

    def launch(self, blocks: int | tuple[int, ...], threads: int, args: Sequence[Any]) -> None:
        """So many blocks."""

        def work(*given: Any) -> None:
            with _one_at_a_time:
                self._made[blocks, threads](*given)

        _done(work, *map(_given, args))


def _given(value: Any) -> Any:
    """As a kernel takes it: floats have 32 bits."""
    kind = type(value)
    if kind is DeviceArray:
        return value.flat
    if kind is float:
        return np.float32(value)
    if isinstance(value, tuple):
        given = map(_given, value)
        return tuple(given) if kind is tuple else kind(*given)
    return value


def _done(work: Callable[..., None], *args: Any) -> None:
    """At once, or in a capture whenever its graph is launched; memory that an array leaves is then taken again."""
    under_way = capture.under_way()
    if under_way is None:
        work(*args)
    else:
        places = [owned(arg, None) if isinstance(arg, Flat) else arg for arg in args]
        under_way.notes.append(lambda: work(*places))


def room() -> Room:
    """For what will be captured."""
    return Room(lambda size: np.empty(size, np.uint8), free)


def spoil(room: Room) -> None:
    """All its bytes 255, a NaN in each float: what reads before it writes is noticed."""
    for raw, _ in room.made:
        raw.fill(255)


@final
class Graph:
    """What was captured."""

    def __init__(self, notes: list[Callable[[], None]]) -> None:
        self._notes = notes

    def launch(self) -> None:
        """Do it all."""
        for note in self._notes:
            note()


def captured(work: Callable[[], T], room: Room) -> tuple[Graph, T]:
    """The launches of `work`, none of which is done, and what it gives."""
    with capture.begun(room) as under_way:
        result = work()
    return Graph(under_way.notes), result


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


kernel.BlockManager = turns.Block
kernelapi.FakeCUDAShared.array = checked.shared
kernelapi.FakeCUDALocal.array = checked.local
