"""Classification: one label per image."""

from dataclasses import dataclass
from typing import final

import numpy as np

from cnnkit import kernels
from cnnkit.autograd import Tensor
from cnnkit.data.loader import Batch
from cnnkit.errors import ShapeError
from cnnkit.kernels.shared.array import Array
from cnnkit.metrics import ClassScore, per_class, topk_correct
from cnnkit.nn import Module
from cnnkit.nn.blocks import WithAuxiliary
from cnnkit.ops.loss import cross_entropy
from cnnkit.tasks.task import Judgement, StepLoss, Tally, Task


@final
@dataclass(frozen=True)
class Ranking:
    """The best classes of one image and their scores, best first."""

    indices: tuple[int, ...]
    scores: tuple[float, ...]


@final
class ClassificationTask(Task[Ranking]):
    """classes: the name of each label.

    label_smoothing: of the training loss; the judged loss has none.
    class_weights: (K,), how much the images of each class count in the training loss; None: all the same.
    """

    name = "classification"

    def __init__(self, classes: list[str], label_smoothing: float = 0.0, class_weights: Array | None = None) -> None:
        self.classes, self.label_smoothing, self.class_weights = classes, label_smoothing, class_weights

    def loss(self, model: Module, batch: Batch) -> StepLoss:
        outputs = model(Tensor(batch.x))
        logits, auxiliary, weight = outputs if isinstance(outputs, WithAuxiliary) else WithAuxiliary(outputs, (), 0.0)
        value = self._loss(logits, batch)
        for further in auxiliary:
            value = value + weight * self._loss(further, batch)
        return StepLoss(value, int((logits.numpy().argmax(axis=1) == batch.weightier).sum()))

    def _loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """share · CE(labels) + (1 - share) · CE(partners); the first alone where no images are mixed."""
        self._check(logits.numpy())
        value = self._cross_entropy(logits, batch.labels)
        if batch.partners is None:
            return value
        return batch.share * value + (1 - batch.share) * self._cross_entropy(logits, batch.partners)

    def _cross_entropy(self, logits: Tensor, labels: Array) -> Tensor:
        return cross_entropy(logits, labels, label_smoothing=self.label_smoothing, class_weights=self.class_weights)

    def scores(self, outputs: Array) -> Array:
        """(N, K): the softmax of the network's outputs."""
        self._check(outputs)
        scores: Array = kernels.of(outputs).softmax(outputs)
        return scores

    def tally(self) -> "ClassificationTally":
        return ClassificationTally(self)

    def decode(self, outputs: Array, top: int) -> list[Ranking]:
        scores = self.scores(outputs)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :top]
        return [
            Ranking(tuple(indices.tolist()), tuple(row[indices].tolist()))
            for indices, row in zip(order, scores, strict=True)
        ]

    def _check(self, logits: Array) -> None:
        if logits.ndim != 2 or logits.shape[1] != len(self.classes):
            raise ShapeError(
                f"A network for {len(self.classes)} classes gives (N, {len(self.classes)}), but this one gives "
                f"{logits.shape}. End it with Flatten and Linear(..., {len(self.classes)})."
            )


@final
class ClassificationTally(Tally):
    """Each image's loss, truth, best class and its score: 28 bytes an image, whatever the number of classes."""

    def __init__(self, task: ClassificationTask) -> None:
        self._task = task
        self._losses: list[Array] = []
        self._labels: list[Array] = []
        self._best: list[Array] = []
        self._scores: list[Array] = []
        self._within_five = 0

    def add(self, outputs: Array, batch: Batch) -> None:
        self._task._check(outputs)
        losses, scores = kernels.of(outputs).cross_entropy(outputs, batch.labels)
        best = outputs.argmax(axis=1)
        self._losses.append(np.asarray(losses, np.float64))
        self._labels.append(batch.labels)
        self._best.append(best)
        self._scores.append(scores[np.arange(len(best)), best].astype(np.float32))
        self._within_five += int(topk_correct(outputs, batch.labels, 5).sum())

    def judgement(self) -> Judgement:
        n = len(self.labels)
        right = int((self.labels == self.answers).sum())
        return Judgement(float(self.losses.sum()) / max(n, 1), right / max(n, 1), n)

    def by_class(self) -> list[ClassScore]:
        return per_class(self.answers, self.labels, len(self._task.classes))

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
