"""What the direct kernel is told about one gather: its tables side by side, how work is cut, what is copied."""

from functools import lru_cache
from itertools import pairwise
from math import gcd
from typing import NamedTuple

import numpy as np

from cnnkit.kernels.cpu.conv import schedule
from cnnkit.kernels.cpu.conv.border import NO_BORDER, BorderedRows, bordered_rows
from cnnkit.kernels.cpu.conv.gather import Gather
from cnnkit.kernels.cpu.conv.schedule import TileShape
from cnnkit.kernels.shared.array import Host

PHASE, SPAN = 6, 5  # numbers in a row of each table


class Sizes(NamedTuple):
    """Numbers of a direct convolution."""

    tasks: int
    parts: int  # of the panels
    by_parts: int  # whether neighbouring tasks have one part: else they have neighbouring pixels
    chunks: int  # of the tiles of each phase
    panels_per_task: int
    tiles_together: int  # that pass one panel before the next panel's turn
    N: int
    together: int  # images that are worked on as one
    x_step: int  # floats of so many images of x
    y_step: int
    CG: int
    OG: int
    panels: int  # of a group
    groups: int
    rows: int  # of a panel of filters
    w_step: int  # floats from one row to the next
    w_panel: int  # and from one panel to the next
    turning: int  # whether tasks turn the filters of their panels
    copied: int  # floats of x that a task copies with their border, 0 where x has it or needs none
    ahead: int  # how many floats ahead of the sums x is fetched
    streamed: int  # whether y is too large to be kept in a cache


class Tables(NamedTuple):
    """Of all phases, one after the other.

    spans: rows (first tap, last + 1, first of the run, last + 1, row of the filters).
    phases: rows (pixels, its first pixel, its first span, last + 1, lowest tap, end of the highest).
    """

    reads: Host
    writes: Host
    taps: Host
    spans: Host
    phases: Host


class Plan(NamedTuple):
    """All the kernel wants beside the operands."""

    tables: Tables
    sizes: Sizes
    layout: BorderedRows


@lru_cache(maxsize=512)
def plan(
    gather: Gather, x_shape: tuple[int, ...], y_shape: tuple[int, ...], shape: TileShape, groups: int, w_step: int
) -> Plan:
    """x (N, H, W, C) without border; w_step as in direct.py, 0 for filters that each task turns for itself."""
    N, H, W, C = x_shape
    _, OH, OW, O = y_shape
    top, bottom, left, right = gather.border
    tables = _tables(gather, shape, C)
    CG, OG, rows = C // groups, O // groups, sum(len(phase.taps) * phase.run for phase in gather.phases)
    tiles = max(-(-len(phase.reads) // shape.rows) for phase in gather.phases)
    terms = max(len(phase.taps) * phase.run for phase in gather.phases)
    images, panels = -(-N // gather.together), -(-OG // shape.block)
    cut = schedule.cut_direct(tiles, images, panels * groups, terms, shape)
    turning = w_step == 0
    if turning:
        cut, w_step = schedule.cut_turning(tiles, panels), shape.block
    chunks, parts = -(-tiles // cut.tiles), -(-panels * groups // cut.panels)
    width = (W + left + right) * C
    copied = 0
    if gather.border != NO_BORDER and schedule.copy_in_tasks(parts):
        copied = width * max(_rows_read(tables, shape.rows, chunk, chunks, width) for chunk in range(chunks))
    pointwise = rows == C and len(gather.phases) == 1
    one_span = len(tables.spans) == SPAN * len(gather.phases)
    sizes = Sizes(
        images * chunks * parts,
        parts,
        int(schedule.filters_outweigh(terms * O, N * H * W * C, N * OH * OW * O)),
        chunks,
        cut.panels,
        cut.together,
        N,
        gather.together,
        gather.together * (H + top + bottom) * width,
        gather.together * OH * OW * gather.step,
        CG,
        OG,
        panels,
        groups,
        rows,
        w_step,
        rows * shape.block if w_step == shape.block else shape.block,
        int(turning),
        copied,
        2 * shape.rows * C if pointwise else 0,
        int(one_span and schedule.stream(N * OH * OW * O, gcd(OG, gather.step))),
    )
    return Plan(tables, sizes, bordered_rows(x_shape, gather.border))


def _tables(gather: Gather, shape: TileShape, C: int) -> Tables:
    spans: list[tuple[int, ...]] = []
    phases: list[tuple[int, ...]] = []
    pixels = taps = rows = 0
    for phase in gather.phases:
        pieces = [
            (taps + a, taps + b, k0, k1, rows + a * phase.run + k0)
            for a, b, k0, k1 in _pieces(len(phase.taps), phase.run, schedule.rows_of_block(shape))
        ]
        low, high = (int(phase.taps.min()), int(phase.taps.max()) + max(phase.run, C)) if len(phase.taps) else (0, 0)
        first = SPAN * len(spans)
        spans += pieces
        phases.append((len(phase.reads), pixels, first, SPAN * len(spans), low, high))
        pixels, taps, rows = pixels + len(phase.reads), taps + len(phase.taps), rows + len(phase.taps) * phase.run
    return Tables(
        np.concatenate([phase.reads for phase in gather.phases]),
        np.concatenate([phase.writes for phase in gather.phases]),
        np.concatenate([phase.taps for phase in gather.phases]),
        np.array(spans, np.int64).reshape(-1),
        np.array(phases, np.int64).reshape(-1),
    )


def _pieces(taps: int, run: int, most: int) -> list[tuple[int, int, int, int]]:
    """(first tap, last + 1, first of the run, last + 1) of pieces of at most `most` filter rows.

    Where no tap meets a phase one empty piece is left: its pixels are still to be written.
    """
    if taps == 0:
        return [(0, 0, 0, 0)]
    if run > most:
        ends = [*range(0, run, most), run]
        return [(t, t + 1, a, b) for t in range(taps) for a, b in pairwise(ends)]
    step = max(1, most // max(run, 1))
    return [(t, min(t + step, taps), 0, run) for t in range(0, taps, step)]


def _rows_read(tables: Tables, rows: int, chunk: int, chunks: int, width: int) -> int:
    """Rows of x with its border that the tiles of one chunk read, in any phase."""
    first, last = [], []
    for pixels, at, _, _, low, high in tables.phases.reshape(-1, PHASE).tolist():
        tiles = -(-pixels // rows)
        begin, end = tiles * chunk // chunks * rows, min(tiles * (chunk + 1) // chunks * rows, pixels)
        if begin < end and low < high:
            first.append(int(tables.reads[at + begin]) + low)
            last.append(int(tables.reads[at + end - 1]) + high)
    return -(-max(last) // width) - min(first) // width if first else 0
