"""The threads of a simulated block, one after the other: each runs until it waits, then the next has its turn.

Numba's own way lets all run at once and asks each again and again whether it waits: 8 ms for a barrier. Here a thread
that waits hands its turn on, which takes some microseconds, and those that never wait share one thread of the system.

Turns are taken from the first thread to the last, after each barrier the other way round, so that both a thread
that reads what an earlier one writes and one that reads what a later one writes would be found where a barrier is
missing. Within `backwards()` the last thread begins, for a kernel's first stretch is as much in doubt as its second.
Which order it is may change no result.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numba.cuda.simulator import kernel, kernelapi

WARP = 32
_from_the_last = [False]


@contextmanager
def backwards() -> Iterator[None]:
    """Inside, the last thread of a block begins."""
    _from_the_last.append(not _from_the_last[-1])
    try:
        yield
    finally:
        _from_the_last.pop()


def closed() -> Any:
    """A lock that somebody else opens: acquiring it waits for that."""
    lock = threading.Lock()
    lock.acquire()
    return lock


class _Ended(BaseException):
    """Another thread of the block has failed."""


class _Runner(threading.Thread):
    """A thread of the system that is one of the block's at a time; kernels ask it who they are."""

    block: "Block"

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.turn = closed()
        self.thread_id = self.products = 0
        self.start()

    def run(self) -> None:
        while True:
            self.turn.acquire()
            block = self.block
            while block.coming:
                self._be(block.coming.pop())
            _idle.append(self)
            block.hand_on()

    def _be(self, place: tuple[int, ...]) -> None:
        block = self.block
        self.threadIdx, self.blockIdx = kernelapi.Dim3(*place), block.place
        wide, high, _ = block.size
        self.thread_id, self.products = place[0] + wide * (place[1] + high * place[2]), 0
        try:
            block.function()
        except _Ended:
            pass
        except BaseException as error:
            error.add_note(f"Thread {place} of block {tuple(block.place)}.")
            block.error, block.coming = error, []
        block.living[self.thread_id // WARP] -= 1

    def syncthreads(self) -> None:
        """Wait for all threads of the block."""
        self._wait(-1)

    def syncwarp(self) -> None:
        """Wait for those of the warp."""
        self._wait(self.thread_id // WARP)

    def _wait(self, where: int) -> None:
        self.block.waiting.setdefault(where, []).append(self)
        self.block.hand_on()
        self.turn.acquire()
        if self.block.error is not None:
            raise _Ended


# What ends keeps its thread of the system for the next block.
_idle: list[_Runner] = []
os.register_at_fork(after_in_child=_idle.clear)


class Block:
    """Numba's `BlockManager`, by turns. One thread at a time runs, so nothing here is locked."""

    def __init__(self, function: Callable[..., None], grid: Any, size: tuple[int, ...], debug: bool) -> None:
        self._function, self.size = function, tuple(size)
        self.error: BaseException | None = None
        self.waiting: dict[int, list[_Runner]] = {}
        self.ready: list[_Runner] = []
        self._done = closed()
        # Shared memory is the block's own, and begins as what no result has.
        kernel._get_kernel_context().shared._allocations.clear()

    def run(self, place: tuple[int, ...], *args: Any) -> None:
        """Called by Numba for each block of a grid."""
        self.place, self.function = kernelapi.Dim3(*place), lambda: self._function(*args)
        self.coming = [index[::-1] for index in np.ndindex(*self.size[::-1])]  # x is the fastest
        self.living = np.bincount(np.arange(len(self.coming)) // WARP).tolist()
        # What the threads of each warp hand each other in `conv/mma.py`.
        self.given = np.full((2, len(self.living), WARP, 6), np.nan, np.float32)
        if not _from_the_last[-1]:
            self.coming.reverse()  # they are taken from the end
        self.hand_on()
        self._done.acquire()
        if self.error is not None:
            raise self.error

    def hand_on(self) -> None:
        """The turn to one that has not begun, to one that may go on, or, where all have ended, to the caller."""
        if self.coming:
            runner = _idle.pop() if _idle else _Runner()
            runner.block = self
            runner.turn.release()
            return
        if not self.ready:
            self._open()
        if self.ready:
            self.ready.pop().turn.release()
        else:
            self._done.release()

    def _open(self) -> None:
        """Let on those for whom nobody is missing; the last that came is taken first."""
        full = [where for where, there in self.waiting.items() if len(there) == self._wanted(where) or self.error]
        self.ready = [runner for where in full for runner in self.waiting.pop(where)]
        if self.waiting and not self.ready:
            self.error = RuntimeError("The threads of a block wait for each other at different barriers.")
            self._open()

    def _wanted(self, where: int) -> int:
        return int(self.living[where] if where >= 0 else sum(self.living))
