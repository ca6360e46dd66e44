"""What stands on the features of proposals: for each class a machine that scores them and a regression that moves them.

pictures = [Seen(features of true boxes and proposals, their corners, labels, crowd) ...]
heads = learn(pictures, classes=3)
heads.found(features, proposals, size=(H, W))      (P, 6): corners, score, label, as every detector answers
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from cnnkit import kernels
from cnnkit.errors import DataError
from cnnkit.kernels.shared.array import Host
from cnnkit.models.detection.rcnn import regression
from cnnkit.models.detection.rcnn.mining import mine
from cnnkit.models.detection.rcnn.regression import BoxRegression
from cnnkit.models.detection.rcnn.roles import Roles, roles
from cnnkit.models.detection.rcnn.svm import LinearSvm

# The mean length that features are brought to: what the cost of an example is meant for.
LENGTH = 20.0
# The paper's λ of box regression.
RIDGE = 1000.0


@final
@dataclass(frozen=True, eq=False)
class Seen:
    """A picture to learn from: its m true boxes and then its proposals, n in all, with the features of each.

    features: (n, d) float32.   corners: (n, 4) float32.   labels: (m,) int64.   crowd: (m,) bool.
    """

    features: Host
    corners: Host
    labels: Host
    crowd: Host

    def roles(self, classes: int) -> Roles:
        """What its proposals teach."""
        m = len(self.labels)
        return roles(self.corners[m:], self.corners[:m], self.labels, self.crowd, classes)


@final
@dataclass(frozen=True, eq=False)
class Heads:
    """machines, regressions: of each class; None where no proposal showed how to move.   scale: of all features."""

    machines: tuple[LinearSvm, ...]
    regressions: tuple[BoxRegression | None, ...]
    scale: float

    def found(
        self,
        features: Host,
        proposals: Host,
        size: tuple[int, int],
        *,
        places: int = 100,
        score: float = 0.05,
        iou: float = 0.3,
    ) -> Host:
        """(places, 6) float32: x_min, y_min, x_max, y_max, score, label, by falling score; empty places as `select`.

        A machine's answer s becomes the score 1 / (1 + e^-s): one half on its plane. Each class moves the proposals by
        itself, and then drops those that overlap a better one by more than `iou` (the paper's 0.3).

        size: (height, width), beyond which no box goes.
        """
        scores, boxes = self.scored(features, proposals, size)
        found: Host = kernels.of(boxes).select(boxes[None], scores[None], score=score, iou=iou, places=places)[0]
        return found

    def scored(self, features: Host, proposals: Host, size: tuple[int, int]) -> tuple[Host, Host]:
        """Scores (P, K) and boxes (P, K, 4) of each proposal, all of them."""
        scaled = features * np.float32(self.scale)
        answers = np.stack([machine.scores(scaled) for machine in self.machines], axis=1)
        scores = (1 / (1 + np.exp(-np.clip(answers, -50, 50)))).astype(np.float32)
        moved = [proposals if r is None else r.moved(scaled, proposals) for r in self.regressions]
        boxes = np.clip(np.stack(moved, axis=1), 0, np.tile(np.array(size[::-1], np.float32), 2)).astype(np.float32)
        return scores, boxes


def learn(pictures: Sequence[Seen], classes: int, *, ridge: float = RIDGE, epochs: int = 1, **options: Any) -> Heads:
    """Machines and regressions of all classes.

    Args:
        epochs: of mining, over all pictures; see `mining.mine`.
        options: of `svm.fit`.

    Raises:
        DataError: a class has no true box, or the features are all 0.
    """
    scale, taught = scale_of(pictures), [seen.roles(classes) for seen in pictures]
    machines = [machine_of(label, pictures, taught, scale, epochs=epochs, **options) for label in range(classes)]
    regressions = [regression_of(label, pictures, taught, scale, ridge=ridge) for label in range(classes)]
    return Heads(tuple(machines), tuple(regressions), scale)


def scale_of(pictures: Sequence[Seen]) -> float:
    """What brings features to a mean length of LENGTH."""
    length = np.mean([length for seen in pictures for length in np.linalg.norm(seen.features, axis=1)])
    if not 0 < length < np.inf:
        raise DataError(
            f"Features have a mean length of {length}: nothing can be learned from them. Train their network first."
        )
    return LENGTH / float(length)


def machine_of(
    label: int, pictures: Sequence[Seen], taught: Sequence[Roles], scale: float, **options: Any
) -> LinearSvm:
    """The machine of one class.   options: of `mining.mine`."""
    positives = np.concatenate([seen.features[: len(seen.labels)][_are(seen, label)] for seen in pictures])
    negatives = [
        scale * seen.features[len(seen.labels) :][role.negative[:, label]]
        for seen, role in zip(pictures, taught, strict=True)
    ]
    return mine(scale * positives, negatives, **options)


def regression_of(
    label: int, pictures: Sequence[Seen], taught: Sequence[Roles], scale: float, *, ridge: float = RIDGE
) -> BoxRegression | None:
    """How one class moves proposals; None where none of them showed it."""
    pairs = [np.concatenate(part) for part in zip(*_moves(pictures, taught, label), strict=True)]
    if not pairs:
        return None
    features, proposals, boxes = pairs
    return regression.fit(scale * features, proposals, boxes, ridge=ridge)


def _are(seen: Seen, label: int) -> Host:
    """Which true boxes are things of that class."""
    chosen: Host = (seen.labels == label) & ~seen.crowd
    return chosen


def _moves(pictures: Sequence[Seen], taught: Sequence[Roles], label: int) -> Iterator[tuple[Host, Host, Host]]:
    """Features, corners and true boxes of the proposals that a class learns to move from, of pictures that have any."""
    for seen, role in zip(pictures, taught, strict=True):
        m = len(seen.labels)
        rows = np.flatnonzero((role.truth >= 0) & (seen.labels[role.truth] == label)) if m else np.empty(0, np.int64)
        if len(rows):
            yield seen.features[m + rows], seen.corners[m + rows], seen.corners[role.truth[rows]]
