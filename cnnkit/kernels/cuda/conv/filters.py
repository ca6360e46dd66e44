"""The gradient by the filters: which kernel sums it, and how the pixels of a batch are cut.

Pixels are cut into parts, so that small filters keep a device busy; each part's sums have a place of their own, and the
places are added in their order (`reduce.py`). How many there are hangs on shapes alone, so bits do too.
"""

from math import prod
from typing import Any

from cnnkit.kernels.cuda.conv import dw, dw_tf32, warp
from cnnkit.kernels.cuda.conv.dw import Plan
from cnnkit.kernels.cuda.conv.geometry import Divisors, check_blocks, check_counts, check_rows, forward
from cnnkit.kernels.cuda.conv.tile import DEPTH, ENOUGH, chosen
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.home import empty
from cnnkit.kernels.cuda.machine.launch import SIMULATED, chip
from cnnkit.kernels.cuda.machine.operands import aligned
from cnnkit.kernels.cuda.machine.ptx import divisor
from cnnkit.kernels.cuda.reduce import SUM, reduced
from cnnkit.kernels.shared.geometry import Window

# Pieces of the sum that a part has at least.
LEAST = 2 if SIMULATED else 16


def filters_gradient(dy: DeviceArray, x: DeviceArray, found: DeviceArray, win: Window, groups: int) -> None:
    """dw from whole arrays of float32, none of them empty."""
    KH, KW, C, O = found.shape
    N, OH, OW, _ = dy.shape
    rows, cols = forward(win, (KH, KW), (OH, OW))
    depth, outputs, pixels = KH * KW * C, O // groups, N * OH * OW
    check_blocks("groups", groups)
    check_rows(rows)
    check_counts(pixels=pixels, terms=depth, outputs=outputs)
    dy, x = aligned(dy), aligned(x)
    wide_left, wide_right = C % 4 == 0 and x.shape[3] % 4 == 0, outputs % 4 == 0 and O % 4 == 0
    by_warps = wide_left and wide_right and warp.is_wanted()
    step = warp.DEPTH if by_warps else DEPTH
    most = max(1, pixels // (step * LEAST))
    # Parts fill a device too.
    tile: Any = (warp.chosen if by_warps else chosen)(depth, outputs, groups * most)
    check_blocks("outputs", outputs, tile.columns)
    tiles = -(-depth // tile.rows), -(-outputs // tile.columns)
    parts = min(max(1, ENOUGH // (prod(tiles) * groups)), most)
    each = -(-pixels // (parts * step)) * step
    parts = -(-pixels // each)
    plan = Plan(
        pixels=pixels,
        each=each,
        parts=parts,
        depth=depth,
        cols=OW,
        image=OH * OW,
        channels=C,
        tap_cols=KW,
        outputs=outputs,
        all_outputs=O,
        height=x.shape[1],
        width=x.shape[2],
        x_step=x.shape[3],
        row_begin=rows.begin,
        row_step=rows.step,
        row_apart=rows.apart,
        col_begin=cols.begin,
        col_step=cols.step,
        col_apart=cols.apart,
    )
    by = Divisors(divisor(OH * OW), divisor(OW), divisor(C), divisor(KW))
    place = found if parts == 1 and chip.aligned(found) else empty((parts, *found.shape))
    kernel = dw_tf32.make(tile) if by_warps else dw.make(tile, wide_left, wide_right)
    kernel((*tiles, parts * groups), tile.threads, x, dy, place, plan, by)
    if place is not found:
        reduced(place, (1, parts, found.size), SUM, found)
