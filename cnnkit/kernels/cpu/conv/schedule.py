"""THE place that decides how a convolution is computed: Winograd, depthwise or direct, register tiles, how work is cut.

Everything here depends on shapes, the CPU's vectors and the chosen precision, never on the number of threads: so any
number of threads gives the same bits. Measured on AVX-512 and AVX2 machines; see kernels/README.md.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from cnnkit.kernels.cpu.machine.lanes import LANES, REGISTERS
from cnnkit.kernels.shared.geometry import Window
from cnnkit.kernels.shared.precision import precision


class TileShape(NamedTuple):
    """Register tile: `rows` broadcast operands x `vecs` vectors of output channels."""

    rows: int
    vecs: int

    @property
    def block(self) -> int:
        """Output channels of a tile."""
        return LANES * self.vecs


# Rows of WINOGRAD divide 12, the fewest tiles of a task; rows of WINOGRAD_DW divide LANES, the width of its panels.
# A tile of r x v keeps r·v sums and v + 1 operands in registers and does r·v products for r + v loads.
if REGISTERS == 32:
    WIDE, NARROW, THIN = TileShape(6, 4), TileShape(12, 2), TileShape(10, 1)
    WIDE_DW, NARROW_DW, THIN_DW = TileShape(6, 4), TileShape(9, 2), TileShape(14, 1)
    WINOGRAD, WINOGRAD_NARROW = TileShape(6, 4), TileShape(12, 1)
    WINOGRAD_DW, WINOGRAD_DW_THIN = TileShape(min(8, LANES), 2), TileShape(16, 1)
else:
    WIDE, NARROW = TileShape(6, 2), TileShape(10, 1)
    WIDE_DW, NARROW_DW = TileShape(6, 2), TileShape(7, 1)
    THIN, THIN_DW = NARROW, NARROW_DW
    # Without a fused product a sixth register goes to the product itself.
    WINOGRAD = WINOGRAD_NARROW = TileShape(6 if LANES > 4 else 4, 2)
    WINOGRAD_DW = WINOGRAD_DW_THIN = TileShape(4, 2)

TASKS = 16  # at least so many where the shape allows: enough for a few threads to share them evenly
FEW_PIXELS = 1024  # of all images: they repay neither a copy of the filters nor a kernel of their own
STREAM_BYTES = 1 << 24  # of a result
CHUNK = 128  # pixels of a weight gradient that are copied at a time
ROWS_TOGETHER = 48  # rows whose x is copied at a time, so that it stays in the first-level cache
BLOCK_SUMS = 1 << 17  # of a task: they stay in the second-level cache
SHARED_SUMS = 1 << 23  # of all shares of the pixels, which are added at the end
FILTER_BYTES = 1 << 18  # of one panel of filters, as much as stays in the second-level cache beside the pixels


@lru_cache
def direct_tile(channels: int, pixels: int) -> TileShape:
    """The tile that wastes less on the last, partly filled block of output channels; the wide one if equal."""
    if channels <= LANES and pixels > FEW_PIXELS:
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


def copy_in_tasks(parts: int) -> bool:
    """Whether tasks copy the rows they read with their border, each of which `parts` tasks want."""
    return parts <= 2


def stream(floats: int, channels: int) -> bool:
    """Whether a result is written past the caches, which it would only sweep clean."""
    return 4 * floats >= STREAM_BYTES and channels % LANES == 0


def keep_unpacked(channels: int, pixels: int, shape: TileShape) -> bool:
    """Whether filters are read where they lie: few pixels do not repay a copy of many filters."""
    return channels % shape.block == 0 and channels <= 4 * shape.block and pixels <= FEW_PIXELS


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


def pack_x(C: int, panels: int) -> bool:
    """Whether x is copied too: where all pixels share the same few lines of the cache, and several panels want them."""
    return C % 1024 == 0 and panels > 1


class DepthwiseTile(NamedTuple):
    """What a depthwise kernel is made for; `taps` 0 takes any filter, stride, spread and dilation."""

    taps: int  # of a filter row
    stride: int
    spread: int
    pixels: int
    masked: bool  # for fewer channels than fill a vector


DEPTHWISE_TASK = 1 << 14  # floats of a task: long enough to be worth handing out
DEPTHWISE_SUMS = 1 << 12  # floats of a task's sums by the filters: they stay in the first-level cache
DEPTHWISE_NEAR = 1 << 18  # floats of all images that may lie in the second-level cache


def use_depthwise(C: int, O: int, groups: int) -> bool:
    """One filter for each channel."""
    return groups == C == O and groups > 1


@lru_cache
def depthwise_tile(C: int, OW: int, KW: int, win: Window, spread: int) -> DepthwiseTile:
    """The pixels whose last tile of a row wastes less."""
    masked = C < LANES
    if KW not in (3, 5) or win.dilation_w != 1 or (win.stride_w, spread) not in ((1, 1), (2, 1), (1, 2)):
        return DepthwiseTile(0, 0, 1, 8, masked)
    pixels = 8 if spread > 1 else min((7, 8), key=lambda p: -(-OW // p) * p)
    return DepthwiseTile(KW, win.stride_w, spread, pixels, masked)


def cut_depthwise(rows: int, row: int) -> int:
    """Rows of a task, for `rows` rows of `row` floats."""
    return max(1, min(DEPTHWISE_TASK // max(row, 1), rows // TASKS))


def depthwise_ahead(floats: int, stride: int) -> int:
    """Rows of images of so many floats to ask for ahead of time: none where they may lie in the second-level cache."""
    return stride if floats > DEPTHWISE_NEAR else 0


def cut_depthwise_dw(rows: int, OW: int, C: int, taps: int) -> tuple[int, int]:
    """(rows, channels) of a task. Shares of the rows have sums apart, which may cost an eighth of reading dy."""
    block = max(1, DEPTHWISE_SUMS // (taps + 1) // LANES) * LANES
    shares = max(1, min(rows, 2 * TASKS, rows * OW // (8 * (taps + 1))))
    return -(-rows // shares), min(block, -(-C // LANES) * LANES)


# Of dilated filters: outputs computed for each that is wanted, up to which Winograd was faster than all plain sums.
WINOGRAD_WASTE, WINOGRAD_DW_WASTE = 3.0, 2.0


def use_winograd(
    C: int,
    O: int,
    w_shape: tuple[int, ...],
    win: Window,
    groups: int,
    out_hw: Sequence[int],
    dw: bool = False,
) -> bool:
    """F(4x4, 3x3) does a quarter of the products where its transforms are shared by enough channels.

    Under dilation an image falls into phases, each of whole tiles: what they compute in vain must not eat up the gain
    over plain sums, of which those that fall on the border are left out, but for dw.
    Never with precision "exact", which wants plain sums.
    """
    rate = win.dilation_h
    if precision() == "exact" or w_shape[:2] != (3, 3) or groups != 1:
        return False
    if not win.stride_h == win.stride_w == 1 or win.dilation_w != rate:
        return False
    if min(C, O) < max(LANES, 16) or min(out_hw) < 3:
        return False
    if rate == 1:
        return True
    most = WINOGRAD_DW_WASTE if dw else WINOGRAD_WASTE * _met(win, out_hw)
    whole = win.pad_top % rate == win.pad_left % rate == 0
    return whole and 16 * winograd_tiles(out_hw[0], out_hw[1], rate) <= most * out_hw[0] * out_hw[1]


def use_winograd_dw(C: int, O: int, w_shape: tuple[int, ...], win: Window, groups: int, out_hw: Sequence[int]) -> bool:
    """As use_winograd; its rounds need channels that fill vectors."""
    fits = C * O <= WINOGRAD_DW_FEW or winograd_dw_round(C, O) > 0
    return fits and use_winograd(C, O, w_shape, win, groups, out_hw, True)


def skip_border(win: Window, out_hw: Sequence[int]) -> bool:
    """Whether so many products of a dilated filter fall on the border that bands without them pay."""
    return max(win.dilation_h, win.dilation_w) > 1 and 0 not in out_hw and _met(win, out_hw) < 0.85


def _met(win: Window, out_hw: Sequence[int]) -> float:
    """The share of the products of a 3x3 filter that meet pixels, where it keeps the size of an image."""
    down, across = (max(1 / 3, 1 - 2 * win[6 + axis] / (3 * out_hw[axis])) for axis in (0, 1))
    return down * across


def winograd_tiles(OH: int, OW: int, rate: int) -> int:
    """Tiles of 4x4 outputs of an image, in rate² phases of pixels that lie `rate` apart."""
    down, across = ((side + 4 * rate - 1) // (4 * rate) for side in (OH, OW))
    return rate * rate * down * across


CACHED_TILES = 48 if REGISTERS == 32 else 24  # processors with AVX-512 have larger second-level caches
WINOGRAD_FETCHES = 64  # channels up to which products are so few that memory would be waited for
WINOGRAD_DW_GROUPS = 4
WINOGRAD_DW_TILES = 24  # transformed at a time by one worker
WINOGRAD_DW_FEW = 4096  # sums in a plane: each share of the tiles has 36 planes of its own


@lru_cache
def winograd_tile(channels: int) -> TileShape:
    """As direct_tile, for the product of Winograd's planes."""
    return min((WINOGRAD, WINOGRAD_NARROW), key=lambda shape: -(-channels // shape.block) * shape.block)


def cut_winograd(tiles: int, panels: int, C: int) -> tuple[int, int]:
    """(tiles, panels of output channels) of one task.

    More tiles read the transformed filters less often, but must fit into the cache; the tile's rows divide them.
    Where they are few tasks, panels are dealt out too, though each task then transforms the same input again.
    """
    per_task = 12 if C <= 64 else CACHED_TILES
    while per_task > 12 and tiles * panels < TASKS // 2 * per_task:
        per_task //= 2
    chunks = -(-tiles // per_task)
    parts = 1 if chunks >= TASKS // 2 else min(panels, -(-TASKS // 2 // max(chunks, 1)))
    return per_task, -(-panels // max(parts, 1))


def winograd_dw_tile(channels: int) -> TileShape:
    """As winograd_tile, for the gradient by the filters."""
    return WINOGRAD_DW_THIN if channels <= WINOGRAD_DW_THIN.block else WINOGRAD_DW


def winograd_dw_round(C: int, O: int) -> int:
    """Tiles of a round, 0 for few channels, which work in groups."""
    fills = C % LANES == 0 and O % WINOGRAD_DW.block == 0
    return 96 if C * O > WINOGRAD_DW_FEW and fills else 0
