"""From what a tally counted to all that an evaluation of boxes tells."""

from dataclasses import asdict, dataclass, field
from typing import final

from cnnkit.data.sets.base import Dataset
from cnnkit.metrics.detection import BoxErrors
from cnnkit.tasks.columns import Values, columns
from cnnkit.tasks.detection.answer import SHOWN
from cnnkit.tasks.detection.tally import DetectionTally
from cnnkit.tasks.detection.worst import WorstPicture, worst_of
from cnnkit.tasks.measured import Measured, check_finite


@final
@dataclass(frozen=True)
class ClassBoxes:
    """One class of an evaluation.

    ap50: VOC's average precision at an overlap of 0.5.   ap: COCO's, the mean over 0.5, 0.55, …, 0.95. None where no
    thing of the class is there.   things: how many are.
    precision, recall: of the boxes that are shown; None where there are none, or no things.   errors: what is wrong.
    curve: the precision at the recalls 0, 0.01, …, 1, at an overlap of 0.5; () where no thing is there.
    """

    label: str
    ap50: float | None
    ap: float | None
    things: int
    precision: float | None
    recall: float | None
    errors: BoxErrors
    curve: tuple[float, ...] = field(repr=False)


@final
@dataclass(frozen=True, kw_only=True, repr=False)
class DetectionMeasured(Measured):
    """Over all pictures of the part; loss is 1 - mAP.

    coco: COCO's twelve numbers by name, None where no thing is there to say one of, but map, which is among the values.
    voc07: VOC's mean average precision at eleven recalls, as until 2009.
    per_class: in the order of `classes`.   errors: over all of them, of boxes with a score of at least `least_score`.
    things, crowds: how many there are to be found, and how many boxes are neither to be found nor wrong to find.
    """

    coco: Values = field(metadata=columns())
    voc07: float
    per_class: tuple[ClassBoxes, ...] = field(repr=False)
    errors: BoxErrors
    things: int
    crowds: int
    classes: tuple[str, ...] = field(repr=False)
    least_score: float = SHOWN
    top_losses: tuple[WorstPicture, ...] = field(default=(), repr=False)


def measured(
    tally: DetectionTally, part: Dataset, *, top_losses: int = 0, source: str = "the network"
) -> DetectionMeasured:
    """All numbers of one pass over a part; NumericError where the network gave none."""
    check_finite(tally.not_finite, tally.pictures, part, source)
    judgement, curves, ap50 = tally.judgement(), tally.coco.curves(), tally.voc.per_class()
    twelve, things = curves.twelve(), tally.voc.wanted.tolist()
    return DetectionMeasured(
        values=judgement.values,
        loss=judgement.loss,
        n=judgement.n,
        coco={name: value for name, value in twelve.items() if name not in judgement.values},
        voc07=tally.voc.mean(points=True),
        per_class=tuple(
            ClassBoxes(
                name,
                ap50[k],
                curves.of_class(k),
                things[k],
                *_shares(tally.errors[k], things[k]),
                tally.errors[k],
                tuple(curves.curve(k).tolist()) if things[k] else (),
            )
            for k, name in enumerate(part.classes)
        ),
        errors=sum(tally.errors, BoxErrors()),
        things=tally.things,
        crowds=tally.crowds,
        classes=tuple(part.classes),
        top_losses=worst_of(tally.judged, part, top_losses),
    )


def _shares(errors: BoxErrors, things: int) -> tuple[float | None, float | None]:
    """(precision, recall) of the boxes that are shown."""
    boxes = sum(asdict(errors).values()) - errors.missed
    return errors.right / boxes if boxes else None, errors.right / things if things else None
