"""What detection asks of a network in training, and how it reads its answers."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, final

import numpy as np

from cnnkit.autograd import Tensor
from cnnkit.data.load.batch import Batch
from cnnkit.data.picture.overlay import jpeg
from cnnkit.data.picture.sheet import Tile
from cnnkit.data.sample import Pixels, Sample
from cnnkit.data.sets.base import Dataset
from cnnkit.data.targets import Boxes
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.data.view.view import View
from cnnkit.errors import UsageError
from cnnkit.kernels.shared.array import Host
from cnnkit.metrics.detection import FoundBoxes, TrueBoxes
from cnnkit.models.detection.detector import Detector
from cnnkit.nn import Module
from cnnkit.tasks.detection.answer import SHOWN, Detected, detected
from cnnkit.tasks.detection.contest import BoxesContest
from cnnkit.tasks.detection.measured import DetectionMeasured, measured
from cnnkit.tasks.detection.places import check_outputs, found_in
from cnnkit.tasks.detection.proposals import proposals_of, with_proposals
from cnnkit.tasks.detection.saved import coco_results
from cnnkit.tasks.detection.tally import SUMMARY, DetectionTally
from cnnkit.tasks.detection.targets import BoxTargets, Shown, targets_of
from cnnkit.tasks.detection.worst import WorstPicture, tiles
from cnnkit.tasks.metric import Metric
from cnnkit.tasks.registry import register
from cnnkit.tasks.tally import Tally
from cnnkit.tasks.task import StepLoss, Task

# Images that are known by heart: their mAP at an overlap of 0.5.
BY_HEART = 0.95


def _part(name: str, label: str) -> Metric:
    """A named part of the loss, which not every detector has."""
    return Metric(name, label, high=False, share=False, optional=True)


@register
@final
class DetectionTask(Task[Detected]):
    """classes: the name of each label.   least_score: an answer leaves out boxes of a lower one; measures count all."""

    name = "detection"
    summary = "what is in a picture, and where"
    metrics = (Metric("map50", "mAP@0.5"), Metric("map", "mAP"))
    further = (
        Metric("voc07", "mAP@0.5 at 11 recalls"),
        Metric("ap50", "COCO AP@0.5"),
        Metric("ap75", "COCO AP@0.75"),
        Metric("ap_small", "COCO AP of small things"),
        Metric("ap_medium", "COCO AP of medium things"),
        Metric("ap_large", "COCO AP of large things"),
        Metric("ar1", "COCO AR with 1 box"),
        Metric("ar10", "COCO AR with 10 boxes"),
        Metric("ar100", "COCO AR with 100 boxes"),
        Metric("ar_small", "COCO AR of small things"),
        Metric("ar_medium", "COCO AR of medium things"),
        Metric("ar_large", "COCO AR of large things"),
    )
    running = (
        _part("loss_box", "box loss"),
        _part("loss_object", "object loss"),
        _part("loss_class", "class loss"),
        _part("loss_proposal", "proposal loss"),
    )
    more = SUMMARY
    known_from = BY_HEART
    networks = "detection"
    columns = ("label", "score", "x_min", "y_min", "x_max", "y_max")
    written: ClassVar[Mapping[str, str]] = {"drawing": "-boxes.jpg"}
    worst, saves = True, True

    def __init__(self, classes: list[str], least_score: float = SHOWN) -> None:
        super().__init__(classes)
        self.least_score = least_score

    @classmethod
    def learns_from(cls, train: Dataset) -> bool:
        return train.task == cls.name

    def loss(self, model: Module, batch: Batch) -> StepLoss:
        """The sum of the parts that the network names; each of them runs along."""
        if not isinstance(model, Detector):
            raise UsageError(
                f"A network for detection is a Detector (cnnkit.models.detection.detector), but this is a "
                f"{type(model).__name__}. Its losses need to know the boxes."
            )
        assert isinstance(batch.targets, BoxTargets)
        parts = model.losses(Tensor(batch.x), batch.targets.batch)
        if unknown := parts.keys() - {metric.name for metric in self.running}:
            known = ", ".join(metric.name for metric in self.running)
            raise UsageError(f"{type(model).__name__} has a loss named {min(unknown)!r}. Known parts: {known}.")
        first, *rest = parts.values()
        told = {name: part.later() for name, part in parts.items()}
        return StepLoss(
            sum(rest, first), lambda: {name: len(batch) * float(part().reshape(())) for name, part in told.items()}
        )

    def seen_by(self, module: Module, dataset: Dataset) -> Dataset:
        return with_proposals(module, dataset)

    def beside(self, module: Module, images: Sequence[Pixels], targets: Any = None) -> tuple[Host, ...]:
        return proposals_of(module, images, targets)

    def settle(self, module: Module, part: Dataset, preprocessing: Preprocessing, kept: Any) -> Iterator[Any]:
        return module.settle(Shown(part, preprocessing), kept) if isinstance(module, Detector) else iter(())

    def targets(self, samples: Sequence[Sample]) -> BoxTargets:
        return targets_of(samples)

    def blank(self, shape: tuple[int, ...], size: int, *, mixed: bool = False) -> Batch:
        H, W = shape[:2]
        middle = np.array([[W / 4, H / 4, 3 * W / 4, 3 * H / 4]], np.float32)
        sample = Sample(np.zeros(shape, np.uint8), Boxes(middle, np.zeros(1, np.int64)))
        return Batch(np.zeros((size, *shape), np.float32), targets_of([sample] * size), np.arange(size))

    def tally(self) -> DetectionTally:
        return DetectionTally(self.classes)

    def whole_tally(self, worst: int = 0) -> DetectionTally:
        return DetectionTally(self.classes, whole=True)

    def measured(
        self, tally: Tally, part: Dataset, *, top_losses: int = 0, source: str = "the network"
    ) -> DetectionMeasured:
        assert isinstance(tally, DetectionTally)
        return measured(tally, part, top_losses=top_losses, source=source)

    def tiles(self, part: Dataset, row: WorstPicture, number: int, tally: Tally) -> list[Tile]:
        assert isinstance(tally, DetectionTally)
        found = next(judged.found for judged in tally.judged if judged.index == row.index)
        return tiles(part, row, number, found)

    def contest(self, tallies: Sequence[Tally], rows: Sequence[Sequence[int]]) -> BoxesContest:
        found: list[list[FoundBoxes]] = []
        true: list[TrueBoxes] = []
        for tally, mine in zip(tallies, rows, strict=True):
            assert isinstance(tally, DetectionTally)
            label = np.array([self.classes.index(name) for name in tally.classes], np.int64)
            judged = [tally.judged[row] for row in mine]
            found.append([replace(one.found, labels=label[one.found.labels]) for one in judged])
            true = true or [replace(one.true, labels=label[one.true.labels]) for one in judged]
        return BoxesContest(found, true, len(self.classes))

    def saved(self, tally: Tally, part: Dataset) -> list[dict[str, Any]]:
        assert isinstance(tally, DetectionTally)
        return coco_results(tally.judged, part)

    def from_score(self, least: float) -> "DetectionTask":
        twin = copy.copy(self)
        twin.least_score = least
        return twin

    def decode(self, outputs: Host, views: Sequence[View | None], top: int) -> list[Detected]:
        check_outputs(outputs)
        return [
            detected(
                found_in(image, view, len(self.classes), score=self.least_score),
                self.classes,
                None if view is None else view.size,
                self.least_score,
            )
            for image, view in zip(outputs, views, strict=True)
        ]

    def files(self, answer: Detected, picture: Pixels) -> dict[str, bytes]:
        return {"drawing": jpeg(answer.over(picture))}
