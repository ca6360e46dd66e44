"""What `judge` counts of the answers of a network for masks."""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from cnnkit import kernels, metrics
from cnnkit.data.load.batch import Batch
from cnnkit.data.targets import VOID
from cnnkit.kernels.shared.array import Host
from cnnkit.serialize.fields import Range
from cnnkit.tasks.segmentation.places import Masks, beneath, parts_of
from cnnkit.tasks.segmentation.rand import RandScore
from cnnkit.tasks.tally import Judgement, Tally

_SHARE: Range = (0.0, 1.0)
# What a finished run adds.
SUMMARY: Mapping[str, tuple[Any, Range | None]] = {
    "dice": (float | None, _SHARE),
    "mean_accuracy": (float | None, _SHARE),
    "worst_class": (str | None, None),
    "worst_iou": (float | None, _SHARE),
}


@final
@dataclass(frozen=True, order=True)
class Judged:
    """One picture.   loss: the mean over its pixels that are not VOID, how many these are: `pixels`.

    index: in the part that is judged.   miou: of this picture alone.
    answer: the mask that was told; None where it is not kept.
    """

    loss: float
    index: int = field(compare=False)
    pixels: int = field(compare=False)
    miou: float = field(compare=False)
    answer: Masks | None = field(default=None, compare=False, repr=False)


@final
class SegmentationTally(Tally):
    """Each pair of classes that was true and told, counted over all pixels; and a few numbers for each picture.

    worst: of so many pictures with the highest loss the answers are kept.   rand: counts regions too; None: does not.
    each: counts every picture by itself too: `counts`, (3, K) each, the pixels of a class that are hit, true, answered.
    """

    def __init__(
        self, classes: list[str], worst: int = 0, rand: RandScore | None = None, *, each: bool = False
    ) -> None:
        self.classes, self.rand, self._each = classes, rand, each
        self.counts: list[Host] = []
        self.confusion = np.zeros((len(classes), len(classes)), np.int64)
        self.pictures = 0
        self.not_finite: list[int] = []
        self._most, self._worst = worst, list[Judged]()
        self._loss = 0.0
        self.void = 0

    def add(self, outputs: Host, batch: Batch) -> None:
        labels = beneath(parts_of(batch.targets)[0], batch.x.shape, outputs.shape, len(self.classes))
        losses, answers = pixel_losses(outputs, labels), outputs.argmax(axis=3)
        for n, index in enumerate(batch.indices.tolist()):
            counts = metrics.pixel_confusion(answers[n], labels[n], len(self.classes))
            pixels, loss = int(counts.sum()), float(losses[n].sum(dtype=np.float64))
            self.confusion += counts
            self.pictures += 1
            if self._each:
                self.counts.append(np.stack([np.diagonal(counts), counts.sum(axis=1), counts.sum(axis=0)]))
            self.void += int(np.count_nonzero(labels[n] == VOID))
            self._loss += loss
            if not np.isfinite(loss):
                self.not_finite.append(index)
            if self.rand is not None:
                self.rand.add(answers[n], labels[n])
            if self._most and pixels:
                self._remember(Judged(loss / pixels, index, pixels, metrics.mean_iou(counts)), answers[n])

    def _remember(self, picture: Judged, answer: Host) -> None:
        if len(self._worst) == self._most and picture < self._worst[0]:
            return
        kept = Judged(picture.loss, picture.index, picture.pixels, picture.miou, answer.astype(np.uint8))
        (heapq.heappush if len(self._worst) < self._most else heapq.heapreplace)(self._worst, kept)

    @property
    def worst(self) -> list[Judged]:
        """The pictures with the highest loss, the worst first."""
        return sorted(self._worst, reverse=True)

    def judgement(self) -> Judgement:
        values = {"miou": metrics.mean_iou(self.confusion), "pixel_accuracy": metrics.pixel_accuracy(self.confusion)}
        return Judgement(self._loss / max(1, int(self.confusion.sum())), values, self.pictures)

    def more(self) -> Mapping[str, Any]:
        scores = metrics.pixel_scores(self.confusion)
        judged = [(score.iou, k) for k, score in enumerate(scores) if score.pixels]
        if not judged:
            return dict.fromkeys(SUMMARY)
        iou, worst = min(judged)
        found = metrics.mean_dice(self.confusion), metrics.mean_accuracy(self.confusion), self.classes[worst], iou
        return dict(zip(SUMMARY, found, strict=True))


def pixel_losses(outputs: Host, labels: Masks) -> Host:
    """(N, H, W): the cross-entropy of each pixel, 0 where it is VOID."""
    losses: Host = kernels.of(outputs).cross_entropy(outputs, np.ascontiguousarray(labels), ignore=VOID)[0]
    return losses
