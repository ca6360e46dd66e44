"""Of Winograd's convolutions: where they are used, their tiles, and how work is cut."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from cnnkit.kernels.cpu.conv.schedule.direct import met
from cnnkit.kernels.cpu.conv.schedule.tiles import (
    TASKS,
    WINOGRAD,
    WINOGRAD_DW,
    WINOGRAD_DW_THIN,
    WINOGRAD_NARROW,
    TileShape,
)
from cnnkit.kernels.cpu.machine.lanes import LANES, REGISTERS
from cnnkit.kernels.shared.geometry import Window
from cnnkit.kernels.shared.precision import precision


class Form(NamedTuple):
    """What a kernel is made for: tiles of so many outputs a side, of filters of so many taps a side."""

    outputs: int
    taps: int

    @property
    def saved(self) -> float:
        """How many products of a plain sum one of the 36 stands for."""
        return (self.outputs * self.taps) ** 2 / 36


FORMS = {3: Form(4, 3), 5: Form(2, 5)}  # by the taps: all of them read patches of 6x6
# Of dilated filters: the share of the products saved that outputs computed in vain may cost. Up to it Winograd was
# faster than all plain sums.
WINOGRAD_WASTE, WINOGRAD_DW_WASTE = 0.75, 0.5


def use_winograd(
    C: int,
    O: int,
    w_shape: tuple[int, ...],
    win: Window,
    groups: int,
    out_hw: Sequence[int],
    dw: bool = False,
) -> bool:
    """Winograd does a quarter of the products, of 5x5 filters a third, where enough channels share its transforms.

    Under dilation an image falls into phases, each of whole tiles: what they compute in vain must not eat up the gain
    over plain sums, of which those that fall on the border are left out, but for dw.
    Never with precision "exact", which wants plain sums.
    """
    rate, taps = win.dilation_h, w_shape[0]
    if precision() == "exact" or taps not in FORMS or w_shape[1] != taps or groups != 1:
        return False
    if not win.stride_h == win.stride_w == 1 or win.dilation_w != rate:
        return False
    if min(C, O) < max(LANES, 16) or min(out_hw) < 3:
        return False
    if rate == 1:
        return True
    form = FORMS[taps]
    most = form.saved * (WINOGRAD_DW_WASTE if dw else WINOGRAD_WASTE * met(win, out_hw, taps))
    computed = form.outputs**2 * winograd_tiles(out_hw[0], out_hw[1], rate, form)
    return win.pad_top % rate == win.pad_left % rate == 0 and computed <= most * out_hw[0] * out_hw[1]


def use_winograd_dw(C: int, O: int, w_shape: tuple[int, ...], win: Window, groups: int, out_hw: Sequence[int]) -> bool:
    """As use_winograd; its rounds need channels that fill vectors."""
    fits = C * O <= WINOGRAD_DW_FEW or winograd_dw_round(C, O) > 0
    return fits and use_winograd(C, O, w_shape, win, groups, out_hw, True)


def winograd_tiles(OH: int, OW: int, rate: int, form: Form) -> int:
    """Tiles of an image, in rate² phases of pixels that lie `rate` apart."""
    step = form.outputs * rate
    down, across = (-(-side // step) for side in (OH, OW))
    return rate * rate * down * across


CACHED_TILES = 48 if REGISTERS == 32 else 24  # processors with AVX-512 have larger second-level caches
MANY_FILTERS = 1 << 14  # whose planes are several MB
SOME_FILTERS = 1 << 12  # whose planes are half of one
FEWEST_TILES = 8  # of which even so many filters are sooner transformed than read
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


def transform_in_tasks(tiles: int, C: int, O: int) -> bool:
    """Whether tasks transform the filters of their panel for themselves: many filters, and tiles for one task alone.

    Each panel's task transforms the images anew, which wide panels repay. Where tiles are fewest it pays for fewer
    filters: resnet20, one picture after a rest, two threads: 1.28 to 1.09 ms, as its planes have left the cache;
    called without a rest it takes 0.82 ms instead of 0.80.
    """
    most = CACHED_TILES if C * O >= MANY_FILTERS else FEWEST_TILES if C * O >= SOME_FILTERS else 0
    return tiles <= most and winograd_tile(O).block >= 64


def winograd_dw_tile(channels: int) -> TileShape:
    """As winograd_tile, for the gradient by the filters."""
    return WINOGRAD_DW_THIN if channels <= WINOGRAD_DW_THIN.block else WINOGRAD_DW


def winograd_dw_round(C: int, O: int) -> int:
    """Tiles of a round, 0 for few channels, which work in groups."""
    fills = C % LANES == 0 and O % WINOGRAD_DW.block == 0
    return 96 if C * O > WINOGRAD_DW_FEW and fills else 0
