"""Direct weight gradient: an outer product of taps and output channels, summed over pixels in registers.

    dw[r, o] = Σ p  x[reads[p] + taps[r]] · dy[writes[p] + o],        r = (tap, channel)

Both operands are copied chunk by chunk as the tiles read them: dy into panels of one tile's width, some rows of x into
columns of LANES floats. With their own strides, often powers of two, all pixels of a chunk would share a few lines of
the cache. What would be read once only, or lies in panels as it is, is left where it is.
Rows and columns of the sums are cut into blocks that stay in the second-level cache; where there are few, so are the
pixels, into a number of shares fixed by the shape, each with its own sums, which are then added in order. The sums of
dy itself, the gradient of a bias, are taken from the panels by the tasks of the first rows.
"""

from functools import cache
from typing import Any

import numpy as np

from cnnkit.kernels.cpu.conv import schedule
from cnnkit.kernels.cpu.conv.border import copy_rows, with_border
from cnnkit.kernels.cpu.conv.direct.dw_plan import plan
from cnnkit.kernels.cpu.conv.gather import Gather
from cnnkit.kernels.cpu.conv.schedule import TileShape
from cnnkit.kernels.cpu.epilogue import NOTHING
from cnnkit.kernels.cpu.machine import buffers, threads
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.steps import by_numpy
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.partial import load_upto
from cnnkit.kernels.cpu.simd.vector import LANES, fma, load, load_first, rolled, splat, store, store_first, tile, zero
from cnnkit.kernels.cpu.sums import add_rows, add_shares
from cnnkit.kernels.shared.array import Host


@inner
def copy_columns(x, x0, reads, p, count, columns, first, end, step, own, to):
    """Columns first, …, end - 1 of `count` pixels from p on, `step` floats from one to the next."""
    for q in range(count):
        for column in range(first, end):
            at = x0 + columns[2 * column] + reads[p + q]
            store(own, to + (column - first) * step + q * LANES, load_upto(x, at, columns[2 * column + 1]))


