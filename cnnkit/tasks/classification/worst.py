"""The images that a classifier is most wrong about, and how they are drawn."""

from dataclasses import dataclass
from typing import final

import numpy as np

from cnnkit.data.picture.read import read_picture
from cnnkit.data.picture.sheet import SIDE, Tile
from cnnkit.data.sample import Pixels
from cnnkit.data.sets.base import Dataset
from cnnkit.errors import DataError


@final
@dataclass(frozen=True)
class TopLoss:
    """An image that the network is very wrong about.

    index: its place in the judged part.   path: its file, None where it has none.   score: that of the answer.
    """

    index: int
    path: str | None
    truth: str
    answer: str
    score: float
    loss: float


def tile(part: Dataset, row: TopLoss, number: int) -> Tile:
    """An image for the sheet: the whole picture where there is a file, else what the network saw."""
    verdict = "right" if row.answer == row.truth else f"predicted: {row.answer}"
    told = (f"{number}. {row.truth}", f"{verdict}, {100 * row.score:.0f} %", f"loss {row.loss:.2f}")
    return Tile(_picture(part, row), told)


def _picture(part: Dataset, row: TopLoss) -> Pixels:
    path = part.path(row.index)
    if path is None:
        return part[row.index].image
    try:
        picture = read_picture(path, at_least=2 * SIDE)
    # Gone or changed since it was judged.
    except DataError:
        return part[row.index].image
    picture.thumbnail((SIDE, SIDE))
    pixels = np.array(picture, np.uint8)
    return pixels if pixels.ndim == 3 else pixels[:, :, None]
