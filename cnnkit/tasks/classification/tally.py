"""What `judge` counts of a classifier's answers."""

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np

from cnnkit import kernels
from cnnkit.data.load.batch import Batch
from cnnkit.errors import ShapeError
from cnnkit.kernels.shared.array import Host
from cnnkit.metrics import ClassScore, macro_f1, per_class, topk_correct
from cnnkit.serialize.fields import Range
from cnnkit.tasks.tally import Judgement, Tally

_SHARE: Range = (0.0, 1.0)
# What `class_summary` tells.
SUMMARY: Mapping[str, tuple[Any, Range | None]] = {
    "macro_f1": (float | None, _SHARE),
    "worst_class": (str | None, None),
    "worst_f1": (float | None, _SHARE),
    "worst_images": (int | None, None),
}


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

    def __init__(self, classes: list[str]) -> None:
        self.classes = classes
        self._losses: list[Host] = []
        self._labels: list[Host] = []
        self._best: list[Host] = []
        self._scores: list[Host] = []
        self._within_five = 0

    def add(self, outputs: Host, batch: Batch) -> None:
        check_logits(outputs.shape, len(self.classes))
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
        """How well each class is known, in the order of labels."""
        return per_class(self.answers, self.labels, len(self.classes))

    def more(self) -> Mapping[str, Any]:
        return class_summary(self.classes, self.by_class())

    @property
    def losses(self) -> Host:
        """(n,) float64, the cross-entropy of each image, in the order of the batches."""
        return np.concatenate([np.zeros(0), *self._losses])

    @property
    def labels(self) -> Host:
        """(n,) the truth."""
        return np.concatenate([np.zeros(0, np.int64), *self._labels])

    @property
    def answers(self) -> Host:
        """(n,) the best class of each image."""
        return np.concatenate([np.zeros(0, np.int64), *self._best])

    @property
    def scores(self) -> Host:
        """(n,) float32, the score of that best class, from 0 to 1."""
        return np.concatenate([np.zeros(0, np.float32), *self._scores])

    @property
    def top5(self) -> float:
        """Share of images whose truth is among the five best."""
        return self._within_five / max(len(self.labels), 1)


def class_summary(classes: Sequence[str], by_class: Sequence[ClassScore]) -> dict[str, Any]:
    """How the classes differ: the plain mean of F1, and the class with the lowest; None where there are no images."""
    judged = [(row.f1, label) for label, row in enumerate(by_class) if row.support]
    if not judged:
        return dict.fromkeys(SUMMARY)
    f1, label = min(judged)
    found = (macro_f1(by_class), classes[label], f1, by_class[label].support)
    return dict(zip(SUMMARY, found, strict=True))
