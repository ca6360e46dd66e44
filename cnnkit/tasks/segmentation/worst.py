"""The pictures that a network for masks does worst on, and how they are drawn: beside the truth, and the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from cnnkit.data.picture.overlay import Colour, overlay
from cnnkit.data.picture.sheet import Tile, thumbnail
from cnnkit.data.sets.base import Dataset
from cnnkit.data.targets import VOID, Mask
from cnnkit.tasks.segmentation.places import Masks

# Pixels of a side of a tile.
MOST_SIDE = 512


@final
@dataclass(frozen=True)
class WorstPicture:
    """A picture with a high loss.

    index: its place in the judged part.   path: its file, None where it has none.
    loss: the mean over its pixels.   miou: of this picture alone.
    """

    index: int
    path: str | None
    loss: float
    miou: float


def tiles(part: Dataset, row: WorstPicture, number: int, answer: Masks, colours: Sequence[Colour]) -> list[Tile]:
    """The picture, its mask over it, and the answer over it: three tiles for a sheet."""
    sample = part[row.index]
    assert isinstance(sample.target, Mask)
    name = f"image {row.index:,}" if sample.path is None else sample.path.name
    told = {"truth": sample.target.labels, f"answer, mIoU {100 * row.miou:.0f} %": _fitted(answer, sample.image.shape)}
    drawn = [
        Tile(thumbnail(overlay(sample.image, labels, colours), MOST_SIDE), (text, f"loss {row.loss:.2f}" if k else ""))
        for k, (text, labels) in enumerate(told.items())
    ]
    return [Tile(thumbnail(sample.image, MOST_SIDE), (f"{number}. {name}", "")), *drawn]


def _fitted(answer: Masks, shape: tuple[int, ...]) -> Masks:
    """The answer on the whole picture: void around it where a network without padding answers for the middle only."""
    if answer.shape == shape[:2]:
        return answer
    whole = np.full(shape[:2], VOID, np.uint8)
    top, left = ((side - inner) // 2 for side, inner in zip(shape, answer.shape, strict=False))
    whole[top : top + answer.shape[0], left : left + answer.shape[1]] = answer[: shape[0] - top, : shape[1] - left]
    return whole
