"""What is wrong with the boxes that are wrong, and with those that are missed.

After Hoiem, Chodpathumwan & Dai 2012, Diagnosing error in object detectors (ECCV), and Bolya, Foley, Hays & Hoffman
2020, TIDE: A general toolbox for identifying object detection errors (arXiv:2008.08115).
"""

from dataclasses import astuple, dataclass
from typing import final

import numpy as np

from cnnkit.metrics.detection.boxes import FoundBoxes, TrueBoxes
from cnnkit.metrics.detection.overlap import box_overlaps

# A box that overlaps a thing by so much is around it; by less than that, but at least so much, it is near it.
AROUND, NEAR = 0.5, 0.1


@final
@dataclass(frozen=True)
class BoxErrors:
    """Boxes, counted.

    right: around a thing of its class, as the surest one.
    doubled: around one that a surer box is right about.   wrong_class: around a thing of another class.
    wrong_place: near a thing of its class.   background: none of these.
    missed: things that no box is right about, and that no box of the wrong class or in the wrong place is meant for.
    """

    right: int = 0
    doubled: int = 0
    wrong_class: int = 0
    wrong_place: int = 0
    background: int = 0
    missed: int = 0

    def __add__(self, other: "BoxErrors") -> "BoxErrors":
        return BoxErrors(*(ours + theirs for ours, theirs in zip(astuple(self), astuple(other), strict=True)))


def box_errors(found: FoundBoxes, true: TrueBoxes, classes: int) -> list[BoxErrors]:
    """For each class what is wrong in one picture, with the boxes of the class and with the things of it.

    found: those that are shown, not all that were found at however low a score.
    A box around a crowd is not counted, nor is the crowd.
    """
    counts = np.zeros((classes, 6), np.int64)
    right, doubled, wrong_class, wrong_place, background, missed = range(6)
    overlaps = box_overlaps(found.corners, true.corners, true.crowd)
    same = found.labels[:, None] == true.labels[None]
    open_, meant = ~true.crowd, true.crowd.copy()
    for d in np.argsort(-found.scores, kind="stable").tolist():
        mine, label = np.where(same[d], overlaps[d], 0.0), int(found.labels[d])
        others = np.where(same[d] | true.crowd, 0.0, overlaps[d])
        free = np.where(open_, mine, 0.0)
        things = np.where(true.crowd, 0.0, mine)
        if free.max(initial=0.0) >= AROUND:
            best = int(free.argmax())
            open_[best], meant[best] = False, True
            counts[label, right] += 1
        elif things.max(initial=0.0) >= AROUND:
            counts[label, doubled] += 1
        elif mine.max(initial=0.0) >= AROUND:
            continue
        elif others.max(initial=0.0) >= AROUND:
            meant[others.argmax()] = True
            counts[label, wrong_class] += 1
        elif things.max(initial=0.0) >= NEAR:
            meant[things.argmax()] = True
            counts[label, wrong_place] += 1
        else:
            counts[label, background] += 1
    np.add.at(counts[:, missed], true.labels[~meant], 1)
    return [BoxErrors(*row) for row in counts.tolist()]
