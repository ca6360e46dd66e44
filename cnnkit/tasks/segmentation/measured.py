"""From what a tally counted to all that an evaluation of masks tells."""

from dataclasses import dataclass, field
from typing import final

from cnnkit import metrics
from cnnkit.data.sets.base import Dataset
from cnnkit.tasks.measured import Measured, check_finite, file_of
from cnnkit.tasks.segmentation.tally import SegmentationTally
from cnnkit.tasks.segmentation.worst import WorstPicture


@final
@dataclass(frozen=True)
class ClassPixels:
    """One class of an evaluation, each share from 0 to 1.

    share: of the pixels that are judged, those of the class: `pixels`.   answered: the pixels that were taken for it.
    """

    label: str
    iou: float
    dice: float
    accuracy: float
    share: float
    pixels: int
    answered: int


@final
@dataclass(frozen=True, kw_only=True, repr=False)
class SegmentationMeasured(Measured):
    """Over all pixels of the part that are not void; loss is the mean cross-entropy of a pixel.

    mean_accuracy, fwiou, dice: as `metrics` has them.   rand: the foreground-restricted Rand score, the mean over
    pictures, of two classes; None for more.
    per_class: in the order of `classes`.   confusion[truth][answer] counts pixels.
    void: the share of pixels that are not judged.   crf: whether a CRF refined the answers.
    """

    mean_accuracy: float
    fwiou: float
    dice: float
    rand: float | None
    void: float
    per_class: tuple[ClassPixels, ...] = field(repr=False)
    confusion: tuple[tuple[int, ...], ...] = field(repr=False)
    classes: tuple[str, ...] = field(repr=False)
    top_losses: tuple[WorstPicture, ...] = field(default=(), repr=False)
    crf: bool = False


def measured(tally: SegmentationTally, part: Dataset, *, source: str = "the network") -> SegmentationMeasured:
    """All numbers of one pass over a part; NumericError where the network gave none."""
    check_finite(tally.not_finite, tally.pictures, part, source)
    judgement, counts = tally.judgement(), tally.confusion
    pixels = int(counts.sum())
    return SegmentationMeasured(
        values=judgement.values,
        loss=judgement.loss,
        n=judgement.n,
        mean_accuracy=metrics.mean_accuracy(counts),
        fwiou=metrics.frequency_weighted_iou(counts),
        dice=metrics.mean_dice(counts),
        rand=None if tally.rand is None else tally.rand.value,
        void=tally.void / max(1, tally.void + pixels),
        per_class=tuple(
            ClassPixels(name, s.iou, s.dice, s.accuracy, s.pixels / max(1, pixels), s.pixels, s.answered)
            for name, s in zip(part.classes, metrics.pixel_scores(counts), strict=True)
        ),
        confusion=tuple(tuple(row) for row in counts.tolist()),
        classes=tuple(part.classes),
        top_losses=tuple(
            WorstPicture(
                index=picture.index,
                path=file_of(part, picture.index),
                loss=picture.loss,
                miou=picture.miou,
            )
            for picture in tally.worst
        ),
    )
