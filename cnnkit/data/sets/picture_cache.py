"""Decoded pictures in memory: what a picture costs is paid once, as long as there is room."""

import os
import threading
from pathlib import Path
from typing import final

from cnnkit.data.sample import Pixels
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.data.view.view import load_image

CACHE_BYTES = 256 << 20


@final
class PictureCache:
    """Read pictures at one size, and keep what was read, uint8, until `room` is full. Safe among threads.

    Nothing is thrown out for something new: an epoch asks for every picture once, so what stays is what helps.
    """

    def __init__(self, preprocessing: Preprocessing, room: int = CACHE_BYTES) -> None:
        self.preprocessing = preprocessing
        H, W, C = preprocessing.shape
        self.each = H * W * C
        self.pictures = max(0, room) // self.each
        self._kept: dict[str, Pixels] = {}
        self._adding = threading.Lock()

    def __call__(self, path: str | Path) -> Pixels:
        name = os.fspath(path)
        image = self._kept.get(name)
        if image is None:
            image = load_image(path, self.preprocessing)
            image.flags.writeable = False
            with self._adding:
                if len(self._kept) < self.pictures:
                    self._kept[name] = image
        return image

    @property
    def growth(self) -> int:
        """Bytes that it may yet take."""
        return (self.pictures - len(self._kept)) * self.each

    def holds(self, path: str | Path) -> bool:
        """Whether the picture need not be decoded."""
        return os.fspath(path) in self._kept
