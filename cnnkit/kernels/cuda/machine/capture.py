"""Work that is noted instead of done, to be done again and again by one launch: a CUDA graph.

    graph, result = chip.captured(work, room)     # work() launches, but nothing runs
    graph.launch()                                # now it does, as often as it is called

A graph keeps the addresses of its launches. So what is made within lies in a `Room` of its own, where memory that an
array leaves is taken by the next, as in any other work; what was made before is kept alive by the graph.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, final

from cnnkit.kernels.cuda.machine.memory import Block, Pool


class NotRepeatable(Exception):  # noqa: N818 - nothing went wrong
    """What was to be captured asks for numbers, or brings some: it would not do that again."""


@final
class Room(Pool):
    """Memory of one computation, or of the parts of one: given back as a whole, when the last has let go of it."""

    def __init__(self, new: Callable[[int], Any], free: Callable[[], int]) -> None:
        self.made: list[tuple[Any, int]] = []

        def noted(size: int) -> Any:
            raw = new(size)
            if raw is not None:
                self.made.append((raw, size))
            return raw

        super().__init__(noted, free)

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(size for _, size in self.made)

    def clear(self) -> None:
        """Nothing: graphs have its addresses."""


@final
class Capture:
    """What is under way in a Python thread.

    room: where memory is taken.   held: memory of others that the graph reads.   notes: of the simulator, what to do.
    """

    def __init__(self, room: Room) -> None:
        self.room = room
        self.held: list[Block] = []
        self.notes: list[Callable[[], None]] = []


_thread = threading.local()


def under_way() -> Capture | None:
    """That of this Python thread, if there is one."""
    found: Capture | None = getattr(_thread, "capture", None)
    return found


@contextmanager
def begun(room: Room) -> Iterator[Capture]:
    """Inside, what this Python thread launches is noted, and what it makes lies in that room."""
    _thread.capture = capture = Capture(room)
    try:
        yield capture
    finally:
        _thread.capture = None


def hold(*owners: Any) -> None:
    """Where work is noted: keep that memory alive as long as what is noted, but for that of the room."""
    capture = under_way()
    if capture is not None:
        capture.held += [owner for owner in owners if getattr(owner, "pool", None) not in (None, capture.room)]


def refuse() -> None:
    """Raise NotRepeatable where work is noted: called by what brings numbers, or waits for some."""
    if under_way() is not None:
        raise NotRepeatable
