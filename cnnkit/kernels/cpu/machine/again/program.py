"""A computation noted once, then made again by its kernels alone, without Python between them.

    program = Program.of(work, x)     # work(x) gives arrays; None where it cannot be made again this way
    arrays = program(x)               # for any x of that shape: the same bits as work(x)

A network for one small picture is some hundred kernels of 10 to 100 us, and what lies between two of them, shapes,
checks, tables, new arrays, takes 25 us; by then the other threads sleep, and to wake them costs as much again. Kernels
depend on shapes alone, never on numbers, so the same calls with the same places in memory do the same for other x.

That nothing else had a hand in it is not taken on trust: a program is kept if it gives the bits of `work` for other
numbers too.
"""

import threading
from collections.abc import Callable
from typing import Self, final

import numpy as np

from cnnkit.kernels.cpu.machine import buffers, steps, threads
from cnnkit.kernels.cpu.machine.again.arena import Arena, Lives
from cnnkit.kernels.cpu.machine.again.chain import Call, chained
from cnnkit.kernels.cpu.machine.rehearsal import is_rehearsing
from cnnkit.kernels.shared.array import Host

Work = Callable[[Host], list[Host]]
MOST_BYTES = 1 << 26  # of memory that a program keeps
SMALL = 1 << 12  # bytes of a result: its lines are soon read, wherever they lie


@final
class Program:
    """calls: (function, arguments), in order.   x, results: where the first reads and the last have written."""

    def __init__(self, x: Host, calls: list[Call], results: list[Host]) -> None:
        self._x, self._results = x, results
        self._calls = chained(calls)
        self._alone = threading.Lock()

    @classmethod
    def of(cls, work: Work, x: Host) -> Self | None:
        """The program of work(x), which is called three times; None if that is not all that happens in there."""
        lives = Lives()
        with buffers.taken_from(lives):
            wanted = work(x)
        arena = Arena(list(lives.lives))
        if arena.size > MOST_BYTES:
            return None
        program = cls._noted(work, x, arena)
        if program is None or not _same(program(x), wanted):
            return None
        other = np.random.default_rng(0).standard_normal(x.shape, dtype=np.float32)
        return program if _same(program(other), work(other)) else None

    @classmethod
    def _noted(cls, work: Work, x: Host, arena: Arena) -> Self | None:
        calls: list[Call] = []
        place = buffers.empty(x.shape)
        np.copyto(place, x)
        token = steps.noted.set(lambda function, args: calls.append((function, arena.twins(args))))
        try:
            with buffers.taken_from(arena):
                results = [arena.twins(array) for array in work(place)]
        finally:
            steps.noted.reset(token)
        return cls(place, calls, results) if arena.kept else None

    def __call__(self, x: Host) -> list[Host] | None:
        """What `work` gives for x; None while another Python thread is at it, or kernels do not run."""
        if is_rehearsing() or not self._alone.acquire(blocking=False):
            return None
        try:
            np.copyto(self._x, x)
            threads.launch_all(self._calls)
            return [_own(array) for array in self._results]
        finally:
            self._alone.release()


def _own(array: Host) -> Host:
    """A copy; a small one in memory of NumPy's own, which it has ready in a third of a microsecond."""
    if array.nbytes <= SMALL:
        return array.copy()
    own = buffers.empty(array.shape, array.dtype)
    np.copyto(own, array)
    return own


def _same(found: list[Host] | None, wanted: list[Host]) -> bool:
    """Whether all bits are equal."""
    return found is not None and all(one.tobytes() == other.tobytes() for one, other in zip(found, wanted, strict=True))
