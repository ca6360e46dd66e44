"""What each proposal of a picture teaches: which class it shows, whom it is a negative of, where its thing truly is.

    fine-tuning   the class of the true box that it overlaps by at least 0.5, else ground
    machines      a class's positives are its true boxes alone; its negatives overlap each of them by less than 0.3
    regression    the true box that it overlaps by more than 0.6

What lies between is left out. A crowd's box has no positives, and what lies on it and shows no thing is neither ground
nor anybody's negative: nobody can say what it shows.

Source: Girshick et al. 2014, arXiv:1311.2524, sections 2.3 and appendices B and C.
"""

from dataclasses import dataclass
from typing import final

import numpy as np

from cnnkit import kernels
from cnnkit.kernels.shared.array import Host
from cnnkit.models.detection.detector import BoxBatch
from cnnkit.models.detection.parts import on_crowds

SHOWS, NEGATIVE, MOVES = 0.5, 0.3, 0.6
# The class of what teaches nothing.
UNTAUGHT = -1


@final
@dataclass(frozen=True, eq=False)
class Roles:
    """Of P proposals, in a picture with things of K classes.

    shown: (P,) int64, the class that each shows; K for ground, UNTAUGHT on a crowd.
    negative: (P, K) bool, of which classes.
    truth: (P,) int64, the true box by which it learns to move; -1 for none.
    """

    shown: Host
    negative: Host
    truth: Host


def roles(proposals: Host, corners: Host, labels: Host, crowd: Host, classes: int) -> Roles:
    """Of proposals (P, 4) beside true boxes (m, 4), float32, of classes (m,), of which some are crowds (m,)."""
    count, things = len(proposals), np.flatnonzero(~crowd)
    iou = kernels.of(proposals).box_iou(proposals, corners)
    negative = np.ones((count, classes), bool)
    for label in np.unique(labels):
        negative[:, label] = iou[:, labels == label].max(axis=1) < NEGATIVE
    crowded = on_crowds(BoxBatch(corners[None], labels[None], crowd[None]), proposals)[0]
    if not len(things):
        return Roles(np.where(crowded, UNTAUGHT, classes), negative & ~crowded[:, None], np.full(count, -1))
    closest = things[iou[:, things].argmax(axis=1)]
    overlap = iou[np.arange(count), closest]
    shown, crowded = overlap >= SHOWS, crowded & (overlap < SHOWS)
    kinds = np.where(shown, labels[closest], np.where(crowded, UNTAUGHT, classes))
    return Roles(kinds, negative & ~crowded[:, None], np.where(overlap > MOVES, closest, -1))
