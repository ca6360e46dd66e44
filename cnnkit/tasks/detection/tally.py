"""What `judge` counts of the boxes that a network finds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from cnnkit.data.load.batch import Batch
from cnnkit.data.targets import Boxes
from cnnkit.kernels.shared.array import Host
from cnnkit.metrics.detection import BoxErrors, CocoScore, FoundBoxes, TrueBoxes, VocScore, box_errors
from cnnkit.serialize.fields import Range
from cnnkit.tasks.detection.answer import SHOWN
from cnnkit.tasks.detection.places import check_outputs, found_in
from cnnkit.tasks.detection.targets import BoxTargets, Truth
from cnnkit.tasks.tally import Judgement, Tally

# What a finished run adds.
SUMMARY: Mapping[str, tuple[Any, Range | None]] = {
    "worst_class": (str | None, None),
    "worst_ap50": (float | None, (0.0, 1.0)),
}


@final
@dataclass(frozen=True, eq=False)
class Judged:
    """One picture.   index: in the part that is judged.   found, true: all boxes, in its own pixels.

    errors: of those that are shown, over all classes.
    """

    index: int
    found: FoundBoxes = field(repr=False)
    true: TrueBoxes = field(repr=False)
    errors: BoxErrors

    @property
    def loss(self) -> float:
        """The share of wrong boxes and missed things among all that are right, wrong or missed; 0: nothing is wrong."""
        return self.wrong / max(1, self.wrong + self.errors.right)

    @property
    def wrong(self) -> int:
        """Boxes that are wrong, and things that are missed."""
        e = self.errors
        return e.doubled + e.wrong_class + e.wrong_place + e.background + e.missed


@final
class DetectionTally(Tally):
    """COCO's and VOC's scores, in the pixels of the pictures.

    whole: counts what is wrong with boxes too, and keeps those of every picture: `judged`.
    """

    def __init__(self, classes: list[str], *, whole: bool = False) -> None:
        self.classes, self.whole = classes, whole
        self.coco, self.voc = CocoScore(len(classes)), VocScore(len(classes))
        self.errors = [BoxErrors()] * len(classes)
        self.judged: list[Judged] = []
        self.not_finite: list[int] = []
        self.pictures = self.things = self.crowds = 0

    def add(self, outputs: Host, batch: Batch) -> None:
        check_outputs(outputs)
        assert isinstance(batch.targets, BoxTargets)
        for image, truth, index in zip(outputs, batch.targets.pictures, batch.indices.tolist(), strict=True):
            self.pictures += 1
            if not np.isfinite(image).all():
                self.not_finite.append(index)
            self._add(found_in(image, truth.view, len(self.classes)), truth, index)

    def _add(self, found: FoundBoxes, truth: Truth, index: int) -> None:
        true = true_boxes(truth.boxes)
        self.things += int(np.count_nonzero(~true.crowd))
        self.crowds += int(np.count_nonzero(true.crowd))
        self.coco.add(found, true)
        self.voc.add(found, true)
        if self.whole:
            errors = box_errors(shown(found), true, len(self.classes))
            self.errors = [ours + more for ours, more in zip(self.errors, errors, strict=True)]
            self.judged.append(Judged(index, found, true, sum(errors, BoxErrors())))

    def judgement(self) -> Judgement:
        """Its loss is 1 - mAP: a detector's own needs to match boxes within the network, and is for training alone."""
        coco = self.coco.values()["map"] or 0.0
        loss = math.nan if self.not_finite else 1.0 - coco
        return Judgement(loss, {"map50": self.voc.mean(), "map": coco}, self.pictures)

    def more(self) -> Mapping[str, Any]:
        known = [(value, k) for k, value in enumerate(self.voc.per_class()) if value is not None]
        if not known:
            return dict.fromkeys(SUMMARY)
        worst, k = min(known)
        return {"worst_class": self.classes[k], "worst_ap50": worst}


def true_boxes(boxes: Boxes) -> TrueBoxes:
    """The boxes of a picture as measures take them."""
    return TrueBoxes(boxes.corners, boxes.labels, boxes.crowd, boxes.areas)


def shown(found: FoundBoxes, least: float = SHOWN) -> FoundBoxes:
    """Those of them that are shown."""
    sure = found.scores >= least
    return FoundBoxes(found.corners[sure], found.scores[sure], found.labels[sure])
