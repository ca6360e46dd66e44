"""What `judge` counts of a classifier's answers."""

from typing import final

import numpy as np

from cnnkit import kernels
from cnnkit.data.load.batch import Batch
from cnnkit.errors import ShapeError
from cnnkit.kernels.shared.array import Array
from cnnkit.metrics import ClassScore, per_class, topk_correct
from cnnkit.tasks.task import Judgement, Tally


def check_logits(shape: tuple[int, ...], classes: int) -> None:
    """ShapeError where logits of this shape are not of so many classes."""
    if len(shape) != 2 or shape[1] != classes:
        raise ShapeError(
            f"A network for {classes} classes gives (N, {classes}), but this one gives {shape}. "
            f"End it with Flatten and Linear(..., {classes})."
        )


@final
class ClassificationTally(Tally):
    """Each image's loss, truth, best class and its score: 28 bytes an image, whatever the number of classes."""

    def __init__(self, classes: int) -> None:
        self._classes = classes
        self._losses: list[Array] = []
        self._labels: list[Array] = []
        self._best: list[Array] = []
        self._scores: list[Array] = []
        self._within_five = 0

    def add(self, outputs: Array, batch: Batch) -> None:
        check_logits(outputs.shape, self._classes)
        losses, scores = kernels.of(outputs).cross_entropy(outputs, batch.targets)
        best = outputs.argmax(axis=1)
        self._losses.append(np.asarray(losses, np.float64))
        self._labels.append(batch.targets)
        self._best.append(best)
        self._scores.append(scores[np.arange(len(best)), best].astype(np.float32))
        self._within_five += int(topk_correct(outputs, batch.targets, 5).sum())

    def judgement(self) -> Judgement:
        n = len(self.labels)
        right = int((self.labels == self.answers).sum())
        return Judgement(float(self.losses.sum()) / max(n, 1), {"top1": right / max(n, 1)}, n)

    def by_class(self) -> list[ClassScore]:
        return per_class(self.answers, self.labels, self._classes)

    @property
    def losses(self) -> Array:
        """(n,) float64, the cross-entropy of each image, in the order of the batches."""
        return np.concatenate([np.zeros(0), *self._losses])

    @property
    def labels(self) -> Array:
        """(n,) the truth."""
        return np.concatenate([np.zeros(0, np.int64), *self._labels])

    @property
    def answers(self) -> Array:
        """(n,) the best class of each image."""
        return np.concatenate([np.zeros(0, np.int64), *self._best])

    @property
    def scores(self) -> Array:
        """(n,) float32, the score of that best class, from 0 to 1."""
        return np.concatenate([np.zeros(0, np.float32), *self._scores])

    @property
    def top5(self) -> float:
        """Share of images whose truth is among the five best."""
        return self._within_five / max(len(self.labels), 1)
