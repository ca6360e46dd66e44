"""The shapes with the class of each of their pixels."""

from typing import final

import numpy as np

from cnnkit.data.sets.shapes import KINDS, SIDE, Scene, Shapes
from cnnkit.data.targets import Mask

CLASSES = ("background", *KINDS)
COLOURS = ((0, 0, 0), (224, 32, 48), (32, 160, 72), (48, 88, 224))


@final
class ShapeMasks(Shapes):
    """Where no shape is, there is the background."""

    task, fit = "segmentation", "keep"

    def __init__(self, part: str, size: tuple[int, int] = (SIDE, SIDE), *, grey: bool = False) -> None:
        super().__init__(part, size, grey=grey)
        self.classes, self.colours = list(CLASSES), COLOURS

    def target(self, scene: Scene) -> Mask:
        labels = np.zeros(self.size, np.uint8)
        for kind, seen in zip(scene.kinds, scene.seen, strict=True):
            labels[seen] = 1 + kind
        labels.flags.writeable = False
        return Mask(labels)
