"""Memory of a device that is used again when the last array over it dies, and what is said when there is no more.

To take memory of the driver waits for all that was launched, so a step that takes none is a step that never waits.
After the first of its kind a step finds each size in the pool.
"""

import threading
from collections.abc import Callable
from typing import Any, final

from cnnkit.errors import DeviceMemoryError

LINE = 512  # bytes: where the driver's own memory begins


@final
class Block:
    """Memory of a pool in use; its end is the return there."""

    __slots__ = ("pool", "raw", "size")

    def __init__(self, raw: Any, size: int, pool: "Pool") -> None:
        self.raw, self.size, self.pool = raw, size, pool

    def __del__(self) -> None:
        try:
            self.pool.give(self.size, self.raw)
        except (AttributeError, TypeError):
            return  # the interpreter ends, or the block was never made


class Pool:
    """new: so many bytes of the device, None where it has no room.   free: bytes that it has left."""

    def __init__(self, new: Callable[[int], Any], free: Callable[[], int]) -> None:
        self._new, self._free = new, free
        self._waits: dict[int, list[Any]] = {}
        # Several threads may predict at once; a block that dies inside `take` comes back in the midst of it.
        self._lock = threading.RLock()
        self.waiting = self.used = 0

    def take(self, count: int) -> Block:
        """Room for so many bytes.

        Raises:
            DeviceMemoryError: the device has no room, also not without what waits.
        """
        size = size_class(count)
        with self._lock:
            waits = self._waits.get(size)
            if waits:
                raw = waits.pop()
                self.waiting -= size
            else:
                raw = self._new(size)
                if raw is None and self.waiting:
                    self.clear()
                    raw = self._new(size)
                if raw is None:
                    raise self.full(f"{size / 1e6:,.0f} MB more", size)
            self.used += size
        return Block(raw, size, self)

    def full(self, what: str, wanted: int = 0) -> DeviceMemoryError:
        """The error where there is no room for something of so many bytes."""
        free = self._free()
        return DeviceMemoryError(
            f"The CUDA device has no room for {what}: arrays take {self.used / 1e6:,.0f} MB and {free / 1e6:,.0f} MB "
            "are free.",
            "Use a smaller --batch-size or --image-size.",
            wanted=wanted,
            used=self.used,
            free=free,
        )

    def give(self, size: int, raw: Any) -> None:
        """What an array has left."""
        with self._lock:
            self.used -= size
            self.waiting += size
            self._waits.setdefault(size, []).append(raw)

    def clear(self) -> None:
        """Give all that waits back to the device."""
        with self._lock:
            self._waits.clear()
            self.waiting = 0


def size_class(count: int) -> int:
    """Bytes to take for `count`: whole lines, then eighths of a power of two, so that near sizes share."""
    step = max(LINE, 1 << max(count.bit_length() - 4, 0))
    return -(-count // step) * step
