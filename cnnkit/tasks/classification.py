"""Classification: one label per image."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np

from cnnkit import kernels
from cnnkit.autograd import Tensor
from cnnkit.data.load.batch import Batch
from cnnkit.errors import ShapeError, UsageError
from cnnkit.kernels.shared.array import Array
from cnnkit.metrics import ClassScore, per_class, topk_correct
from cnnkit.nn import Module
from cnnkit.nn.blocks import WithAuxiliary
from cnnkit.ops.loss import cross_entropy
from cnnkit.tasks.task import Judgement, StepLoss, Tally, Task

# loss(logits (N, K), labels (N,) int64) -> a Tensor of one number, the mean over the batch.
Loss = Callable[[Tensor, Array], Tensor]


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
    loss: of the training, instead of the cross-entropy. What is judged stays the cross-entropy.
    """

    name = "classification"

    def __init__(
        self,
        classes: list[str],
        label_smoothing: float = 0.0,
        class_weights: Array | None = None,
        loss: Loss | None = None,
    ) -> None:
        self.classes, self.label_smoothing, self.class_weights = classes, label_smoothing, class_weights
        self._given = loss

    @property
    def own_loss(self) -> str | None:
        return None if self._given is None else getattr(self._given, "__name__", type(self._given).__name__)

    def rehearsed(self) -> "ClassificationTask":
        return self if self._given is None else ClassificationTask(self.classes)

    def loss(self, model: Module, batch: Batch) -> StepLoss:
        outputs = model(Tensor(batch.x))
        logits, auxiliary, weight = outputs if isinstance(outputs, WithAuxiliary) else WithAuxiliary(outputs, (), 0.0)
        value = self._loss(logits, batch)
        for further in auxiliary:
            value = value + weight * self._loss(further, batch)
        return StepLoss(value, int((logits.numpy().argmax(axis=1) == batch.weightier).sum()))

    def _loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """share · L(targets) + (1 - share) · L(second targets); the first alone where no images are mixed."""
        self._check(logits.numpy())
        one = self._cross_entropy if self._given is None else self._of_the_caller
        value = one(logits, batch.targets)
        if batch.second_targets is None:
            return value
        return batch.share * value + (1 - batch.share) * one(logits, batch.second_targets)

    def _of_the_caller(self, logits: Tensor, labels: Array) -> Tensor:
        assert self._given is not None
        value = self._given(logits, labels)
        if not isinstance(value, Tensor) or value.size != 1:
            shape = f" of shape {np.shape(value)}" if isinstance(value, Tensor | np.ndarray) else ""
            raise UsageError(
                f"loss must return a Tensor of one number, the mean over the batch, but {self.own_loss} returned a "
                f"{type(value).__name__}{shape}. Compute it from logits by cnnkit.ops, and end it with mean()."
            )
        if not value.requires_grad:
            raise UsageError(
                f"What {self.own_loss} returned does not depend on the logits, so nothing can be learned from it. "
                "Compute with the Tensor by cnnkit.ops, not with its numbers."
            )
        return value

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
