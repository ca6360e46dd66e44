"""A large image in overlapping tiles, each of which answers for its middle.

A tile answers only for places of which it holds all that the network looks at, so laid together the answers are those
for the whole image: the overlap-tile strategy of Ronneberger et al. 2015, arXiv:1505.04597, figure 2, but that tiles
end where the image ends, and the network pads there as it always does.
"""

from dataclasses import dataclass
from itertools import pairwise, product
from typing import final


@final
@dataclass(frozen=True)
class Side:
    """Of a tile, along one side of the image: it shows start to stop, and answers for first to last but one."""

    start: int
    stop: int
    first: int
    last: int


# A tile: its rows and its columns.
Tile = tuple[Side, Side]


def tiles(size: tuple[int, int], side: int, overlap: int, multiple: int) -> list[Tile]:
    """The tiles of an image of (height, width), row by row; one if it is not larger than a tile.

    Args:
        side: of a tile, a multiple of `multiple`, longer than twice the overlap.
        overlap: pixels that a tile shows around those that it answers for, but where the image ends.
        multiple: tiles begin at multiples of it, so that strides fall on the same pixels as in the whole image.
    """
    down, across = (_cut(length, side, overlap, multiple) for length in size)
    return list(product(down, across))


def _cut(length: int, side: int, overlap: int, multiple: int) -> list[Side]:
    last = max(0, -(-length // multiple) * multiple - side)
    step = max(multiple, (side - 2 * overlap) // multiple * multiple)
    starts = [*range(0, last, step), last]
    # Two tiles meet in the middle of what both show.
    meet = [0, *((one + side + two) // 2 for one, two in pairwise(starts)), length]
    own = pairwise(meet)
    return [Side(start, min(start + side, length), *of) for start, of in zip(starts, own, strict=True)]
