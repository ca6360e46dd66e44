"""What classification asks of a network in training, and how it reads its answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from cnnkit import kernels
from cnnkit.autograd import Tensor
from cnnkit.data.load.batch import Batch
from cnnkit.data.load.collate import labels_of
from cnnkit.data.picture.sheet import Tile
from cnnkit.data.sample import Labels, Sample
from cnnkit.data.sets.base import Dataset
from cnnkit.data.view.view import View
from cnnkit.errors import UsageError
from cnnkit.kernels.shared.array import Host
from cnnkit.nn import Module
from cnnkit.nn.blocks import WithAuxiliary
from cnnkit.ops.loss import cross_entropy
from cnnkit.tasks.classification.class_weights import balanced_weights
from cnnkit.tasks.classification.measured import ClassificationMeasured, measured
from cnnkit.tasks.classification.tally import SUMMARY, ClassificationTally, check_logits
from cnnkit.tasks.classification.worst import TopLoss, tile
from cnnkit.tasks.contest import AnswersContest
from cnnkit.tasks.metric import Metric
from cnnkit.tasks.own_loss import Loss, called, name_of
from cnnkit.tasks.registry import register
from cnnkit.tasks.tally import Judgement, Tally
from cnnkit.tasks.task import KNOWN, StepLoss, Task


@final
@dataclass(frozen=True)
class Named:
    """The best class of one image: its name, its number and its score.   top: (name, score), best first."""

    label: str
    index: int
    score: float
    top: tuple[tuple[str, float], ...]


@register
@final
class ClassificationTask(Task[Named]):
    """classes: the name of each label.

    label_smoothing: of the training loss; the judged loss has none.
    class_weights: (K,), how much the images of each class count in the training loss; None: all the same.
    loss: of the training, instead of the cross-entropy. What is judged stays the cross-entropy.
    """

    name = "classification"
    summary = "one label per image"
    metrics = (Metric("top1", "top-1"),)
    further = (
        Metric("top5", "top-5"),
        Metric("macro_f1", "macro F1"),
        Metric("balanced_accuracy", "balanced accuracy"),
    )
    running = (Metric("accuracy", "accuracy"),)
    more = SUMMARY
    columns = ("label", "index", "score")
    worst = True
    labelled = True
    to_try = "digits"
    takes = ("label_smoothing", "class_weights", "mixup", "cutmix", "own_loss")

    def __init__(
        self,
        classes: list[str],
        label_smoothing: float = 0.0,
        class_weights: Host | None = None,
        loss: Loss | None = None,
    ) -> None:
        super().__init__(classes)
        self.label_smoothing, self.class_weights, self._given = label_smoothing, class_weights, loss

    @classmethod
    def create(
        cls, classes: list[str], options: Mapping[str, Any], train: Dataset | None, loss: Loss | None
    ) -> "ClassificationTask":
        smoothing, weights = options.get("label_smoothing", 0.0), None
        if options.get("class_weights") == "median-frequency":
            raise UsageError(
                "--class-weights median-frequency counts the pixels of masks. For images of one class each, balanced "
                "gives the same proportions."
            )
        if options.get("class_weights") == "balanced" and train is not None:
            weights = balanced_weights(train.labels(), len(classes))
        if loss is not None and (weights is not None or smoothing):
            raise UsageError(
                "label_smoothing and class_weights change the cross-entropy, but loss replaces it. Leave them out, and "
                "do the same in your loss."
            )
        return cls(classes, smoothing, weights, loss)

    @classmethod
    def learns_from(cls, train: Dataset) -> bool:
        return train.labelled

    @classmethod
    def by_heart(cls, judgement: Judgement) -> bool:
        return judgement.values["top1"] == 1.0 and judgement.loss < KNOWN

    @classmethod
    def answered(cls, values: Mapping[str, float], n: int) -> str:
        right = round(values["top1"] * n)
        return "all are right" if right == n else f"{right:,} are right"

    @classmethod
    def told(cls, values: Mapping[str, float], images: str) -> str:
        return f"{100 * values['top1']:.2f} % of {images} are right."

    @property
    def own_loss(self) -> str | None:
        return None if self._given is None else name_of(self._given)

    def rehearsed(self) -> "ClassificationTask":
        return self if self._given is None else ClassificationTask(self.classes)

    def loss(self, model: Module, batch: Batch) -> StepLoss:
        outputs = model(Tensor(batch.x))
        logits, auxiliary, weight = outputs if isinstance(outputs, WithAuxiliary) else WithAuxiliary(outputs, (), 0.0)
        value = self._loss(logits, batch)
        for further in auxiliary:
            value = value + weight * self._loss(further, batch)
        found = logits.later()
        return StepLoss(value, lambda: {"accuracy": int((found().argmax(axis=1) == batch.weightier).sum())})

    def _loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """share · L(targets) + (1 - share) · L(second targets); the first alone where no images are mixed."""
        check_logits(logits.shape, len(self.classes))
        one = self._cross_entropy if self._given is None else self._of_the_caller
        value = one(logits, batch.targets)
        if batch.second_targets is None:
            return value
        return batch.share * value + (1 - batch.share) * one(logits, batch.second_targets)

    def _of_the_caller(self, logits: Tensor, labels: Host) -> Tensor:
        assert self._given is not None
        return called(self._given, logits, labels)

    def _cross_entropy(self, logits: Tensor, labels: Host) -> Tensor:
        return cross_entropy(logits, labels, label_smoothing=self.label_smoothing, class_weights=self.class_weights)

    def scores(self, outputs: Host) -> Host:
        """(N, K): the softmax of the network's outputs."""
        check_logits(outputs.shape, len(self.classes))
        scores: Host = kernels.of(outputs).softmax(outputs)
        return scores

    def targets(self, samples: Sequence[Sample]) -> Labels:
        return labels_of(samples)

    def blank(self, shape: tuple[int, ...], size: int, *, mixed: bool = False) -> Batch:
        labels, x = np.zeros(size, np.int64), np.zeros((size, *shape), np.float32)
        return Batch(x, labels, labels, labels, 0.5) if mixed else Batch(x, labels, labels)

    def tally(self) -> ClassificationTally:
        return ClassificationTally(self.classes)

    def measured(
        self, tally: Tally, part: Dataset, *, top_losses: int = 0, source: str = "the network"
    ) -> ClassificationMeasured:
        assert isinstance(tally, ClassificationTally)
        return measured(tally, part, top_losses=top_losses, source=source)

    def tiles(self, part: Dataset, row: TopLoss, number: int, tally: Tally) -> list[Tile]:
        return [tile(part, row, number)]

    def decode(self, outputs: Host, views: Sequence[View | None], top: int) -> list[Named]:
        scores = self.scores(outputs)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :top]
        answers = []
        for indices, row in zip(order.tolist(), scores, strict=True):
            best = tuple((self.classes[index], float(row[index])) for index in indices)
            answers.append(Named(best[0][0], indices[0], best[0][1], best))
        return answers

    def contest(self, tallies: Sequence[Tally], rows: Sequence[Sequence[int]]) -> AnswersContest:
        right = [tally.answers == tally.labels for tally in tallies if isinstance(tally, ClassificationTally)]
        return AnswersContest([flags[list(mine)] for flags, mine in zip(right, rows, strict=True)])
