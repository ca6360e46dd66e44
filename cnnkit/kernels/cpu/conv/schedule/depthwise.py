"""Of one filter for each channel: what its kernel is made for, and how work is cut."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from cnnkit.kernels.cpu.conv.schedule.tiles import TASKS
from cnnkit.kernels.cpu.machine.lanes import LANES
from cnnkit.kernels.shared.geometry import Window


class DepthwiseTile(NamedTuple):
    """What a depthwise kernel is made for; `taps` 0 takes any filter, stride, spread and dilation."""

    taps: int  # of a filter row
    stride: int
    spread: int
    pixels: int
    masked: bool  # for fewer channels than fill a vector


FLAT = 8  # vectors of a row of pixels that a tile has
DEPTHWISE_TASK = 1 << 14  # floats of a task: long enough to be worth handing out
DEPTHWISE_SUMS = 1 << 12  # floats of a task's sums by the filters: they stay in the first-level cache
# Pixels of the tiles of a row, for each that the row has: a pixel too many costs a third of one that any filter takes.
MOST_WASTED = 3
DEPTHWISE_NEAR = 1 << 18  # floats of all images that may lie in the second-level cache


def use_depthwise(C: int, O: int, groups: int) -> bool:
    """One filter for each channel."""
    return groups == C == O and groups > 1


@lru_cache
def depthwise_tile(C: int, OW: int, KW: int, win: Window, spread: int) -> DepthwiseTile:
    """The pixels whose last tile of a row wastes less; any filter where tiles of a wide dilation would waste most."""
    masked, gap = C < LANES, win.dilation_w

    def wanted(pixels: int) -> int:
        return -(-OW // (pixels * gap)) * pixels * gap

    pixels = 8 if spread > 1 else min((7, 8), key=wanted)
    step = win.stride_w, spread
    known = (KW in (3, 5) and step in ((1, 1), (2, 1), (1, 2))) or (KW == 4 and step in ((2, 1), (1, 2)))
    if not known or (gap > 1 and (win.stride_w * spread > 1 or wanted(pixels) > MOST_WASTED * OW)):
        return DepthwiseTile(0, 0, 1, 8, masked)
    return DepthwiseTile(KW, win.stride_w, spread, pixels, masked)


def use_flat(C: int, OW: int, win: Window) -> bool:
    """Whether several pixels share a vector: neighbours of few channels, of which rows have enough for a tile."""
    return C < LANES and LANES % C == 0 and win.stride_w == 1 and OW * C >= FLAT * LANES


def joins_depthwise(x_shape: Sequence[int], KW: int, back: Window, spread: int) -> bool:
    """Whether both gradients come in one pass, `back` being how turned filters slide over dy: not for any filter."""
    return depthwise_tile(x_shape[3], x_shape[2], KW, back, spread).taps > 0


def depthwise_gap(tile: DepthwiseTile, win: Window) -> int:
    """How far the pixels of a tile lie apart: as far as the taps of a row do, so that each column serves several."""
    return win.dilation_w if tile.taps else 1


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
