"""A computation and the way back through it, noted once, then made again by their kernels alone.

    roundtrip = Roundtrip.of(work, x, read, changed)   # work(x) gives arrays, and what makes gradients of theirs
    trip = roundtrip.begin(x)                          # None while an earlier trip, or a gradient of it, is alive
    trip.results                                       # the bits of what work(x) gives
    trip.back(dys)                                     # the bits of the gradients

A training step of small kernels is a fifth Python, and takes its memory from a block for each size. Here what lies
between there and back lies in one arena, by the lives that arrays had when they were noted. So do the gradients, where
maps have lain before them: until the last is let go of no other trip begins, and they need no memory of their own.

As in `program.py` nothing is taken on trust. The work is done twice, the second time with other numbers in x and twice
the numbers in `read`, the arrays that it reads. Both times its kernels alone must give its bits, out of an arena that
begins without a number, and change the arrays in `changed`, such as running averages, as it did.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Self, final

import numpy as np

from cnnkit.kernels.cpu.machine import buffers, steps, threads
from cnnkit.kernels.cpu.machine.again.arena import Arena, Lives
from cnnkit.kernels.cpu.machine.again.chain import Call, chained
from cnnkit.kernels.cpu.machine.rehearsal import is_rehearsing
from cnnkit.kernels.shared.array import Host

Back = Callable[[list[Host]], list[Host]]
Work = Callable[[Host], tuple[list[Host], Back]]
NO_NUMBER = 0xFF  # as each byte of a float


@final
class _Lent:
    """The floats of an arena while a trip or a gradient needs them, as NumPy reads them. Its end frees the way."""

    __slots__ = ("__array_interface__", "_way")

    def __init__(self, way: "Roundtrip", first: int, size: int) -> None:
        floats = size // buffers.FLOAT.itemsize
        self._way = way
        self.__array_interface__ = {
            "shape": (floats,),
            "typestr": buffers.FLOAT.str,
            "data": (first, False),
            "version": 3,
        }

    def __del__(self) -> None:
        self._way.free.release()


@final
class Trip:
    """Once there, and back at most once.   results: the caller's own."""

    def __init__(self, way: "Roundtrip", lent: _Lent, results: list[Host]) -> None:
        self._way, self._lent, self.results = way, lent, results

    def back(self, dys: Sequence[Host]) -> list[Host]:
        """The gradients, the caller's as long as he wants them."""
        return self._way.back(dys, np.asarray(self._lent))


class _Walk(NamedTuple):
    """The work, done once: where its arrays lie, as they were told when they were at hand.

    turn: how far it was at the end of the way there.   given: as gradients of the results.   bits: a digest of all.
    """

    x: Any
    ys: list[Any]
    dys: list[Any]
    gradients: list[Any]
    turn: int
    given: list[Host]
    bits: bytes


@final
class Roundtrip:
    """free: held while a trip is under way, and as long as somebody has a gradient of it."""

    def __init__(self, walk: _Walk, calls: Sequence[Call], arena: Arena) -> None:
        self._x, self._ys, self._dys, self._gradients = walk.x, walk.ys, walk.dys, walk.gradients
        self._there, self._back = chained(calls[: walk.turn]), chained(calls[walk.turn :])
        self._arena = arena
        self.free = threading.Lock()

    @classmethod
    def of(cls, work: Work, x: Host, read: Sequence[Host], changed: Sequence[Host]) -> Self | None:
        """The roundtrip of this work; None where kernels are not all that happens in there."""
        rng, lives = np.random.default_rng(0), Lives()
        with buffers.taken_from(lives), _unchanged(changed):
            first = _walked(work, x, rng, changed, lives.number, lives.number, lambda: len(lives.lives))
        if None in first.ys or any(number is None or number < first.turn for number in first.gradients):
            return None
        buffers.trim()  # what this took is not needed again
        arena, calls = Arena(list(lives.lives)), list[Call]()
        other = rng.standard_normal(x.shape, dtype=np.float32)
        token = steps.noted.set(lambda function, args: calls.append((function, arena.twins(args))))
        try:
            with buffers.taken_from(arena), _unchanged(changed), _doubled(read):
                second = _walked(work, other, rng, changed, arena.twins, arena.span, lambda: len(calls))
        finally:
            steps.noted.reset(token)
        if not arena.kept:
            return None
        arena.memory.fill(NO_NUMBER)
        found = cls(second, calls, arena)
        with _doubled(read):
            right = found._gives(second, other, changed)
        return found if right and found._gives(first, x, changed) else None

    def _gives(self, walk: _Walk, x: Host, changed: Sequence[Host]) -> bool:
        """Whether the kernels alone give what the work gave."""
        with _unchanged(changed):
            trip = self.begin(x)
            assert trip is not None, "nobody else has it yet"
            bits = _digest(trip.results)
            return bits + _digest([*trip.back(walk.given), *changed]) == walk.bits

    def begin(self, x: Host) -> Trip | None:
        """The way there; None while an earlier trip or a gradient of it is alive, or kernels do not run."""
        if is_rehearsing() or not self.free.acquire(blocking=False):
            return None
        lent = _Lent(self, self._arena.first, self._arena.size)
        np.copyto(self._x, x)
        threads.launch_all(self._there)
        return Trip(self, lent, [_copy(y) for y in self._ys])

    def back(self, dys: Sequence[Host], memory: Host) -> list[Host]:
        """The way back of the trip that is under way, whose memory this is."""
        for place, dy in zip(self._dys, dys, strict=True):
            np.copyto(place, dy)
        threads.launch_all(self._back)
        return [memory[span].reshape(shape) for span, shape in self._gradients]


def _walked(
    work: Work,
    x: Host,
    rng: np.random.Generator,
    changed: Sequence[Host],
    place: Callable[[Host], Any],
    left: Callable[[Host], Any],
    far: Callable[[], int],
) -> _Walk:
    """Do the work.   place, left: tell where an array of its own lies, and a gradient.   far: how far it is."""
    own = _copy(x)
    x_place = place(own)
    ys, back = work(own)
    del own  # like all else it lives no longer than it is needed
    y_places, turn, told = [place(y) for y in ys], far(), _digest(ys)
    given = [rng.standard_normal(y.shape, dtype=np.float32) for y in ys]
    del ys
    dys = [_copy(dy) for dy in given]
    dy_places = [place(dy) for dy in dys]
    gradients = back(dys)
    del dys
    bits = told + _digest([*gradients, *changed])
    return _Walk(x_place, y_places, dy_places, [left(gradient) for gradient in gradients], turn, given, bits)


def _copy(array: Host) -> Host:
    own = buffers.empty(array.shape, array.dtype)
    np.copyto(own, array)
    return own


def _digest(arrays: Sequence[Host]) -> bytes:
    """As good as all their bits, which would take as much memory again."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.digest()


@contextmanager
def _unchanged(arrays: Sequence[Host]) -> Iterator[None]:
    before = [array.copy() for array in arrays]
    try:
        yield
    finally:
        for array, numbers in zip(arrays, before, strict=True):
            np.copyto(array, numbers)


@contextmanager
def _doubled(arrays: Sequence[Host]) -> Iterator[None]:
    """Twice the numbers of floats: of them half is exact."""
    for array in arrays:
        np.multiply(array, 2, out=array)
    try:
        yield
    finally:
        for array in arrays:
            np.multiply(array, 0.5, out=array)
