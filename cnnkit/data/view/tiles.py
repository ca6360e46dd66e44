"""A large picture in overlapping pieces, whose answers are laid together without a seam.

Each piece answers only for places of which it holds all that the network looks at, `reach` pixels around. So a network
of that reach gives for the picture, piece by piece, what it would give for the whole: that of Ronneberger et al. 2015,
arXiv:1505.04597, figure 2, but that pieces end where the picture ends, and the network pads there as it always does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, final

import numpy as np
import numpy.typing as npt

from cnnkit.data.sample import Pixels
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.data.view.view import View


@final
@dataclass(frozen=True)
class Tile:
    """A piece of a picture.   view: how the picture lies in it.   rows, columns: of the picture, those it answers for.

    Each pixel of the picture is in the rows and columns of one tile.
    """

    view: View
    rows: slice
    columns: slice


def tiles(size: tuple[int, int], preprocessing: Preprocessing) -> list[Tile]:
    """The tiles of a picture of (height, width), row by row; one if it is not larger than a tile.

    They begin at multiples of `preprocessing.multiple`, so that poolings and strides fall on the same pixels as in the
    whole picture.
    """
    preprocessing.check_tiles()
    down = _cuts(size[0], preprocessing.height, preprocessing)
    across = _cuts(size[1], preprocessing.width, preprocessing)
    return [
        Tile(View((1.0, 1.0), (-top, -left), size), slice(*rows), slice(*columns))
        for top, *rows in down
        for left, *columns in across
    ]


def pixels_of(tile: Tile, image: Pixels, preprocessing: Preprocessing) -> Pixels:
    """What a tile shows of the picture's pixels (height, width, C); less than (H, W) where the picture ends."""
    top, left = (-round(offset) for offset in tile.view.offset)
    return image[top : top + preprocessing.height, left : left + preprocessing.width]


def laid_together(answers: Sequence[npt.NDArray[Any]], pieces: Sequence[Tile]) -> npt.NDArray[Any]:
    """(height, width, …) for a whole picture, of answers (h, w, …) for its tiles, a number or more for each pixel."""
    whole = np.empty((*pieces[0].view.size, *answers[0].shape[2:]), answers[0].dtype)
    for answer, tile in zip(answers, pieces, strict=True):
        top, left = (round(offset) for offset in tile.view.offset)
        rows, columns = tile.rows, tile.columns
        own = answer[rows.start + top : rows.stop + top, columns.start + left : columns.stop + left]
        whole[rows, columns] = own
    return whole


def _cuts(side: int, tile: int, preprocessing: Preprocessing) -> list[tuple[int, int, int]]:
    """(first pixel of the tile, first and last but one that it answers for), along one side of a picture."""
    m = preprocessing.multiple
    last = max(0, -(-side // m) * m - tile)
    # Two tiles meet in the middle of what both hold.
    step = max(m, (tile - 2 * preprocessing.reach) // m * m)
    starts = [*range(0, last, step), last]
    meet = [0, *((one + tile + two) // 2 for one, two in pairwise(starts)), side]
    return [(start, *own) for start, own in zip(starts, pairwise(meet), strict=True)]
