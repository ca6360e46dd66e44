"""Whether regions are kept apart: the Rand score of a task of two classes, such as cells and the membranes between."""

from typing import final

from cnnkit import metrics
from cnnkit.data.targets import VOID
from cnnkit.data.view.connected import components, regions
from cnnkit.tasks.segmentation.places import Masks


@final
class RandScore:
    """The mean over pictures of `metrics.foreground_rand`, of regions of pixels that share a side.

    The regions are those of the class that is more divided in the truth: two of its pixels in one picture lie less
    often in one piece, joined at corners too. So they are what borders keep apart, or what lies on a ground, whichever
    covers more; if they were a ground in one piece, an answer of nothing but ground would be right. Of two classes
    that are as little divided it is the larger one.
    """

    def __init__(self) -> None:
        self._sums, self._pixels, self._pictures = [0.0, 0.0], [0, 0], 0
        # Pairs of pixels of a class in one picture, and those of them that are in one piece.
        self._pairs, self._joined = [0, 0], [0, 0]

    def add(self, answer: Masks, truth: Masks) -> None:
        """Count one picture; until all are counted nobody knows which class is more divided."""
        self._pictures += 1
        for k in range(2):
            inside = truth == k
            areas = [piece.area for piece in components(inside)]
            self._pixels[k] += sum(areas)
            self._pairs[k] += sum(areas) ** 2
            self._joined[k] += sum(area * area for area in areas)
            told = regions((answer == k) & (truth != VOID), corners=False)
            self._sums[k] += metrics.foreground_rand(told, regions(inside, corners=False))

    @property
    def value(self) -> float | None:
        """From 0 to 1; None before the first picture."""
        if not self._pictures:
            return None
        # Shares of whole numbers are compared without a division, which a class without pixels would not bear.
        first, second = self._joined[0] * self._pairs[1], self._joined[1] * self._pairs[0]
        chosen = second < first if first != second else self._pixels[1] > self._pixels[0]
        return self._sums[chosen] / self._pictures
