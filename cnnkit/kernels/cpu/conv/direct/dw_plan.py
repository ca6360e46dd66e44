"""What the direct weight gradient is told about one gather: its tables, how work is cut, what is copied."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from cnnkit.kernels.cpu.conv import schedule
from cnnkit.kernels.cpu.conv.border import NO_BORDER, BorderedRows, bordered_rows
from cnnkit.kernels.cpu.conv.gather import Gather, Phase
from cnnkit.kernels.cpu.conv.schedule import TileShape
from cnnkit.kernels.cpu.simd.vector import LANES
from cnnkit.kernels.shared.array import Host


class Sizes(NamedTuple):
    """Numbers of a direct weight gradient."""

    pixels: int  # of the images that are worked on as one
    total: int  # of all images
    x_step: int  # floats of so many images of x
    dy_step: int
    CG: int
    OG: int
    groups: int
    panels: int  # of a group
    rows_per_task: int
    row_blocks: int
    panels_per_task: int
    col_blocks: int
    shares: int
    chunk: int
    rows_together: int  # that pass all panels before the next rows' turn
    columns: int  # of x that they need, 0 where x is not copied
    pack_dy: int  # whether dy is copied
    copied: int  # floats of x that a chunk copies with their border, 0 where x has it or needs none
    low: int  # the lowest tap, and the end of the highest
    high: int


class Tables(NamedTuple):
    """Where the operands of a tile lie.

    reads[p], writes[p]: where pixel p begins in x, in dy. taps[r]: how far on row r of dw lies.
    steps[q], places[r]: the same, in copied columns. columns: rows (first tap, how many of LANES floats are rows).
    """

    reads: Host
    writes: Host
    taps: Host
    columns: Host
    places: Host
    steps: Host


class Plan(NamedTuple):
    """What the kernel wants beside the operands."""

    shape: TileShape
    tables: Tables
    sizes: Sizes
    layout: BorderedRows


@lru_cache(maxsize=256)
def plan(gather: Gather, x_shape: tuple[int, ...], dy_shape: tuple[int, ...], groups: int) -> Plan:
    N, H, W, C = x_shape
    O = dy_shape[3]
    phase, (top, bottom, left, right) = gather.phases[0], gather.border
    CG, OG, pixels = C // groups, O // groups, len(phase.reads)
    total = pixels // gather.together * N
    rows = len(phase.taps) * phase.run
    shape = schedule.dw_tile(rows, OG, total)
    cut = schedule.cut_dw(rows, OG, total, groups, shape)
    shares = min(cut.pixel_groups, -(-total // pixels) * -(-pixels // cut.chunk))
    panels, rows_per_task = -(-OG // shape.block), cut.row_tiles * shape.rows
    row_blocks, col_blocks = -(-rows // rows_per_task), -(-panels // cut.panels)
    tables = _tables(phase, cut.chunk * LANES)
    pack_x = schedule.pack_x(C, shape)
    together = schedule.ROWS_TOGETHER // shape.rows * shape.rows if pack_x else shape.rows
    columns = max(_columns(tables, r, min(r + together, rows), cut.chunk) for r in range(rows)) if pack_x else 0
    low, high = int(phase.taps[0]), int(phase.taps[-1]) + max(phase.run, C)
    width, copied = (W + left + right) * C, 0
    if gather.border != NO_BORDER and schedule.copy_in_tasks(row_blocks * col_blocks * groups):
        begins = np.arange(0, pixels, cut.chunk)
        ends = phase.reads[np.minimum(begins + cut.chunk, pixels) - 1] + high
        copied = width * int((-(-ends // width) - (phase.reads[begins] + low) // width).max())
    x_step, dy_step = gather.together * (H + top + bottom) * width, gather.together * dy_shape[1] * dy_shape[2] * O
    numbers = (
        pixels,
        total,
        x_step,
        dy_step,
        CG,
        OG,
        groups,
        panels,
        rows_per_task,
        row_blocks,
        cut.panels,
        col_blocks,
        shares,
    )
    packed = int(schedule.pack_dy(OG, shape) or pixels < gather.together * dy_shape[1] * dy_shape[2])
    sizes = Sizes(*numbers, cut.chunk, together, columns, packed, copied, low, high)
    return Plan(shape, tables, sizes, bordered_rows(x_shape, gather.border))


def _tables(phase: Phase, step: int) -> Tables:
    """`step` floats from one column to the next."""
    columns = [(tap + k, min(LANES, phase.run - k)) for tap in phase.taps.tolist() for k in range(0, phase.run, LANES)]
    places = [column * step + lane for column, (_, room) in enumerate(columns) for lane in range(room)]
    return Tables(
        phase.reads,
        phase.writes,
        (phase.taps[:, None] + np.arange(phase.run)).reshape(-1),
        np.array(columns, np.int64).reshape(-1),
        np.array(places, np.int64),
        np.arange(0, step, LANES),
    )


def _columns(tables: Tables, first: int, end: int, chunk: int) -> int:
    """Columns in which rows first, …, end - 1 lie."""
    step = chunk * LANES
    return int(tables.places[end - 1] // step - tables.places[first] // step + 1)
