"""From what a tally counted to the result of an evaluation."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cnnkit import metrics
from cnnkit.data.open.splits import DataSplits
from cnnkit.data.picture.read import read_picture
from cnnkit.data.picture.sheet import SIDE, Tile
from cnnkit.data.sample import Pixels
from cnnkit.data.sets.base import Dataset
from cnnkit.engine.records.results import ClassScore, EvaluateResult, Mistake, TopLoss
from cnnkit.engine.use.predictor import Predictor
from cnnkit.errors import DataError, NumericError
from cnnkit.tasks.classification import ClassificationTally

# A table of more classes than this would have more than a million numbers.
LARGEST_CONFUSION = 1000
MOST_MISTAKES = 100


def measured(
    tally: ClassificationTally, predictor: Predictor, splits: DataSplits, split: str, *, top_losses: int = 0
) -> EvaluateResult:
    """All numbers of one pass over a part; NumericError where the network gave none."""
    classes, part = splits.classes, splits.part(split)
    labels, answers, losses, scores = tally.labels, tally.answers, tally.losses, tally.scores
    if (unknown := np.flatnonzero(~np.isfinite(losses))).size:
        first = part.path(int(unknown[0])) or f"number {unknown[0]}"
        raise NumericError(
            f"The answers of {predictor.source} are not finite numbers (NaN) for {unknown.size:,} of "
            f"{len(losses):,} images, the first of them {first}. Its weights are damaged, or from a training that "
            "failed: use others."
        )
    judgement, by_class = tally.judgement(), tally.by_class()
    calibration = metrics.calibration(scores, answers == labels)
    low, high = metrics.wilson(int((answers == labels).sum()), judgement.n)
    table = metrics.confusion(answers, labels, len(classes)) if len(classes) <= LARGEST_CONFUSION else None
    mistakes = metrics.mistakes(answers, labels, len(classes))[:MOST_MISTAKES]
    return EvaluateResult(
        top1=judgement.values["top1"],
        top5=tally.top5,
        loss=judgement.loss,
        n=judgement.n,
        per_class=tuple(
            ClassScore(label, row.precision, row.recall, row.f1, row.support, row.called)
            for label, row in zip(classes, by_class, strict=True)
        ),
        confusion=None if table is None else tuple(tuple(row) for row in table.tolist()),
        classes=tuple(classes),
        model=predictor.name,
        source=predictor.source,
        data=splits.name,
        split=split,
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
                path=None if (path := part.path(index)) is None else str(path),
                truth=classes[labels[index]],
                answer=classes[answers[index]],
                score=float(scores[index]),
                loss=float(losses[index]),
            )
            for index in metrics.hardest(losses, top_losses).tolist()
        ),
    )


def class_summary(classes: Sequence[str], by_class: Sequence[metrics.ClassScore]) -> dict[str, Any]:
    """The fields of a FitResult that tell how the classes differ; {} where there are none."""
    judged = [(row.f1, label) for label, row in enumerate(by_class) if row.support]
    if not judged:
        return {}
    f1, label = min(judged)
    return {
        "macro_f1": metrics.macro_f1(by_class),
        "worst_class": classes[label],
        "worst_f1": f1,
        "worst_images": by_class[label].support,
    }


def tile(part: Dataset, row: TopLoss, number: int) -> Tile:
    """An image for the sheet: the whole picture where there is a file, else what the network saw."""
    verdict = "right" if row.answer == row.truth else f"predicted: {row.answer}"
    told = (f"{number}. {row.truth}", f"{verdict}, {100 * row.score:.0f} %", f"loss {row.loss:.2f}")
    return Tile(_picture(part, row), told)


def _picture(part: Dataset, row: TopLoss) -> Pixels:
    path = part.path(row.index)
    if path is None:
        return part[row.index].image
    try:
        picture = read_picture(path, at_least=2 * SIDE)
    # Gone or changed since it was judged.
    except DataError:
        return part[row.index].image
    picture.thumbnail((SIDE, SIDE))
    pixels = np.array(picture, np.uint8)
    return pixels if pixels.ndim == 3 else pixels[:, :, None]
