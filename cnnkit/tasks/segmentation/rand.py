"""Whether regions are kept apart: the Rand score of a task of two classes, such as cells and the membranes between."""

from typing import final

import numpy as np

from cnnkit import metrics
from cnnkit.data.targets import VOID
from cnnkit.data.view.connected import regions
from cnnkit.tasks.segmentation.places import Masks


@final
class RandScore:
    """The mean over pictures of `metrics.foreground_rand`, of regions of pixels that share a side.

    The regions are those of the class that has more pixels in the truth: what lies between things is thin.
    """

    def __init__(self) -> None:
        self._sums, self._pixels, self._pictures = [0.0, 0.0], [0, 0], 0

    def add(self, answer: Masks, truth: Masks) -> None:
        """Count one picture; until all are counted nobody knows which class has more pixels."""
        self._pictures += 1
        for k in range(2):
            inside = truth == k
            self._pixels[k] += int(np.count_nonzero(inside))
            told = regions((answer == k) & (truth != VOID), corners=False)
            self._sums[k] += metrics.foreground_rand(told, regions(inside, corners=False))

    @property
    def value(self) -> float | None:
        """From 0 to 1; None before the first picture."""
        if not self._pictures:
            return None
        return self._sums[self._pixels[1] > self._pixels[0]] / self._pictures
