"""Connected pieces of a mask, found row by row from its runs."""

from dataclasses import dataclass, field
from typing import final

import numpy as np
import numpy.typing as npt


@final
@dataclass
class Piece:
    """runs: (row, start, stop) of set pixels.   border: its pixels on the mask's border."""

    runs: list[tuple[int, int, int]] = field(default_factory=list)
    area: int = 0
    border: int = 0


def components(mask: npt.NDArray[np.bool_], *, corners: bool = True) -> list[Piece]:
    """The connected pieces of a (H, W) mask, in the order of their first pixels. Cost: runs, not pixels.

    corners: whether pixels that touch at a corner are connected (8 neighbours), or only those that share a side (4).
    """
    shared = 0 if corners else 1
    H, W = mask.shape
    runs = _runs(mask)
    parent = list(range(len(runs)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    above = 0
    for i, (row, start, stop) in enumerate(runs):
        # `above` is the first run of the previous row that could still reach this or a later run.
        while above < i and (
            runs[above][0] < row - 1 or (runs[above][0] == row - 1 and runs[above][2] < start + shared)
        ):
            above += 1
        j = above
        while j < i and runs[j][0] == row - 1 and runs[j][1] <= stop - shared:
            first, second = sorted((root(i), root(j)))
            parent[second] = first
            j += 1
    pieces: dict[int, Piece] = {}
    for i, (row, start, stop) in enumerate(runs):
        piece = pieces.setdefault(root(i), Piece())
        piece.runs.append((row, start, stop))
        piece.area += stop - start
        piece.border += stop - start if row in (0, H - 1) else (start == 0) + (stop == W)
    return list(pieces.values())


def regions(mask: npt.NDArray[np.bool_], *, corners: bool = True) -> npt.NDArray[np.int64]:
    """(H, W): the number of each pixel's piece, from 1 up; 0 where the mask is not set."""
    numbers = np.zeros(mask.shape, np.int64)
    for number, piece in enumerate(components(mask, corners=corners), 1):
        for row, start, stop in piece.runs:
            numbers[row, start:stop] = number
    return numbers


def _runs(mask: npt.NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """(row, start, stop) of every run of set pixels, row by row."""
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(edges == 1)
    _, stops = np.nonzero(edges == -1)
    return list(zip(rows.tolist(), starts.tolist(), stops.tolist(), strict=True))
