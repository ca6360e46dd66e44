"""PASCAL VOC's measure of detection: average precision at one least overlap.

Everingham et al. 2010, The PASCAL visual object classes (VOC) challenge, International Journal of Computer Vision 88,
section 4.2: until 2009 precision at eleven recalls, since 2010 the area below the curve.
"""

from typing import final

import numpy as np

from cnnkit.metrics.detection.boxes import FoundBoxes, Numbers, TrueBoxes
from cnnkit.metrics.detection.overlap import box_overlaps

LEAST_OVERLAP = 0.5


def average_precision(recall: Numbers, precision: Numbers) -> float:
    """The area below the curve, from the surest box on, once precision is made to fall: VOC since 2010.

    recall, precision: (n,), after each box that was found, by falling score.
    """
    at = np.concatenate([[0.0], recall, [1.0]])
    falling = np.maximum.accumulate(np.concatenate([precision, [0.0]])[::-1])[::-1]
    return float(np.sum(np.diff(at) * falling))


def eleven_points(recall: Numbers, precision: Numbers) -> float:
    """The mean of the best precision with a recall of at least 0, 0.1, …, 1: VOC until 2009."""
    points = [precision[recall >= k / 10].max(initial=0.0) for k in range(11)]
    return float(np.mean(points))


@final
class VocScore:
    """Pictures are added one by one.

    A box that was found is right if the one of its class that it overlaps most, by at least LEAST_OVERLAP, was not
    found by a surer one. If that is of a crowd, it does not count.
    """

    def __init__(self, classes: int) -> None:
        self.wanted = np.zeros(classes, np.int64)
        self._scores: list[list[Numbers]] = [[] for _ in range(classes)]
        self._right: list[list[Numbers]] = [[] for _ in range(classes)]

    def add(self, found: FoundBoxes, true: TrueBoxes) -> None:
        """The boxes of one more picture, labels from 0 on."""
        for label in np.union1d(found.labels, true.labels).tolist():
            mine, there = found.of(label), true.of(label)
            self.wanted[label] += np.count_nonzero(~there.crowd)
            right = right_boxes(mine, there)
            counted = ~np.isnan(right)
            self._scores[label].append(mine.scores[counted])
            self._right[label].append(right[counted])

    def curve(self, label: int) -> tuple[Numbers, Numbers, Numbers]:
        """(recall, precision, score), (n,) each, after each box of the class, by falling score.

        Where none of the class is to be found, recall is 0.
        """
        scores = np.concatenate([np.empty(0), *self._scores[label]])
        order = np.argsort(-scores, kind="stable")
        right = np.cumsum(np.concatenate([np.empty(0), *self._right[label]])[order])
        recall: Numbers = right / max(1, int(self.wanted[label]))
        return recall, right / np.arange(1, len(order) + 1), scores[order]

    def per_class(self, *, points: bool = False) -> list[float | None]:
        """The average precision of each class; None where none is to be found.   points: at eleven recalls."""
        measure = eleven_points if points else average_precision
        return [measure(*self.curve(k)[:2]) if self.wanted[k] else None for k in range(len(self.wanted))]

    def mean(self, *, points: bool = False) -> float:
        """The mean over the classes that are to be found; 0 where there are none."""
        known = [value for value in self.per_class(points=points) if value is not None]
        return float(np.mean(known)) if known else 0.0


def right_boxes(found: FoundBoxes, true: TrueBoxes) -> Numbers:
    """(n,): 1 for each right box, 0 for each wrong one, NaN for what does not count."""
    right = np.zeros(len(found))
    if not len(true):
        return right
    overlaps = box_overlaps(found.corners, true.corners)
    taken = np.zeros(len(true), bool)
    for d, best in enumerate(overlaps.argmax(axis=1).tolist()):
        if overlaps[d, best] < LEAST_OVERLAP:
            continue
        if true.crowd[best]:
            right[d] = np.nan
        elif not taken[best]:
            taken[best], right[d] = True, 1.0
    return right
