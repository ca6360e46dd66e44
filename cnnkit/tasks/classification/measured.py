"""From what a tally counted to all that an evaluation of a classifier tells."""

from dataclasses import dataclass, field
from typing import final

import numpy as np

from cnnkit import metrics
from cnnkit.data.sets.base import Dataset
from cnnkit.tasks.classification.tally import ClassificationTally
from cnnkit.tasks.classification.worst import TopLoss
from cnnkit.tasks.measured import Measured, check_finite, file_of

# A table of more classes than this would have more than a million numbers.
LARGEST_CONFUSION = 1000
MOST_MISTAKES = 100


@final
@dataclass(frozen=True)
class ClassScore:
    """One class of an evaluation, each share from 0 to 1.

    support: its images.   called: the images that were taken for it.
    """

    label: str
    precision: float
    recall: float
    f1: float
    support: int
    called: int


@final
@dataclass(frozen=True)
class Mistake:
    """So many images of the class `truth` were taken for `answer`."""

    truth: str
    answer: str
    images: int


@final
@dataclass(frozen=True, kw_only=True, repr=False)
class ClassificationMeasured(Measured):
    """Shares go from 0 to 1; loss is the mean cross-entropy.

    top1_low, top1_high: where the accuracy on endlessly many such images lies, with 95 % confidence.
    per_class: in the order of `classes`.   confusion[truth][answer] counts images; None for very many classes.
    mistakes: the most frequent ones.   mean_score: of the answers; above top1 it is too sure.
    calibration_error, reliability: over 15 bins of the score.
    """

    top5: float
    per_class: tuple[ClassScore, ...] = field(repr=False)
    confusion: tuple[tuple[int, ...], ...] | None = field(repr=False)
    classes: tuple[str, ...] = field(repr=False)
    top1_low: float
    top1_high: float
    macro_f1: float
    balanced_accuracy: float
    mean_score: float
    calibration_error: float
    reliability: tuple[metrics.ScoreBin, ...] = field(repr=False)
    mistakes: tuple[Mistake, ...] = field(repr=False)
    top_losses: tuple[TopLoss, ...] = field(default=(), repr=False)


def measured(
    tally: ClassificationTally, part: Dataset, *, top_losses: int = 0, source: str = "the network"
) -> ClassificationMeasured:
    """All numbers of one pass over a part; NumericError where the network gave none."""
    classes = part.classes
    labels, answers, losses, scores = tally.labels, tally.answers, tally.losses, tally.scores
    check_finite(np.flatnonzero(~np.isfinite(losses)).tolist(), len(losses), part, source)
    judgement, by_class = tally.judgement(), tally.by_class()
    calibration = metrics.calibration(scores, answers == labels)
    low, high = metrics.wilson(int((answers == labels).sum()), judgement.n)
    table = metrics.confusion(answers, labels, len(classes)) if len(classes) <= LARGEST_CONFUSION else None
    mistakes = metrics.mistakes(answers, labels, len(classes))[:MOST_MISTAKES]
    return ClassificationMeasured(
        values=judgement.values,
        top5=tally.top5,
        loss=judgement.loss,
        n=judgement.n,
        per_class=tuple(
            ClassScore(label, row.precision, row.recall, row.f1, row.support, row.called)
            for label, row in zip(classes, by_class, strict=True)
        ),
        confusion=None if table is None else tuple(tuple(row) for row in table.tolist()),
        classes=tuple(classes),
        top1_low=low,
        top1_high=high,
        macro_f1=metrics.macro_f1(by_class),
        balanced_accuracy=metrics.balanced_accuracy(by_class),
        mean_score=calibration.mean_score,
        calibration_error=calibration.error,
        reliability=calibration.bins,
        mistakes=tuple(Mistake(classes[truth], classes[answer], images) for truth, answer, images in mistakes),
        top_losses=tuple(
            TopLoss(
                index=index,
                path=file_of(part, index),
                truth=classes[labels[index]],
                answer=classes[answers[index]],
                score=float(scores[index]),
                loss=float(losses[index]),
            )
            for index in metrics.hardest(losses, top_losses).tolist()
        ),
    )
