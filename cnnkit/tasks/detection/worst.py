"""The pictures that a detector does worst on, and how they are drawn: with the truth, and with the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from cnnkit.data.picture.boxes import bright_colours, with_boxes
from cnnkit.data.picture.sheet import Tile, thumbnail
from cnnkit.data.sample import Pixels, Sample
from cnnkit.data.sets.base import Dataset
from cnnkit.data.targets import Boxes
from cnnkit.data.view.view import View
from cnnkit.metrics.detection import FoundBoxes
from cnnkit.metrics.detection.boxes import Corners, Labels
from cnnkit.tasks.detection.tally import Judged, shown
from cnnkit.tasks.measured import file_of

# Pixels of the longer side of a tile.
LEAST_SIDE, MOST_SIDE = 256, 512


@final
@dataclass(frozen=True)
class WorstPicture:
    """A picture with many errors.

    index: its place in the judged part.   path: its file, None where it has none.
    loss: the share of wrong boxes and missed things among all that are right, wrong or missed.
    right, wrong, missed: boxes that are shown, and things.
    """

    index: int
    path: str | None
    loss: float
    right: int
    wrong: int
    missed: int


def worst_of(judged: Sequence[Judged], part: Dataset, count: int) -> tuple[WorstPicture, ...]:
    """So many of the pictures with errors, by the share of what is wrong, then by how much that is."""
    ranked = sorted((picture for picture in judged if picture.wrong), key=lambda p: (-p.loss, -p.wrong, p.index))
    return tuple(
        WorstPicture(
            index=picture.index,
            path=file_of(part, picture.index),
            loss=picture.loss,
            right=picture.errors.right,
            wrong=picture.wrong - picture.errors.missed,
            missed=picture.errors.missed,
        )
        for picture in ranked[:count]
    )


def tiles(part: Dataset, row: WorstPicture, number: int, found: FoundBoxes) -> list[Tile]:
    """The picture with the boxes that are there, broken lines around crowds, and with those that are shown."""
    sample, answer = part[row.index], shown(found)
    true = sample.target if sample.origin is None else sample.origin.target
    assert isinstance(true, Boxes)
    name = f"image {row.index:,}" if sample.path is None else sample.path.name
    label = part.classes.__getitem__
    truth = _drawn(sample, true.corners, true.labels, [label(k) for k in true.labels.tolist()], true.crowd.tolist())
    sure = zip(answer.labels.tolist(), answer.scores.tolist(), strict=True)
    told = _drawn(sample, answer.corners, answer.labels, [f"{label(k)} {100 * score:.0f} %" for k, score in sure])
    counts = f"{row.right} right, {row.wrong} wrong, {row.missed} missed"
    return [Tile(truth, (f"{number}. {name}", "truth")), Tile(told, (counts, "answer"))]


def _drawn(
    sample: Sample, corners: Corners, labels: Labels, texts: Sequence[str], dashed: Sequence[bool] = ()
) -> Pixels:
    """The image with boxes of its picture, large enough for their texts."""
    times = -(-LEAST_SIDE // max(sample.image.shape[:2]))
    image = thumbnail(sample.image.repeat(times, axis=0).repeat(times, axis=1), MOST_SIDE)
    scale = image.shape[1] / sample.image.shape[1]
    places = scale * View.of(sample).to_image.points(corners.reshape(-1, 2, 2)).reshape(-1, 4)
    wheel = bright_colours(int(labels.max(initial=0)) + 1)
    colours = [wheel[label] for label in labels.tolist()]
    return np.asarray(with_boxes(image, places.astype(np.float32), texts, colours, dashed=dashed))
