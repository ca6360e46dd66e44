"""What `judge` counts of the answers of a network for masks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from cnnkit import kernels, metrics
from cnnkit.data.load.batch import Batch
from cnnkit.data.targets import VOID
from cnnkit.kernels.shared.array import Host
from cnnkit.serialize.fields import Range
from cnnkit.tasks.segmentation.places import Masks, beneath
from cnnkit.tasks.task import Judgement, Tally

_SHARE: Range = (0.0, 1.0)
# What a finished run adds.
SUMMARY: Mapping[str, tuple[Any, Range | None]] = {
    "dice": (float | None, _SHARE),
    "mean_accuracy": (float | None, _SHARE),
    "worst_class": (str | None, None),
    "worst_iou": (float | None, _SHARE),
}


@final
@dataclass(frozen=True)
class OfPicture:
    """loss: the mean over its pixels that are not VOID.   pixels: how many these are.   miou: of this picture alone."""

    loss: float
    pixels: int
    miou: float


@final
class SegmentationTally(Tally):
    """Each pair of classes that was told and true, counted over all pixels; and three numbers for each picture."""

    def __init__(self, classes: list[str]) -> None:
        self.classes = classes
        self.confusion = np.zeros((len(classes), len(classes)), np.int64)
        self.pictures: list[OfPicture] = []

    def add(self, outputs: Host, batch: Batch) -> None:
        labels = beneath(batch.targets, batch.x.shape, outputs.shape, len(self.classes))
        losses, answers = pixel_losses(outputs, labels), outputs.argmax(axis=3)
        for n in range(len(batch)):
            counts = metrics.pixel_confusion(answers[n], labels[n], len(self.classes))
            pixels = int(counts.sum())
            loss = float(losses[n].sum(dtype=np.float64)) / max(1, pixels)
            self.pictures.append(OfPicture(loss, pixels, metrics.mean_iou(counts)))
            self.confusion += counts

    def judgement(self) -> Judgement:
        values = {"miou": metrics.mean_iou(self.confusion), "pixel_accuracy": metrics.pixel_accuracy(self.confusion)}
        total = sum(picture.loss * picture.pixels for picture in self.pictures)
        return Judgement(total / max(1, int(self.confusion.sum())), values, len(self.pictures))

    def more(self) -> Mapping[str, Any]:
        judged = [(score.iou, k) for k, score in enumerate(metrics.pixel_scores(self.confusion)) if score.pixels > 0]
        if not judged:
            return dict.fromkeys(SUMMARY)
        iou, worst = min(judged)
        found = metrics.mean_dice(self.confusion), metrics.mean_accuracy(self.confusion), self.classes[worst], iou
        return dict(zip(SUMMARY, found, strict=True))


def pixel_losses(outputs: Host, labels: Masks) -> Host:
    """(N, H, W): the cross-entropy of each pixel, 0 where it is VOID."""
    said = labels != VOID
    k = kernels.of(outputs)
    known = np.where(said, labels, 0).astype(np.int64).ravel()
    losses, _ = k.cross_entropy(outputs.reshape(-1, outputs.shape[3]), known)
    found: Host = np.where(said, losses.reshape(labels.shape), 0.0)
    return found
