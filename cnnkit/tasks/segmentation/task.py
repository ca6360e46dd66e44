"""What segmentation asks of a network in training, and how it reads its answers."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from cnnkit.autograd import Tensor
from cnnkit.data.load.batch import Batch
from cnnkit.data.picture.overlay import Colour, below, jpeg, legend, png
from cnnkit.data.picture.sheet import Tile
from cnnkit.data.sample import Pixels, Sample
from cnnkit.data.sets.base import Dataset
from cnnkit.data.sets.masks.colours import distinct_colours
from cnnkit.data.targets import VOID
from cnnkit.data.view.view import View
from cnnkit.errors import CheckpointError, DataError, UsageError
from cnnkit.kernels.shared.array import Host
from cnnkit.nn import Module
from cnnkit.nn.blocks import WithAuxiliary
from cnnkit.serialize.fields import Range
from cnnkit.tasks.metric import Metric
from cnnkit.tasks.own_loss import name_of
from cnnkit.tasks.registry import register
from cnnkit.tasks.segmentation.answer import Segmented, best, segmented
from cnnkit.tasks.segmentation.border import border_weights
from cnnkit.tasks.segmentation.class_weights import (
    Weights,
    balanced_pixel_weights,
    count_pixels,
    median_frequency_weights,
)
from cnnkit.tasks.segmentation.contest import MasksContest
from cnnkit.tasks.segmentation.crf import DEEPLAB, LEAST_SCORE, DenseCRF, check_size, refine
from cnnkit.tasks.segmentation.losses import CROSS_ENTROPY, MaskLoss
from cnnkit.tasks.segmentation.measured import SegmentationMeasured, measured
from cnnkit.tasks.segmentation.places import Masks, PixelWeights, Weighted, beneath, masks_of, parts_of, stacked
from cnnkit.tasks.segmentation.rand import RandScore
from cnnkit.tasks.segmentation.tally import SUMMARY, SegmentationTally
from cnnkit.tasks.segmentation.worst import WorstPicture, tiles
from cnnkit.tasks.tally import Tally
from cnnkit.tasks.task import StepLoss, Task

if TYPE_CHECKING:
    from PIL.Image import Image

# Images that are known by heart: so well that what is left are pixels at the edges of things.
BY_HEART = 0.95


@register
@final
class SegmentationTask(Task[Segmented]):
    """classes: the name of each label.   colours: red, green and blue of each, as it is drawn.

    mask_loss: of the training. What is judged is the cross-entropy, with all classes alike.
    border_weight: how much the pixels between two things that nearly touch count more in the training (`border`).
    crf: what outputs go through in use; None: they are read as they are.
    """

    name = "segmentation"
    summary = "the class of each pixel"
    metrics = (Metric("miou", "mIoU"), Metric("pixel_accuracy", "pixel accuracy"))
    further = (
        Metric("mean_accuracy", "mean accuracy"),
        Metric("fwiou", "frequency-weighted IoU"),
        Metric("dice", "Dice"),
        Metric("rand", "Rand score"),
    )
    running = (Metric("pixel_accuracy", "pixel accuracy"),)
    more = SUMMARY
    known_from = BY_HEART
    networks = "segmentation"
    columns = ("label", "share")
    written: ClassVar[Mapping[str, str]] = {"mask": "-mask.png", "overlay": "-overlay.jpg"}
    worst = True
    places = True
    kept: ClassVar[Mapping[str, tuple[Any, Range | None]]] = {
        "colours": (list[list[int]] | None, (0, 255)),
        "weight_of_class": (list[float] | None, (0.0, 1e12)),
    }
    to_try = "shapes"
    takes = ("loss", "class_weights", "border_weight", "own_loss")

    def __init__(
        self,
        classes: list[str],
        colours: Sequence[Colour] = (),
        mask_loss: MaskLoss | None = None,
        border_weight: float = 0.0,
        crf: DenseCRF | None = None,
    ) -> None:
        super().__init__(classes)
        if len(classes) > VOID:
            raise DataError(f"A mask tells {VOID} classes apart at most, but these are {len(classes):,}.")
        self.crf = crf
        self.colours = colours or distinct_colours(len(classes))
        self._loss, self.border_weight = mask_loss or MaskLoss(), border_weight
        if border_weight and not self._loss.weighs_pixels:
            raise UsageError(
                "--border-weight changes the cross-entropy, which is no part of this loss. Leave it out, or choose "
                f"another --loss: {CROSS_ENTROPY}, {CROSS_ENTROPY}+dice."
            )

    @classmethod
    def create(
        cls, classes: list[str], options: Mapping[str, Any], train: Dataset | None, loss: Any
    ) -> "SegmentationTask":
        colours = options.get("colours") if train is None else getattr(train, "colours", ())
        name, weights = options.get("loss") or CROSS_ENTROPY, _weights(options, train, len(classes))
        border = options.get("border_weight", 0.0)
        return cls(classes, _checked(colours or (), len(classes)), MaskLoss(name, weights, loss), border)

    @classmethod
    def learns_from(cls, train: Dataset) -> bool:
        return train.task == cls.name

    @property
    def own_loss(self) -> str | None:
        return None if self._loss.own is None else name_of(self._loss.own)

    @property
    def maps(self) -> int:
        return self._loss.maps

    def rehearsed(self) -> "SegmentationTask":
        return self if self._loss.own is None else SegmentationTask(self.classes)

    def loss(self, model: Module, batch: Batch) -> StepLoss:
        outputs = model(Tensor(batch.x))
        logits, auxiliary, weight = outputs if isinstance(outputs, WithAuxiliary) else WithAuxiliary(outputs, (), 0.0)
        labels, added = self._beneath(batch, logits)
        value = self._loss(logits, labels, added)
        for further in auxiliary:
            value = value + weight * self._loss(further, *self._beneath(batch, further))
        found = logits.later()
        return StepLoss(value, lambda: {"pixel_accuracy": len(batch) * _right(found(), labels)})

    def _beneath(self, batch: Batch, logits: Tensor) -> tuple[Masks, PixelWeights | None]:
        masks, added = parts_of(batch.targets)
        places = batch.x.shape, logits.shape, len(self.classes)
        return beneath(masks, *places), None if added is None else beneath(added, *places, around=0)

    def targets(self, samples: Sequence[Sample]) -> Masks:
        return masks_of(samples)

    def lessons(self, samples: Sequence[Sample]) -> Masks | Weighted:
        masks = masks_of(samples)
        return self._weighted(masks) if self.border_weight else masks

    def _weighted(self, masks: Masks) -> Weighted:
        return Weighted(masks, stacked([border_weights(mask, w0=self.border_weight) for mask in masks], 0))

    def blank(self, shape: tuple[int, ...], size: int, *, mixed: bool = False) -> Batch:
        x, masks = np.zeros((size, *shape), np.float32), np.zeros((size, *shape[:2]), np.uint8)
        return Batch(x, self._weighted(masks) if self.border_weight else masks, np.arange(size))

    def settings(self) -> Mapping[str, Any]:
        weights, colours = self._loss.class_weights, [list(colour) for colour in self.colours]
        return {"colours": colours} | ({} if weights is None else {"weight_of_class": weights.tolist()})

    def tally(self) -> SegmentationTally:
        return SegmentationTally(self.classes)

    def whole_tally(self, worst: int = 0) -> SegmentationTally:
        return SegmentationTally(self.classes, worst, RandScore() if len(self.classes) == 2 else None, each=True)

    def measured(
        self, tally: Tally, part: Dataset, *, top_losses: int = 0, source: str = "the network"
    ) -> SegmentationMeasured:
        assert isinstance(tally, SegmentationTally)
        return replace(measured(tally, part, source=source), crf=self.crf is not None)

    def tiles(self, part: Dataset, row: WorstPicture, number: int, tally: Tally) -> list[Tile]:
        assert isinstance(tally, SegmentationTally)
        answer = next(judged.answer for judged in tally.worst if judged.index == row.index)
        assert answer is not None
        return tiles(part, row, number, answer, self.colours)

    def contest(self, tallies: Sequence[Tally], rows: Sequence[Sequence[int]]) -> MasksContest:
        counts = []
        for tally, mine in zip(tallies, rows, strict=True):
            assert isinstance(tally, SegmentationTally)
            place = [tally.classes.index(name) for name in self.classes]
            counts.append(np.array([tally.counts[row][:, place] for row in mine]).reshape(-1, 3, len(place)))
        return MasksContest(counts)

    def captioned(self, sheet: "Image") -> "Image":
        return below(sheet, legend(self.classes, self.colours, sheet.width))

    def decode(self, outputs: Host, views: Sequence[View | None], top: int) -> list[Segmented]:
        return segmented(outputs, views, self.classes, self.colours, crf=self.crf is not None)

    def refines(self, shape: tuple[int, ...]) -> bool:
        if self.crf is not None:
            check_size(shape[1:3], len(self.classes))
        return self.crf is not None

    def refined(self, outputs: Host, images: Pixels) -> Host:
        """Logarithms of the CRF's scores, which stand for logits."""
        assert self.crf is not None
        scores = [refine(logits, image, self.crf) for logits, image in zip(outputs, images, strict=True)]
        return np.log(np.maximum(scores, LEAST_SCORE))

    def with_crf(self, crf: DenseCRF = DEEPLAB) -> "SegmentationTask":
        twin = copy.copy(self)
        twin.crf = crf
        return twin

    def condensed(self, outputs: Host) -> Masks:
        """Labels instead of scores: a photo of 12 megapixels has a gigabyte of these."""
        return best(outputs)

    def files(self, answer: Segmented, picture: Pixels) -> dict[str, bytes]:
        return {"mask": png(answer.image()), "overlay": jpeg(answer.over(picture))}


def _checked(colours: Sequence[Sequence[int]], classes: int) -> list[Colour]:
    """CheckpointError where a record has not a colour for each class."""
    if colours and (len(colours) != classes or any(len(colour) != 3 for colour in colours)):
        raise CheckpointError(f"it has {len(colours)} colours, expected red, green and blue for {classes} classes")
    return [(red, green, blue) for red, green, blue in colours]


def _weights(options: Mapping[str, Any], train: Dataset | None, classes: int) -> Weights | None:
    """How much each class counts in a training: as a run has kept it, or counted now."""
    asked, kept = options.get("class_weights", "none"), options.get("weight_of_class")
    if train is None or asked == "none":
        return None
    if kept is not None:
        return np.array(kept)
    counted = count_pixels(train, classes)
    return balanced_pixel_weights(counted) if asked == "balanced" else median_frequency_weights(counted)


def _right(logits: Host, labels: Masks) -> float:
    """The share of the pixels that are not VOID which are answered right."""
    right = int(np.count_nonzero(logits.argmax(axis=3) == labels))
    return right / max(1, int(np.count_nonzero(labels != VOID)))
