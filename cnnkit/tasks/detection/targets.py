"""The boxes of a batch: to learn from in the image, to judge by in the picture."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from cnnkit.data.load.collate import collate
from cnnkit.data.load.loader import Loader
from cnnkit.data.sample import Corners, Sample
from cnnkit.data.sets.base import Dataset
from cnnkit.data.targets import Boxes
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.data.view.view import View
from cnnkit.errors import DataError
from cnnkit.kernels.shared.array import Host
from cnnkit.models.detection.detector import EMPTY, BoxBatch

# A batch has places for a multiple of so many boxes an image: few shapes, whatever the pictures hold.
PLACES = 8


@final
@dataclass(frozen=True, eq=False)
class Truth:
    """boxes: all of one picture, in its own pixels, however small in the image.   view: how it lies in the image."""

    boxes: Boxes
    view: View


@final
@dataclass(frozen=True, eq=False)
class BoxTargets:
    """batch: what is learned, in pixels of the images.   pictures: what is judged by."""

    batch: BoxBatch
    pictures: tuple[Truth, ...]


@final
class Shown(Sequence[tuple[Host, BoxBatch]]):
    """The pictures of a part one by one, as a network reads them, unchanged: (H, W, C), and its boxes."""

    def __init__(self, part: Dataset, preprocessing: Preprocessing) -> None:
        self._samples = Loader(part, 1, preprocessing=preprocessing, prefetch=0)

    def __len__(self) -> int:
        return len(self._samples.dataset)

    def __getitem__(self, index: int) -> tuple[Host, BoxBatch]:  # type: ignore[override]  # no slices
        sample = self._samples.sample(index, 0)
        return collate([sample.image], self._samples.preprocessing)[0], targets_of([sample]).batch


def targets_of(samples: Sequence[Sample]) -> BoxTargets:
    """DataError where a sample has no boxes, not even an empty list of them."""
    found = [sample.target for sample in samples]
    boxes = [target for target in found if isinstance(target, Boxes)]
    if len(boxes) != len(found):
        raise DataError(
            "Detection learns from boxes, but these pictures have none. Give pictures with boxes, or leave "
            "--task detection out."
        )
    batch = replace(stacked(boxes), proposals=_proposals(samples))
    return BoxTargets(batch, tuple(_truth(sample, own) for sample, own in zip(samples, boxes, strict=True)))


def stacked(pictures: Sequence[Boxes]) -> BoxBatch:
    """The boxes of each picture side by side, with empty places behind them."""
    most = max((len(boxes.labels) for boxes in pictures), default=0)
    N, M = len(pictures), max(1, -(-most // PLACES)) * PLACES
    batch = BoxBatch(np.zeros((N, M, 4), np.float32), np.full((N, M), EMPTY, np.int64), np.zeros((N, M), bool))
    for n, boxes in enumerate(pictures):
        m = len(boxes.labels)
        batch.corners[n, :m], batch.labels[n, :m], batch.crowd[n, :m] = boxes.corners, boxes.labels, boxes.crowd
    return batch


def _proposals(samples: Sequence[Sample]) -> Corners | None:
    """(N, R, 4), where things may be in each image; None where nobody looked for them in all."""
    found = [sample.proposals for sample in samples if sample.proposals is not None]
    return np.stack(found) if found and len(found) == len(samples) else None


def _truth(sample: Sample, boxes: Boxes) -> Truth:
    own = boxes if sample.origin is None else sample.origin.target
    assert isinstance(own, Boxes)
    return Truth(own, View.of(sample))
