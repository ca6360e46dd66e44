"""VOC's mean average precision over a mixture of two networks' answers to the same pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from cnnkit.metrics.detection.boxes import FoundBoxes, Labels, Numbers, TrueBoxes
from cnnkit.metrics.detection.voc import average_precision, right_boxes


@final
@dataclass(frozen=True, eq=False)
class _Boxes:
    """What was found of one class, by falling score: whose it is (0 or 1), in which picture, whether it is right."""

    whose: Labels
    picture: Labels
    right: Numbers


@final
class MixedVoc:
    """Each picture's boxes are matched once; then a mixture costs one pass over them.

    found: of the two networks, for each picture.   true: the boxes that are there.
    """

    def __init__(
        self, found: tuple[Sequence[FoundBoxes], Sequence[FoundBoxes]], true: Sequence[TrueBoxes], classes: int
    ) -> None:
        self._wanted = np.zeros((classes, len(true)), np.int64)
        for n, there in enumerate(true):
            np.add.at(self._wanted[:, n], there.labels[~there.crowd], 1)
        self._boxes = [_of_class(label, found, true) for label in range(classes)]

    def value(self, first: Labels, second: Labels) -> float:
        """The mean over the classes that are to be found; 0 where there are none.

        first, second: (pictures,), how often each network's answer counts; with (1, …) and (0, …) it is `VocScore`'s.
        """
        wanted = (self._wanted * (first + second)).sum(axis=1).tolist()
        known = [_average(boxes, (first, second), n) for boxes, n in zip(self._boxes, wanted, strict=True) if n]
        return float(np.mean(known)) if known else 0.0


def _of_class(label: int, found: tuple[Sequence[FoundBoxes], ...], true: Sequence[TrueBoxes]) -> _Boxes:
    whose, picture, right, scores = [], [], [], []
    for network, answers in enumerate(found):
        for n, (answer, there) in enumerate(zip(answers, true, strict=True)):
            mine = answer.of(label)
            marks = right_boxes(mine, there.of(label))
            counted = ~np.isnan(marks)
            right.append(marks[counted])
            scores.append(mine.scores[counted])
            whose.append(np.full(len(right[-1]), network))
            picture.append(np.full(len(right[-1]), n))
    order = np.argsort(-np.concatenate([np.empty(0), *scores]), kind="stable")
    owner, place = (np.concatenate([np.empty(0, np.int64), *column])[order] for column in (whose, picture))
    return _Boxes(owner, place, np.concatenate([np.empty(0), *right])[order])


def _average(boxes: _Boxes, weights: tuple[Labels, Labels], wanted: int) -> float:
    times = np.where(boxes.whose == 0, weights[0][boxes.picture], weights[1][boxes.picture])
    there = times > 0
    times, right = times[there], boxes.right[there]
    hits = np.cumsum(right * times)
    return average_precision(hits / wanted, hits / np.cumsum(times))
