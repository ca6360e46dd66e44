"""Of a direct convolution, its weight gradient and the border that it skips: tiles, and how work is cut."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from cnnkit.kernels.cpu.conv.schedule.rows import SHORT
from cnnkit.kernels.cpu.conv.schedule.tiles import (
    FEW_PIXELS,
    NARROW,
    NARROW_DW,
    TASKS,
    THIN,
    THIN_DW,
    WIDE,
    WIDE_DW,
    TileShape,
)
from cnnkit.kernels.cpu.machine.lanes import LANES
from cnnkit.kernels.shared.geometry import Window

STREAM_BYTES = 1 << 24  # of a result
CHUNK = 128  # pixels of a weight gradient that are copied at a time
ROWS_TOGETHER = 48  # rows whose x is copied at a time, so that it stays in the first-level cache
BLOCK_SUMS = 1 << 17  # of a task: they stay in the second-level cache
SHARED_SUMS = 1 << 23  # of all shares of the pixels, which are added at the end
MANY = 1 << 22  # numbers of filters of which two copies are too much
FILTER_BYTES = 1 << 18  # of one panel of filters, as much as stays in the second-level cache beside the pixels


@lru_cache
def direct_tile(channels: int, pixels: int, lasting: bool = False) -> TileShape:
    """The tile that wastes less on the last, partly filled block of output channels; the wide one if equal.

    lasting: of filters for many calls, which repay a kernel of their own.
    """
    if channels <= LANES and pixels > (FEW_PIXELS // 16 if lasting else FEW_PIXELS):
        return THIN
    return min((WIDE, NARROW), key=lambda shape: -(-channels // shape.block) * shape.block)


@lru_cache
def dw_tile(rows: int, channels: int, pixels: int) -> TileShape:
    """As direct_tile, for the gradient by the filters, where sums of filter rows may be wasted too."""
    if channels <= LANES and pixels > FEW_PIXELS:
        return THIN_DW
    wide, narrow = (_filled(rows, shape.rows) * _filled(channels, shape.block) for shape in (WIDE_DW, NARROW_DW))
    return WIDE_DW if wide < 1.1 * narrow else NARROW_DW


def _filled(count: int, step: int) -> int:
    return -(-count // step) * step


def images_together(pixels: int, images: int) -> int:
    """Small images are worked on as one, so that a tile's last pixels are seldom missing."""
    return max(1, min(images, -(-512 // max(pixels, 1))))


def rows_of_block(shape: TileShape) -> int:
    """Filter rows (tap x channel) summed before the next tile of pixels: their panel stays in cache."""
    return FILTER_BYTES // (4 * shape.block)


class DirectCut(NamedTuple):
    """How the tiles of a direct convolution are dealt out."""

    tiles: int  # tiles of pixels in a task
    panels: int  # panels of output channels in a task
    together: int  # tiles that pass one panel before the next panel's turn


def cut_direct(tiles: int, images: int, panels: int, terms: int, shape: TileShape) -> DirectCut:
    """`tiles` in each of `images` (groups of) images, `panels` of output channels, `terms` products in a sum."""
    filters = 4 * terms * shape.block
    per_task = max(1, min(tiles, 32))
    while per_task > 4 and images * -(-tiles // per_task) < TASKS // 2:
        per_task = -(-per_task // 2)
    chunks = images * -(-tiles // per_task)
    parts = max(1, min(panels, -(-TASKS // max(chunks, 1))))
    if filters > 4 * FILTER_BYTES and parts * images >= 2:  # a long sum: read its filters seldom
        per_task = max(per_task, -(-tiles // 2))
    # Few filters: all of them stay in the first-level cache, and each pixel's channels are written side by side.
    together = 1 if filters * panels <= FILTER_BYTES // 4 else per_task
    return DirectCut(per_task, -(-panels // parts), together)


def filters_outweigh(filters: int, x: int, y: int) -> bool:
    """Whether a thread had better read some filters and all pixels than all filters and some pixels.

    Neighbouring tasks are mostly one thread's, and rows of y are mostly read by the thread that wrote them.
    """
    return filters > x + y


def copy_in_tasks(parts: int) -> bool:
    """Whether tasks copy the rows they read with their border, each of which `parts` tasks want."""
    return parts <= 2


def stream(floats: int, channels: int) -> bool:
    """Whether a result is written past the caches, which it would only sweep clean."""
    return 4 * floats >= STREAM_BYTES and channels % LANES == 0


def keep_unpacked(channels: int, pixels: int, shape: TileShape) -> bool:
    """Whether filters are read where they lie: few pixels do not repay a copy of many filters."""
    return channels % shape.block == 0 and channels <= 4 * shape.block and pixels <= FEW_PIXELS


def one_form(w_shape: Sequence[int], groups: int) -> bool:
    """Whether filters are many, and sums forward want all their taps in panels alone, whatever the image and precision.

    Short sums may want panels of another width. Under dilation they may want other forms beside it: then the panels are
    of use all the same.
    """
    KH, KW, C, O = w_shape
    plain = (
        groups == 1
        and (KH, KW) not in ((3, 3), (5, 5))
        and KH * KW * C > SHORT
        and 4 * direct_tile(O, FEW_PIXELS + 1).block < O
    )
    return plain and KH * KW * C * O >= MANY


def turn_in_tasks(rows: int, terms: int, channels: int) -> bool:
    """Whether each task turns the filters of its panels, which all rows then pass while they are in the cache."""
    shape = direct_tile(channels, rows)
    return rows <= 512 and terms <= rows_of_block(shape) and channels >= TASKS // 2 * shape.block


def cut_turning(tiles: int, panels: int) -> DirectCut:
    """All tiles in each task, so that no panel is turned twice."""
    return DirectCut(tiles, -(-panels // TASKS), tiles)


class DwCut(NamedTuple):
    """How the sums of a direct weight gradient are dealt out."""

    row_tiles: int  # tiles of filter rows in a task
    panels: int  # panels of output channels in a task
    pixel_groups: int  # shares of the pixels, each with its own partial sums
    chunk: int  # pixels whose dy is copied side by side at a time


def cut_dw(rows: int, channels: int, pixels: int, groups: int, shape: TileShape) -> DwCut:
    """`rows` x `channels` sums over `pixels` in all images, for each of `groups` groups of channels."""
    sums, tiles, panels = rows * channels, -(-rows // shape.rows), -(-channels // shape.block)
    shares = max(1, min(TASKS, pixels // 512, SHARED_SUMS // (sums * groups)))
    wanted = max(-(-TASKS // (shares * groups)), -(-sums // BLOCK_SUMS))
    step = ROWS_TOGETHER // shape.rows
    row_blocks = max(1, min(wanted, tiles // (2 * step)))
    col_blocks = max(1, min(-(-wanted // row_blocks), panels // 2))
    return DwCut(-(-tiles // (row_blocks * step)) * step, -(-panels // col_blocks), shares, CHUNK)


def pack_dy(channels: int, shape: TileShape) -> bool:
    """Whether dy is copied into panels: it may be one already."""
    return channels != shape.block


def pack_x(C: int, shape: TileShape) -> bool:
    """Whether x is copied too: where all pixels share the same few lines of the cache, and wide tiles want them.

    8x56x56, 256 -> 64, on two threads: 6.3 to 5.2 ms (Emerald Rapids); 512 -> 2048 at 7x7 6 %, others nothing.
    """
    return C % 256 == 0 and shape == WIDE_DW


def skip_border(win: Window, out_hw: Sequence[int]) -> bool:
    """Whether so many products of a dilated filter fall on the border that bands without them pay."""
    return max(win.dilation_h, win.dilation_w) > 1 and 0 not in out_hw and met(win, out_hw) < 0.85


def split_border(w_shape: Sequence[int], win: Window, groups: int, out_hw: Sequence[int]) -> bool:
    """Whether strided filters that are laid out once had better have panels of their own for outputs at the border.

    All images are then read where they lie. The same products in the same order: those with zeros are left out.
    """
    strided = min(win.stride_h, win.stride_w) > 1 and max(win.dilation_h, win.dilation_w) == 1
    few = w_shape[0] * w_shape[1] * w_shape[2] * w_shape[3] < MANY // 4  # for there are three times as many then
    return strided and few and groups == 1 and tuple(w_shape[:2]) == (3, 3) and min(out_hw) >= 7


def met(win: Window, out_hw: Sequence[int], taps: int = 3) -> float:
    """The share of the products of a taps x taps filter that meet pixels, where it keeps the size of an image."""
    reaches = [abs(k - (taps - 1) / 2) for k in range(taps)]
    down, across = (sum(max(0.0, 1 - r * win[6 + axis] / out_hw[axis]) for r in reaches) / taps for axis in (0, 1))
    return down * across
