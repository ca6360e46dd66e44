"""COCO's measure of detection: average precision over ten least overlaps, and its twelve numbers.

Lin et al. 2014, Microsoft COCO: Common objects in context (arXiv:1405.0312), as its evaluation defines it: overlaps of
0.5, 0.55, …, 0.95, precision at 101 recalls, three ranges of areas, and at most 1, 10 or 100 boxes of a class in a
picture.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from cnnkit.metrics.detection.boxes import Flags, FoundBoxes, Numbers, TrueBoxes
from cnnkit.metrics.detection.matching import Matched, matched

OVERLAPS: Numbers = np.linspace(0.5, 0.95, 10)
RECALLS: Numbers = np.linspace(0.0, 1.0, 101)
# Areas in pixels, both ends inclusive.
RANGES = {"all": (0.0, 1e10), "small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}
# Boxes of a class that count in a picture.
MOST = (1, 10, 100)
# The twelve numbers, in COCO's order.
TWELVE = (
    *("map", "ap50", "ap75", "ap_small", "ap_medium", "ap_large"),
    *("ar1", "ar10", "ar100", "ar_small", "ar_medium", "ar_large"),
)
# In a curve of a class that has no box of the range: nothing can be said.
NOTHING = -1.0


@final
@dataclass(frozen=True, eq=False)
class CocoCurves:
    """precision: (T, R, K, A, M) at the least overlaps, recalls, classes, ranges and most boxes above.

    recall: (T, K, A, M), the highest that is reached. Both are NOTHING where no box is to be found.
    """

    precision: Numbers
    recall: Numbers

    def twelve(self) -> dict[str, float | None]:
        """The twelve numbers by name; None where no box is to be found."""
        every, last = range(len(RANGES)), len(MOST) - 1
        values = [
            _mean(self.precision[..., 0, last]),
            *(_mean(self.precision[[t]][..., 0, last]) for t in (0, 5)),
            *(_mean(self.precision[..., k, last]) for k in every[1:]),
            *(_mean(self.recall[..., 0, m]) for m in range(len(MOST))),
            *(_mean(self.recall[..., k, last]) for k in every[1:]),
        ]
        return dict(zip(TWELVE, values, strict=True))

    def of_class(self, label: int) -> float | None:
        """The first of the twelve, of one class alone."""
        return _mean(self.precision[:, :, label, 0, -1])

    def curve(self, label: int) -> Numbers:
        """(R,): the precision of a class at each recall, at the least overlap of 0.5; NOTHING where it has no box."""
        curve: Numbers = self.precision[0, :, label, 0, -1]
        return curve


@final
class CocoScore:
    """Pictures are added one by one; in which order decides between equal scores alone."""

    def __init__(self, classes: int) -> None:
        self._of_class: list[list[Matched]] = [[] for _ in range(classes)]

    def add(self, found: FoundBoxes, true: TrueBoxes) -> None:
        """The boxes of one more picture, labels from 0 on."""
        for label in np.union1d(found.labels, true.labels).tolist():
            mine = found.of(label, MOST[-1]), true.of(label)
            self._of_class[label].append(matched(*mine, OVERLAPS, tuple(RANGES.values())))

    def curves(self) -> CocoCurves:
        """Precision and recall over all pictures so far."""
        T, R, K, A, M = len(OVERLAPS), len(RECALLS), len(self._of_class), len(RANGES), len(MOST)
        precision, recall = np.full((T, R, K, A, M), NOTHING), np.full((T, K, A, M), NOTHING)
        for k, pictures in enumerate(self._of_class):
            wanted = sum((picture.wanted for picture in pictures), np.zeros(A, np.int64))
            for m, most in enumerate(MOST if wanted.any() else ()):
                hit, ignored = _joined(pictures, most)
                for a in np.flatnonzero(wanted):
                    found = ~ignored[:, a]
                    curve = _precision(hit[:, a] & found, ~hit[:, a] & found, int(wanted[a]))
                    precision[:, :, k, a, m], recall[:, k, a, m] = curve
        return CocoCurves(precision, recall)

    def values(self) -> Mapping[str, float | None]:
        """The twelve numbers."""
        return self.curves().twelve()


def _joined(pictures: Sequence[Matched], most: int) -> tuple[Flags, Flags]:
    """(hit, ignored), (T, A, boxes) each: the first boxes of every picture, all by falling score."""
    order = np.argsort(-np.concatenate([picture.scores[:most] for picture in pictures]), kind="stable")
    hit = np.concatenate([picture.hit[..., :most] for picture in pictures], axis=2)[..., order]
    return hit, np.concatenate([picture.ignored[..., :most] for picture in pictures], axis=2)[..., order]


def _precision(right: Flags, wrong: Flags, wanted: int) -> tuple[Numbers, Numbers]:
    """((T, R) the precision at each recall, (T,) the highest recall) of boxes by falling score, (T, boxes) each.

    At a recall stands the best precision that is reached with it or with more; beyond the highest it is 0. As
    COCO's own evaluation adds a smallest number below the line, a perfect precision is 1 - 2**-52.
    """
    T, n = right.shape
    at_recall, highest = np.zeros((T, len(RECALLS))), np.zeros(T)
    if not n:
        return at_recall, highest
    hits, misses = (np.cumsum(flags, axis=1, dtype=np.float64) for flags in (right, wrong))
    recall, precision = hits / wanted, hits / (misses + hits + np.spacing(1))
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    for t in range(T):
        place = np.searchsorted(recall[t], RECALLS, side="left")
        reached = place < n
        at_recall[t, reached] = precision[t, place[reached]]
    return at_recall, recall[:, -1]


def _mean(values: Numbers) -> float | None:
    """Of what can be said; None where that is nothing."""
    said = values[values > NOTHING]
    return float(np.mean(said)) if said.size else None
