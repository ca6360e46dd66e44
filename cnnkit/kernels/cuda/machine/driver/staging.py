"""Memory of this machine that a device reads and writes by itself, so that nobody waits until it has.

A copy from ordinary memory first waits for all that was launched before it, and then for itself: a step that brings its
images and labels so would leave the device idle until the next is launched. What is brought through here is copied into
locked memory at once, and from there to the device in its turn; the memory is used again when that is done. So too with
a loss that is to be read when later steps are on their way: it is sent for at once, and waited for alone.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, final

import numpy as np

from cnnkit.kernels.cuda.machine.memory import size_class

# Bytes of locked memory in all, and of one array; larger ones, as at the start of a training, are worth a wait.
MOST, LARGEST = 256 << 20, 64 << 20


@final
class Staging:
    """new: so many bytes that the device can read, as an array of uint8; None where there are none.

    mark: a moment in the order of the device's work.   reached: whether it has come to one.   until: wait for one.
    """

    def __init__(
        self,
        new: Callable[[int], np.ndarray | None],
        mark: Callable[[], Any],
        reached: Callable[[Any], bool],
        until: Callable[[Any], None],
        most: int = MOST,
    ) -> None:
        self._new, self._mark, self._reached, self._until, self._most = new, mark, reached, until, most
        self._ready: dict[int, list[np.ndarray]] = {}
        self._away: deque[tuple[Any, np.ndarray]] = deque()
        self._lock = threading.RLock()
        self.held = 0

    def send(self, numbers: np.ndarray, copy: Callable[[np.ndarray], None]) -> bool:
        """Take a copy of contiguous numbers and have `copy` send it off; False where there is no such memory.

        copy: launches what reads the first bytes of the array that it is given.
        """
        with self._lock:
            room = self._room(numbers.nbytes)
            if room is None:
                return False
            room[: numbers.nbytes] = numbers.reshape(-1).view(np.uint8)
            copy(room)
            self._away.append((self._mark(), room))
        return True

    def receive(self, count: int, copy: Callable[[np.ndarray], None]) -> Callable[[], np.ndarray] | None:
        """Have `copy` bring so many bytes; what is returned waits for these alone and has them as an array of uint8.

        Called again, it gives the same array.   None: there is no such memory.

        copy: launches what writes the first bytes of the array that it is given.
        """
        with self._lock:
            room = self._room(count)
            if room is None:
                return None
            copy(room)
            return _Coming(room, count, self._mark(), self._until, self._come_back, self._away)

    def _room(self, count: int) -> np.ndarray | None:
        size = size_class(count)
        while self._away and self._reached(self._away[0][0]):
            self._come_back(self._away.popleft()[1])
        while not self._ready.get(size):
            if self.held + size <= self._most:
                room = self._new(size)
                self.held += 0 if room is None else size
                return room
            if self._away:
                self._until(self._away[0][0])
                self._come_back(self._away.popleft()[1])
            elif self._ready:
                self.held -= sum(room.size for rooms in self._ready.values() for room in rooms)
                self._ready.clear()  # of other sizes
            else:
                return None
        return self._ready[size].pop()

    def _come_back(self, room: np.ndarray) -> None:
        with self._lock:
            self._ready.setdefault(room.size, []).append(room)


@final
class _Coming:
    """Bytes that were sent for: a call waits for them, copies them once and gives their memory back.

    One that nobody asks for leaves its memory among what is away, for the device may write there still.
    """

    def __init__(
        self,
        room: np.ndarray,
        count: int,
        moment: Any,
        until: Callable[[Any], None],
        come_back: Callable[[np.ndarray], None],
        away: deque[tuple[Any, np.ndarray]],
    ) -> None:
        self._room: np.ndarray | None = room
        self._count, self._moment, self._until, self._come_back, self._away = count, moment, until, come_back, away
        self._found = room[:0]
        self._lock = threading.Lock()

    def __call__(self) -> np.ndarray:
        with self._lock:
            room = self._room
            if room is not None:
                self._until(self._moment)
                self._found, self._room = room[: self._count].copy(), None
                self._come_back(room)
        return self._found

    def __del__(self) -> None:
        if self._room is not None:
            self._away.append((self._moment, self._room))  # whole by itself: this may come in the midst of anything