@cache  # two names may mean one shape: then they share its kernel
def _make(shape: TileShape) -> Any:
    rows, vecs = shape
    block = shape.block

    @inner
    def outer_tile(x, x0, reads, p, count, taps, r, last, dy, d0, d_step, dw, to, O, room, first):
        """Rows r, r + 1, … <= last of dw gain the products of `count` pixels from p on."""
        valid, acc = min(rows, last - r + 1), tile(rows, vecs)
        whole = valid == rows and room >= block
        if first:
            for i in range(rows):
                for v in range(vecs):
                    acc[i, v] = zero()
        elif whole:
            for i in range(rows):
                for v in range(vecs):
                    acc[i, v] = load(dw, to + i * O + LANES * v)
        else:
            for i in range(rows):
                for v in range(vecs):
                    acc[i, v] = load_first(dw, to + i * O + LANES * v, room - LANES * v if i < valid else 0)
        # A slice, whose indices cannot be negative: to see to that took four of a pixel's 44 instructions.
        begins = reads[p : p + count]
        for q in range(len(begins)):
            base = x0 + begins[q]
            for i in range(rows):
                a = splat(x, base + taps[min(r + i, last)])
                for v in range(vecs):
                    acc[i, v] = fma(a, load(dy, d0 + LANES * v), acc[i, v])
            d0 = rolled(d0 + d_step)
        if whole:
            for i in range(rows):
                for v in range(vecs):
                    store(dw, to + i * O + LANES * v, acc[i, v])
        else:
            for i in range(rows):
                for v in range(vecs):
                    store_first(dw, to + i * O + LANES * v, acc[i, v], room - LANES * v if i < valid else 0)

    @inner
    def copy_panel(dy, d, writes, p, count, room, own, to):
        """One panel of `count` pixels of dy from pixel p on; `room` of its channels exist."""
        for q in range(count):
            for v in range(0, block, LANES):
                store(own, to + q * block + v, load_upto(dy, d + writes[p + q] + v, room - v))

    @inner
    def dw_task(x, dy, sums, bias_sums, scratch, tables, sizes, layout, worker, task):
        """Some rows and panels of one group of channels, summed over one share of the pixels."""
        reads, writes, taps, columns, places, steps = tables
        # Tasks that share pixels follow each other, while those are in the cache.
        blocks = sizes.row_blocks * sizes.col_blocks
        part, number = task % blocks, task // blocks
        group, share = number % sizes.groups, number // sizes.groups
        row_block, col_block = part // sizes.col_blocks, part % sizes.col_blocks
        OG, chunk, own = sizes.OG, sizes.chunk, scratch[worker]
        O, last = OG * sizes.groups, taps.size - 1
        first_row = row_block * sizes.rows_per_task
        end_row = min(first_row + sizes.rows_per_task, last + 1)
        first_panel = col_block * sizes.panels_per_task
        end_panel = min(first_panel + sizes.panels_per_task, sizes.panels)
        # In `own`: panels of dy, some columns of x, rows of x with their border.
        at_columns = sizes.panels_per_task * chunk * block if sizes.pack_dy else 0
        bordered = at_columns + sizes.columns * chunk * LANES
        chunks = (sizes.pixels + chunk - 1) // chunk
        all_chunks = (sizes.total + sizes.pixels - 1) // sizes.pixels * chunks
        begin, end = all_chunks * share // sizes.shares, all_chunks * (share + 1) // sizes.shares
        to = share * taps.size * O + group * OG
        width = layout.left + layout.inside + layout.right
        for c in range(begin, end):
            image, p = c // chunks, c % chunks * chunk
            count = max(min(chunk, sizes.pixels - p, sizes.total - image * sizes.pixels - p), 0)
            source, x0 = (own if sizes.copied > 0 else x), image * sizes.x_step
            if sizes.copied > 0 and count > 0:
                low, high = reads[p] + sizes.low, reads[p + count - 1] + sizes.high
                above = x0 // width
                copy_rows(x, own, bordered, above + low // width, above + (high + width - 1) // width, layout)
                x0 = bordered - low // width * width
            x0 += group * sizes.CG
            d, d0 = dy, image * sizes.dy_step + group * OG + first_panel * block
            d_step, d_panel = O, block
            if sizes.pack_dy:
                for panel in range(first_panel, end_panel):
                    o = (panel - first_panel) * block
                    copy_panel(dy, d0 + o, writes, p, count, OG - panel * block, own, o * chunk)
                d, d0, d_step, d_panel = own, 0, block, chunk * block
            else:
                d0 += writes[p]
            if row_block == 0 and bias_sums.size > 0:
                for panel in range(first_panel, end_panel):
                    o = panel * block
                    add_rows(d, d0 + (panel - first_panel) * d_panel, d_step, count, bias_sums,
                             share * O + group * OG + o, min(block, OG - o), c == begin)  # fmt: skip
            for first in range(first_row, end_row, sizes.rows_together):
                until = min(first + sizes.rows_together, end_row)
                operand, a0, pixel, at, offsets = source, x0, reads, p, taps
                if sizes.columns > 0:
                    column = places[first] // (chunk * LANES)
                    copy_columns(source, x0, reads, p, count, columns, column, places[until - 1] // (chunk * LANES) + 1,
                                 chunk * LANES, own, at_columns)  # fmt: skip
                    operand, a0, pixel, at, offsets = own, at_columns - column * chunk * LANES, steps, 0, places
                for panel in range(first_panel, end_panel):
                    o = panel * block
                    for r in range(first, until, rows):
                        d1 = d0 + (panel - first_panel) * d_panel
                        outer_tile(operand, a0, pixel, at, count, offsets, r, last, d, d1, d_step,
                                   sums, to + r * O + o, O, OG - o, c == begin)  # fmt: skip

    @kernel(name=f"direct dw {rows}x{vecs}")
    def direct_dw(x, dy, sums, bias_sums, scratch, tables, tasks, sizes, layout):
        parallel_for(dw_task, tasks, (x, dy, sums, bias_sums, scratch, tables, sizes, layout))

    return direct_dw


KERNELS = {shape: _make(shape) for shape in (schedule.WIDE_DW, schedule.NARROW_DW, schedule.THIN_DW)}


def direct_dw(x: Host, dy: Host, dw: Host, db: Host | None, gather: Gather, groups: int) -> None:
    """x (N, H, W, C), dy (N, OH, OW, O); dw (taps of the gather x C / groups, O) and db (O,) are filled.

    Pixels that the gather leaves out are no part of db either.
    """
    if dy.size == 0 or len(gather.phases[0].reads) == 0:
        by_numpy(np.ndarray.fill, dw, 0.0)
        if db is not None:
            by_numpy(np.ndarray.fill, db, 0.0)
        return
    shape, tables, sizes, layout = plan(gather, x.shape, dy.shape, groups)
    O, shares = dy.shape[3], sizes.shares
    sums = dw if shares == 1 else buffers.empty(shares * dw.size)
    bias_sums = NOTHING if db is None else db if shares == 1 else buffers.empty(shares * O)
    source = x if sizes.copied > 0 else with_border(x, gather.border)
    dy_floats = sizes.pack_dy * sizes.panels_per_task * sizes.chunk * shape.block
    KERNELS[shape](
        source.reshape(-1),
        dy.reshape(-1),
        sums.reshape(-1),
        bias_sums,
        buffers.empty((threads.workers(), dy_floats + sizes.columns * sizes.chunk * LANES + sizes.copied)),
        tables,
        shares * groups * sizes.row_blocks * sizes.col_blocks,
        sizes,
        layout,
    )
    if shares > 1:
        add_shares(sums, dw.reshape(-1), dw.size, shares)
        if db is not None:
            add_shares(bias_sums, db, O, shares)
