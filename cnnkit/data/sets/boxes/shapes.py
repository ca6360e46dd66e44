"""The shapes with the smallest upright boxes around what is seen of them."""

import hashlib
from typing import final

import numpy as np

from cnnkit.data.picture.boxes import bright_colours
from cnnkit.data.sets.shapes import KINDS, SIDE, Scene, Shapes
from cnnkit.data.targets import Boxes


@final
class ShapeBoxes(Shapes):
    """The same pictures as `ShapeMasks`; the background is no class here."""

    task, fit = "detection", "letterbox"

    def __init__(self, part: str, size: tuple[int, int] = (SIDE, SIDE), *, grey: bool = False) -> None:
        super().__init__(part, size, grey=grey)
        self.classes, self.colours = list(KINDS), bright_colours(len(KINDS))

    def target(self, scene: Scene) -> Boxes:
        corners = np.zeros((len(scene.kinds), 4), np.float32)
        for box, seen in zip(corners, scene.seen, strict=True):
            rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
            # The last pixel ends where the next one begins.
            box[:] = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
        return Boxes(corners, np.array(scene.kinds, np.int64))

    def fingerprint(self) -> str:
        return hashlib.sha256(f"boxes {super().fingerprint()}".encode()).hexdigest()
