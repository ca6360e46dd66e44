"""Direct weight gradient: an outer product of taps and output channels, summed over pixels in registers.

    dw[r, o] = Σ p  x[reads[p] + taps[r]] · dy[p, o],        r = (tap, channel)

dy is copied chunk by chunk into panels of one tile's width: with its own stride, often a power of two, it ran at half
speed. Rows are cut into tasks; where there are few, so are the pixels, into a number of shares fixed by the shape, each
with its own sums, which are then added in order. The sums of dy itself, the gradient of a bias, are taken from the
panels by the tasks of the first rows.
"""

from typing import Any

import numpy as np

from cnnkit.kernels.cpu import memory, schedule, threads
from cnnkit.kernels.cpu.epilogue import NOTHING, load_upto, store_upto
from cnnkit.kernels.cpu.gather import Phase
from cnnkit.kernels.cpu.jit import inner, kernel
from cnnkit.kernels.cpu.schedule import TileShape
from cnnkit.kernels.cpu.simd import LANES, fma, load, splat, store, tile, zero
from cnnkit.kernels.cpu.sums import add_rows, add_shares
from cnnkit.kernels.cpu.threads import parallel_for
from cnnkit.kernels.shared.array import Array


def _make(shape: TileShape) -> Any:
    rows, vecs = shape
    block = shape.block

    @inner
    def outer_tile(x, x0, reads, p, count, taps, r, last, panel, d0, dw, to, O, room, first):
        """Rows r, r + 1, … <= last of dw gain the products of `count` pixels from p on."""
        valid, vectors = min(rows, last - r + 1), min(vecs, (room + LANES - 1) // LANES)
        acc, held = tile(rows, vecs), tile(rows, vecs)
        if first:
            for i in range(rows):
                for v in range(vecs):
                    acc[i, v] = zero()
        else:
            for i in range(valid):
                for v in range(vectors):
                    held[i, v] = load_upto(dw, to + i * O + LANES * v, room - LANES * v)
            for i in range(rows):
                for v in range(vecs):
                    acc[i, v] = held[i, v]
        for q in range(count):
            base = x0 + reads[p + q]
            for i in range(rows):
                a = splat(x, base + taps[min(r + i, last)])
                for v in range(vecs):
                    acc[i, v] = fma(a, load(panel, d0 + q * block + LANES * v), acc[i, v])
        for i in range(rows):
            for v in range(vecs):
                held[i, v] = acc[i, v]
        for i in range(valid):
            for v in range(vectors):
                store_upto(dw, to + i * O + LANES * v, held[i, v], room - LANES * v)

    @inner
    def copy_panels(dy, d, O, count, panels, channels, chunk, panel):
        """`count` pixels of dy from d on, `channels` each, side by side in panels of `block`."""
        for o in range(panels):
            for q in range(count):
                for v in range(0, block, LANES):
                    i = o * block + v
                    store(panel, (o * chunk + q) * block + v, load_upto(dy, d + q * O + i, channels - i))

    @inner
    def dw_task(x, dy, sums, bias_sums, scratch, tables, sizes, cut, worker, task):
        """Some rows of one group of channels, summed over one share of the pixels."""
        reads, taps = tables
        pixels, total, x_step, CG, OG, groups, panels = sizes
        row_tiles, shares, chunk, _ = cut
        share, group, part = task % shares, task // shares % groups, task // (shares * groups)
        O, last, panel = OG * groups, taps.size - 1, scratch[worker]
        chunks = (pixels + chunk - 1) // chunk
        all_chunks = (total + pixels - 1) // pixels * chunks
        begin, end = all_chunks * share // shares, all_chunks * (share + 1) // shares
        to = share * taps.size * O + group * OG
        for c in range(begin, end):
            image, p = c // chunks, c % chunks * chunk
            count = min(chunk, pixels - p, total - image * pixels - p)
            if count > 0:
                copy_panels(dy, (image * pixels + p) * O + group * OG, O, count, panels, OG, chunk, panel)
            if part == 0 and bias_sums.size > 0:
                for o in range(panels):
                    add_rows(panel, o * chunk * block, block, max(count, 0), bias_sums,
                             share * O + group * OG + o * block, min(block, OG - o * block), c == begin)  # fmt: skip
            for r in range(part * row_tiles * rows, min((part + 1) * row_tiles * rows, last + 1), rows):
                for o in range(panels):
                    outer_tile(x, image * x_step + group * CG, reads, p, count, taps, r, last, panel, o * chunk * block,
                               sums, to + r * O + o * block, O, OG - o * block, c == begin)  # fmt: skip

    @kernel(name=f"direct dw {rows}x{vecs}")
    def direct_dw(x, dy, sums, bias_sums, scratch, tables, sizes, cut):
        parallel_for(dw_task, cut[3] * cut[1] * sizes[5], (x, dy, sums, bias_sums, scratch, tables, sizes, cut))

    return direct_dw


KERNELS = {shape: _make(shape) for shape in (schedule.WIDE_DW, schedule.NARROW_DW, schedule.THIN_DW)}


def direct_dw(x: Array, dy: Array, dw: Array, db: Array | None, phase: Phase, groups: int) -> None:
    """x (N, Hp, Wp, C) already with its border; dw (KH, KW, C / groups, O) and db (O,) are filled."""
    N, O, CG = x.shape[0], dy.shape[3], x.shape[3] // groups
    OG, rows, pixels = O // groups, dw.size // max(O, 1), len(phase.reads)
    total = dy.size // max(O, 1)
    if total == 0:
        dw.fill(0)
        if db is not None:
            db.fill(0)
        return
    shape = schedule.dw_tile(OG, total)
    panels = -(-OG // shape.block)
    taps = (phase.taps[:, None] + np.arange(phase.run)).reshape(-1)
    cut = schedule.cut_dw(rows, OG, total, groups, shape)
    shares = min(cut.pixel_groups, -(-total // pixels) * -(-pixels // cut.chunk))
    tiles = -(-rows // shape.rows)
    parts = -(-tiles // cut.row_tiles)
    images = pixels // (total // N)
    sums = dw if shares == 1 else memory.empty(shares * dw.size)
    bias_sums = NOTHING if db is None else db if shares == 1 else memory.empty(shares * O)
    scratch = memory.empty((threads.workers(), panels * cut.chunk * shape.block))
    KERNELS[shape](
        x.reshape(-1),
        dy.reshape(-1),
        sums.reshape(-1),
        bias_sums,
        scratch,
        (phase.reads, taps),
        (pixels, total, images * (x.size // N), CG, OG, groups, panels),
        (cut.row_tiles, shares, cut.chunk, parts),
    )
    if shares > 1:
        add_shares(sums, dw.reshape(-1), dw.size, shares)
        if db is not None:
            add_shares(bias_sums, db, O, shares)
