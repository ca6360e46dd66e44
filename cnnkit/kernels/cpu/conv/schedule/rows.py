"""Of sums along rows, whose pixels lie evenly apart: where they are used, their tiles, and how work is cut."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from cnnkit.kernels.cpu.conv.schedule.tiles import NARROW, TASKS, THIN, TRIPLE, WIDE, TileShape
from cnnkit.kernels.cpu.machine.lanes import LANES
from cnnkit.kernels.shared.geometry import Window

# Terms of a sum, at most. Beside a gather it costs 150 cycles a tile less (Emerald Rapids): of sums of 8 products
# two thirds, of 96 a fifth, of 512 a twentieth; and a gather asks for what long sums read ahead of time.
SHORT = 256
TILES = 32  # of a task, at most
LEAST = 4  # and at least, where there are as many
FILTERS = 1 << 16  # bytes of few
WASTED = 1.15  # of the pixels of a row, what its tiles may compute for each that it has


@lru_cache
def rows_tile(channels: int) -> TileShape:
    """The tile that wastes least on the last, partly filled block of output channels; the wide one if equal."""
    if channels <= LANES:
        return THIN
    return min((WIDE, TRIPLE, NARROW), key=lambda shape: -(-channels // shape.block) * shape.block)


def use_rows(x_shape: Sequence[int], w_shape: Sequence[int], win: Window, groups: int, y_shape: Sequence[int]) -> bool:
    """Whether sums are short, and tiles fill rows: 1x1 filters, whose row is all pixels, and those of few channels."""
    KH, KW, C, O = w_shape
    terms, pix = KH * KW * C, rows_tile(O).rows
    if groups != 1 or not 0 < terms <= SHORT or max(win.dilation_h, win.dilation_w) > 1 or 0 in y_shape:
        return False
    if one_row(w_shape, win):
        return y_shape[0] * y_shape[1] * y_shape[2] >= pix
    return y_shape[2] >= pix and -(-y_shape[2] // pix) * pix <= WASTED * y_shape[2]


def one_row(w_shape: Sequence[int], win: Window) -> bool:
    """Whether a pixel of y is made of the pixel of x at its place alone: then all pixels are one long row."""
    return tuple(w_shape[:2]) == (1, 1) and win == Window()


class RowsCut(NamedTuple):
    """How sums along rows are dealt out."""

    length: int  # pixels of a row; the last one has the rest as well
    rows: int  # in all
    per_task: int
    panels: int  # panels of output channels in a task
    together: int  # tiles that pass one panel before the next panel's turn


def cut_rows(pixels: int, width: int | None, panels: int, terms: int, shape: TileShape) -> RowsCut:
    """`pixels` in rows of `width`, None where they are one, to `panels` of output channels by `terms` products each."""
    tiles = pixels // shape.rows
    per_task = max(1, min(TILES, max(LEAST, tiles // TASKS), tiles))
    length = per_task * shape.rows if width is None else width
    rows = max(1, pixels // length)
    rows_per_task = 1 if width is None else max(1, min(per_task * shape.rows // width, rows // TASKS))
    parts = max(1, min(panels, TASKS * rows_per_task // rows))
    # Few filters stay in the first-level cache: each pixel's channels are then written side by side.
    few = 4 * terms * shape.block * panels <= FILTERS
    return RowsCut(length, rows, rows_per_task, -(-panels // parts), 1 if few else TILES)
