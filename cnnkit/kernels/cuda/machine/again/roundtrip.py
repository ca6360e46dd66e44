"""A training step's network, there and back, as two graphs (`kernels.of(x).roundtrip`).

    roundtrip = roundtrip(work, x, read, changed)   # work(x) gives arrays, and what makes gradients of theirs
    trip = roundtrip.begin(x)                       # None while an earlier trip, or a gradient of it, is alive
    trip.results                                    # the bits of what work(x) gives
    trip.back(dys)                                  # the bits of the gradients

As on this machine's own cores (`kernels/cpu/machine/again`) nothing is taken on trust. The work is done for two inputs,
the second with twice the numbers in `read`, the arrays that it reads: both times the graphs must give its bits, and
change the arrays in `changed`, such as running averages, as it did.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, final

import numpy as np

from cnnkit.errors import DeviceMemoryError
from cnnkit.kernels.cuda.machine.again.same import bits, doubled, drawn, is_fit, place, unchanged
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.capture import NotRepeatable, Room
from cnnkit.kernels.cuda.machine.home import copy, copy_into, empty
from cnnkit.kernels.cuda.machine.launch import chip
from cnnkit.kernels.cuda.machine.rehearsal import is_rehearsing
from cnnkit.kernels.shared.array import Host

Arrays = Sequence[DeviceArray]
# What lies on this machine, such as a counter of the loss's, must stay as it is: no launch changes it.
Changed = Sequence[DeviceArray | Host]
Back = Callable[[list[DeviceArray]], list[DeviceArray]]
Work = Callable[[DeviceArray], tuple[list[DeviceArray], Back]]


def roundtrip(work: Work, x: DeviceArray, read: Arrays, changed: Changed) -> "Roundtrip | None":
    """The roundtrip of this work, which is called three times; None where launches are not all that happens there.

    Nor is there one where its memory would leave the device too little for a step of another shape.
    """
    if is_rehearsing() or not is_fit([x, *read]):
        return None
    rng = np.random.default_rng(0)
    first = _done(work, x, rng, changed)  # and what was launched once can be captured: its code is on the device
    room = chip.room()
    try:
        with unchanged(changed):
            found = Roundtrip.captured(work, x.shape, room)
        if found is None or room.size > chip.free() or not found.gives(first, changed):
            return None
        with doubled(read):
            right = found.gives(_done(work, drawn(rng, x.shape), rng, changed), changed)
        return found if right else None
    except (NotRepeatable, DeviceMemoryError):
        return None


class _Done(NamedTuple):
    """The work, done once.   given: as gradients of its results.   bits: of all that it gave and changed."""

    x: DeviceArray
    given: Arrays
    bits: list[bytes]


def _done(work: Work, x: DeviceArray, rng: np.random.Generator, changed: Changed) -> _Done:
    with unchanged(changed):
        ys, back = work(x)
        given = [drawn(rng, y.shape) for y in ys]
        there = bits(ys)
        del ys  # like all else it lives no longer than it is needed
        return _Done(x, given, there + bits([*back(list(map(copy, given))), *changed]))


class _Part(NamedTuple):
    """A graph, and where it reads and writes, as places in a room."""

    graph: Any
    given: Arrays
    found: Arrays

    def launch(self, given: Arrays) -> None:
        for room, array in zip(self.given, given, strict=True):
            copy_into(room, array)
        self.graph.launch()


@final
class _Lent:
    """The memory of a trip, while that or a gradient needs it. Its end frees the way."""

    def __init__(self, way: "Roundtrip") -> None:
        self._way = way

    def __del__(self) -> None:
        self._way.free.release()


@final
class Trip:
    """Once there, and back at most once.   results: the caller's own."""

    def __init__(self, way: "Roundtrip", lent: _Lent, results: list[DeviceArray]) -> None:
        self._way, self._lent, self.results = way, lent, results

    def back(self, dys: Arrays) -> list[DeviceArray]:
        """The gradients, the caller's as long as he wants them."""
        return self._way.back(dys, self._lent)


@final
class Roundtrip:
    """free: held while a trip is under way, and as long as somebody has a gradient of it."""

    def __init__(self, there: _Part, back: _Part, room: Room) -> None:
        self._there, self._back, self.room = there, back, room
        self._device, self.free = chip.selected(), threading.Lock()

    @classmethod
    def captured(cls, work: Work, shape: tuple[int, ...], room: Room) -> "Roundtrip | None":
        """Its launches; None where it gives other arrays than kernels write. Arrays live as long as in the work."""

        def go() -> tuple[DeviceArray, list[DeviceArray], Back]:
            x = empty(shape)
            ys, back = work(x)
            return place(x), ys, back

        there, (x, ys, back) = chip.captured(go, room)
        if not is_fit(ys):
            return None
        ys = list(map(place, ys))

        def return_home() -> tuple[list[DeviceArray], list[DeviceArray]]:
            dys = [empty(y.shape) for y in ys]
            places = list(map(place, dys))
            return places, back(dys)

        behind, (dys, gradients) = chip.captured(return_home, room)
        if not is_fit(gradients):
            return None
        return cls(_Part(there, [x], ys), _Part(behind, dys, list(map(place, gradients))), room)

    def gives(self, done: _Done, changed: Changed) -> bool:
        """Whether it has the bits of the work that was done, and changes what that changed."""
        chip.spoil(self.room)
        with unchanged(changed):
            trip = self.begin(done.x)
            assert trip is not None, "nobody else has it yet"
            found = bits(trip.results)
            return found + bits([*trip.back(done.given), *changed]) == done.bits

    def begin(self, x: DeviceArray) -> Trip | None:
        """The way there; None while an earlier trip or a gradient of it is alive, or where no kernel runs."""
        if is_rehearsing() or self._device != chip.selected() or not self.free.acquire(blocking=False):
            return None
        lent = _Lent(self)
        self._there.launch([x])
        return Trip(self, lent, [copy(y) for y in self._there.found])

    def back(self, dys: Arrays, lent: _Lent) -> list[DeviceArray]:
        """The way back of the trip that is under way, whose memory that is."""
        self._back.launch(dys)
        return [place(gradient, lent) for gradient in self._back.found]
