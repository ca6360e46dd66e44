"""Direct convolution: a tile of pixels x output channels is summed in registers, tap by tap.

The textbook's triple loop, cut into tiles: `rows` pixels, each with its own place in a table (so any stride needs no
tails), times `vecs` vectors of output channels. A kernel is made per tile shape, never per layer.
"""

from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from cnnkit.kernels.cpu import memory, schedule, threads
from cnnkit.kernels.cpu.epilogue import (
    INFINITY,
    NOTHING,
    activate_later,
    bounded,
    bounds,
    load_upto,
    padded_bias,
    store_upto,
)
from cnnkit.kernels.cpu.gather import Phase
from cnnkit.kernels.cpu.jit import inlined, inner, kernel
from cnnkit.kernels.cpu.packing import turn_panel
from cnnkit.kernels.cpu.schedule import TileShape
from cnnkit.kernels.cpu.simd import LANES, fill, fma, load, splat, store, tile, zero
from cnnkit.kernels.cpu.threads import parallel_for
from cnnkit.kernels.shared.array import Array
from cnnkit.kernels.shared.scalar import IDENTITY, Activation


def _make(shape: TileShape) -> Any:
    pix, vecs = shape
    block = shape.block

    @inlined
    def sum_tile(x, x0, reads, p, last, taps, span, w, w0, w_step, start, y, y0, writes, room, bias, b0, low, high):
        """Some filter rows of pixels p, p + 1, … <= last: `span` is the taps and the part of the run to be summed.

        Sums begin with `start`, which lies as y does, or with zero where it is empty.
        """
        first_tap, last_tap, k0, k1 = span
        count, vectors = min(pix, last - p + 1), min(vecs, (room + LANES - 1) // LANES)
        acc, held = tile(pix, vecs), tile(pix, vecs)
        if start.size == 0:
            for i in range(pix):
                for v in range(vecs):
                    acc[i, v] = zero()
        else:
            for i in range(count):
                for v in range(vectors):
                    held[i, v] = load_upto(start, y0 + writes[p + i] + LANES * v, room - LANES * v)
            for i in range(pix):
                for v in range(vecs):
                    acc[i, v] = held[i, v]
        for t in range(first_tap, last_tap):
            base = x0 + taps[t]
            for k in range(k0, k1):
                for i in range(pix):
                    a = splat(x, base + reads[min(p + i, last)] + k)
                    for v in range(vecs):
                        acc[i, v] = fma(a, load(w, w0 + LANES * v), acc[i, v])
                w0 += w_step
        low, high = fill(low), fill(high)
        for i in range(pix):
            for v in range(vecs):
                acc[i, v] = bounded(acc[i, v] + load(bias, b0 + LANES * v), low, high)
        if count == pix and room >= block:
            for i in range(pix):
                to = y0 + writes[p + i]
                for v in range(vecs):
                    store(y, to + LANES * v, acc[i, v])
        else:
            for i in range(pix):
                for v in range(vecs):
                    held[i, v] = acc[i, v]
            for i in range(count):
                for v in range(vectors):
                    store_upto(y, y0 + writes[p + i] + LANES * v, held[i, v], room - LANES * v)

    @inner
    def direct_task(x, w, bias, residual, y, scratch, tables, sizes, cut, ends, worker, task):
        """Some tiles of pixels x some panels of output channels; filters that are not turned yet are so in scratch."""
        reads, writes, taps, spans = tables
        pixels, total, x_step, y_step, run, CG, OG, panels, groups, w_step, w_panel = sizes
        turning = scratch.size > 0
        filters = scratch[worker] if turning else w
        tiles_per_task, panels_per_task, together, chunks, parts = cut
        part, chunk, image = task % parts, task // parts % chunks, task // (parts * chunks)
        last = min(pixels, total - image * pixels) - 1
        first_tile, last_tile = chunk * tiles_per_task, min((chunk + 1) * tiles_per_task, last // pix + 1)
        first_panel, last_panel = part * panels_per_task, min((part + 1) * panels_per_task, panels * groups)
        for begin in range(first_tile, last_tile, together):
            for panel in range(first_panel, last_panel):
                group, o = panel // panels, panel % panels * block
                if turning:
                    turn_panel(w, o * run, run, OG - o, run, filters, 0, block)
                for s in range(0, spans.size, 4):
                    span = (spans[s], spans[s + 1], spans[s + 2], spans[s + 3])
                    w0 = (0 if turning else panel * w_panel) + (span[0] * run + span[2]) * w_step
                    start = residual if s == 0 else y  # between two spans the sums wait in y
                    done = s + 4 == spans.size
                    b0 = panel * block if done else panels * groups * block  # a block of zeros
                    low, high = (ends.low, ends.high) if done else (-INFINITY, INFINITY)
                    for t in range(begin, min(begin + together, last_tile)):
                        sum_tile(x, image * x_step + group * CG, reads, t * pix, last, taps, span, filters, w0, w_step,
                                 start, y, image * y_step + group * OG + o, writes, OG - o, bias, b0,
                                 low, high)  # fmt: skip
        if ends.later:
            for panel in range(first_panel, last_panel):
                group, o = panel // panels, panel % panels * block
                for p in range(first_tile * pix, min(last_tile * pix, last + 1)):
                    to = image * y_step + writes[p] + group * OG + o
                    activate_later(y, to, min(block, OG - o), ends.later, ends.slope)

    @kernel(name=f"direct {pix}x{vecs}")
    def direct(x, w, bias, residual, y, scratch, tables, sizes, cut, ends):
        _, _, _, chunks, parts = cut
        images = (sizes[1] + sizes[0] - 1) // sizes[0]
        parallel_for(direct_task, images * chunks * parts, (x, w, bias, residual, y, scratch, tables, sizes, cut, ends))

    return direct


KERNELS = {shape: _make(shape) for shape in (schedule.WIDE, schedule.NARROW, schedule.THIN)}


def run_phase(
    x: Array,
    w: Array,
    y: Array,
    phase: Phase,
    together: int,
    shape: TileShape,
    groups: int,
    w_step: int,
    *,
    bias: Array | None = None,
    residual: Array | None = None,
    activation: Activation = IDENTITY,
) -> None:
    """One gather: x (N, Hp, Wp, C) already with its border, y (N, OH, OW, O) filled at the phase's pixels.

    w: flat panels, w_step = block; or filters as they lie, w_step = O; or those of one tap that each task turns for
    itself, w_step = 0.
    """
    dealt = _deal(x.shape, y.shape, len(phase.reads), len(phase.taps), phase.run, together, shape, groups, w_step)
    if dealt.sizes[1] == 0:
        return
    KERNELS[shape](
        x.reshape(-1),
        w,
        padded_bias(bias, groups, y.shape[3] // groups, shape.block),
        NOTHING if residual is None else residual.reshape(-1),
        y.reshape(-1),
        memory.empty((threads.workers() if w_step == 0 else 0, phase.run * shape.block)),
        (phase.reads, phase.writes, phase.taps, dealt.spans),
        dealt.sizes,
        dealt.cut,
        bounds(activation),
    )


class Dealt(NamedTuple):
    """The numbers that one gather's kernel wants, in the order in which it unpacks them."""

    sizes: tuple[int, ...]
    cut: tuple[int, ...]
    spans: Array


@lru_cache(maxsize=512)
def _deal(
    x_shape: tuple[int, ...],
    y_shape: tuple[int, ...],
    pixels: int,
    taps: int,
    run: int,
    together: int,
    shape: TileShape,
    groups: int,
    w_step: int,
) -> Dealt:
    N, Hp, Wp, C = x_shape
    _, OH, OW, O = y_shape
    CG, OG, terms = C // groups, O // groups, taps * run
    panels = -(-OG // shape.block)
    total = N * (pixels // max(together, 1))
    tiles, images = -(-pixels // shape.rows), -(-total // max(pixels, 1))
    cut = schedule.cut_direct(tiles, images, panels * groups, terms, shape)
    if w_step == 0:
        cut, w_step = schedule.cut_turning(tiles, panels), shape.block
    w_panel = terms * shape.block if w_step == shape.block else shape.block
    x_step, y_step = together * Hp * Wp * C, together * OH * OW * O
    return Dealt(
        (max(pixels, 1), total, x_step, y_step, run, CG, OG, panels, groups, w_step, w_panel),
        (*cut, -(-tiles // cut.tiles), -(-panels * groups // cut.panels)),
        _spans(taps, run, schedule.rows_of_block(shape)),
    )


def _spans(taps: int, run: int, most: int) -> Array:
    """(first tap, last + 1, first of the run, last + 1) of pieces of at most `most` filter rows, flat."""
    if run > most:
        ends = [*range(0, run, most), run]
        pieces = [(t, t + 1, a, b) for t in range(taps) for a, b in pairwise(ends)]
    else:
        step = max(1, most // max(run, 1))
        pieces = [(t, min(t + step, taps), 0, run) for t in range(0, taps, step)]
    return np.array(pieces or [(0, 0, 0, 0)], np.int64).reshape(-1)
