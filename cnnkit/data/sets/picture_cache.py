"""Decoded pictures in memory: what a picture costs is paid once, as long as there is room."""

import math
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import final

from cnnkit.config import available_memory
from cnnkit.data.sample import Pixels
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.data.view.view import load_image

CACHE_BYTES = 256 << 20


def room_for_pictures(share: float) -> int:
    """Bytes that decoded pictures may take: this share of the free memory, or what is usual where that is unknown."""
    free = available_memory()
    return int(share * free) if free is not None else CACHE_BYTES if share else 0


@final
class Kept:
    """Arrays by name, kept until `room` bytes are full. Safe among threads.

    Nothing is thrown out for something new: an epoch asks for every picture once, so what stays is what helps.
    """

    def __init__(self, room: int) -> None:
        self.room = max(0, room)
        self._kept: dict[str, tuple[Pixels, ...]] = {}
        self._taken = 0
        self._adding = threading.Lock()

    def __call__(self, name: str, read: Callable[[], tuple[Pixels, ...]]) -> tuple[Pixels, ...]:
        """What is kept under the name, or what `read` gives, not to be written to."""
        arrays = self._kept.get(name)
        if arrays is None:
            arrays = read()
            for array in arrays:
                array.flags.writeable = False
            size = sum(array.nbytes for array in arrays)
            with self._adding:
                if name not in self._kept and self._taken + size <= self.room:
                    self._kept[name] = arrays
                    self._taken += size
        return arrays

    @property
    def growth(self) -> int:
        """Bytes that it may yet take."""
        return self.room - self._taken

    def holds(self, name: str) -> bool:
        """Whether something is kept under the name."""
        return name in self._kept


@final
class PictureCache:
    """Read pictures, and keep what was read, uint8, until `room` bytes are full. Safe among threads.

    They are kept at the network's size, as small as can be; or as they were `decoded`, for changes that are to see the
    whole picture, such as crops and mosaics.
    """

    def __init__(self, preprocessing: Preprocessing, room: int = CACHE_BYTES, *, decoded: bool = False) -> None:
        self.preprocessing, self.decoded = preprocessing, decoded
        self._reading = replace(preprocessing, fit="keep") if decoded else preprocessing
        room = max(0, room)
        if not self._reading.keeps_size:
            room -= room % math.prod(preprocessing.shape)
        self._kept = Kept(room)

    def __call__(self, path: str | Path) -> Pixels:
        return self._kept(os.fspath(path), lambda: (load_image(path, self._reading),))[0]

    @property
    def room(self) -> int:
        """Bytes in all."""
        return self._kept.room

    @property
    def pictures(self) -> int:
        """How many of the network's size find room."""
        return self.room // math.prod(self.preprocessing.shape)

    @property
    def growth(self) -> int:
        """Bytes that it may yet take."""
        return self._kept.growth

    def holds(self, path: str | Path) -> bool:
        """Whether the picture need not be decoded."""
        return self._kept.holds(os.fspath(path))
