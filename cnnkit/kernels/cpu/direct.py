"""Direct convolution: a tile of pixels x output channels is summed in registers, tap by tap.

The textbook's triple loop, cut into tiles: `rows` pixels, each with its own place in a table (so any stride needs no
tails), times `vecs` vectors of output channels. A kernel is made per tile shape, never per layer.
"""

from typing import Any

import numpy as np

from cnnkit.kernels.cpu import schedule
from cnnkit.kernels.cpu.epilogue import finish, load_upto, store_upto
from cnnkit.kernels.cpu.gather import Phase
from cnnkit.kernels.cpu.jit import inner, kernel
from cnnkit.kernels.cpu.schedule import TileShape
from cnnkit.kernels.cpu.simd import LANES, fma, load, splat, tile, zero
from cnnkit.kernels.cpu.threads import parallel_for
from cnnkit.kernels.shared.array import Array
from cnnkit.kernels.shared.scalar import Activation


def _make(shape: TileShape) -> Any:
    pix, vecs = shape
    block = shape.block

    @inner
    def sum_tile(x, x0, reads, p, last, taps, span, w, w0, w_step, y, y0, writes, room, ends, bias, b0, residual, kind, slope):
        """Some filter rows of pixels p, p + 1, … <= last: `span` is the taps and the part of the run to be summed.

        `ends` is 1 where these are the sum's first rows, + 2 where they are its last ones. Between them the sums wait in y.
        """
        first_tap, last_tap, k0, k1 = span
        count, vectors = min(pix, last - p + 1), min(vecs, (room + LANES - 1) // LANES)
        acc, held = tile(pix, vecs), tile(pix, vecs)
        if ends & 1:
            for i in range(pix):
                for v in range(vecs):
                    acc[i, v] = zero()
        else:
            for i in range(count):
                for v in range(vectors):
                    held[i, v] = load_upto(y, y0 + writes[p + i] + LANES * v, room - LANES * v)
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
        for i in range(pix):
            for v in range(vecs):
                held[i, v] = acc[i, v]
        for i in range(count):
            to = y0 + writes[p + i]
            for v in range(vectors):
                o = LANES * v
                if ends & 2:
                    finish(held[i, v], bias, b0 + o, residual, y, to + o, room - o, kind, slope)
                else:
                    store_upto(y, to + o, held[i, v], room - o)

    @inner
    def direct_task(x, w, bias, residual, y, tables, sizes, cut, kind, slope, worker, task):
        """Some tiles of pixels x some panels of output channels."""
        reads, writes, taps, spans = tables
        pixels, total, x_step, y_step, run, CG, OG, panels, groups, w_step, w_panel = sizes
        tiles_per_task, panels_per_task, together, chunks, parts = cut
        part, chunk, image = task % parts, task // parts % chunks, task // (parts * chunks)
        last = min(pixels, total - image * pixels) - 1
        first_tile, last_tile = chunk * tiles_per_task, min((chunk + 1) * tiles_per_task, last // pix + 1)
        for start in range(first_tile, last_tile, together):
            for panel in range(part * panels_per_task, min((part + 1) * panels_per_task, panels * groups)):
                group, o = panel // panels, panel % panels * block
                for s in range(0, spans.size, 4):
                    span = (spans[s], spans[s + 1], spans[s + 2], spans[s + 3])
                    ends = (s == 0) + 2 * (s + 4 == spans.size)
                    w0 = panel * w_panel + (span[0] * run + span[2]) * w_step
                    for t in range(start, min(start + together, last_tile)):
                        sum_tile(x, image * x_step + group * CG, reads, t * pix, last, taps, span, w, w0, w_step,
                                 y, image * y_step + group * OG + o, writes, OG - o, ends,
                                 bias, group * OG + o, residual, kind, slope)  # fmt: skip

    @kernel(name=f"direct {pix}x{vecs}")
    def direct(x, w, bias, residual, y, tables, sizes, cut, kind, slope):
        _, _, _, chunks, parts = cut
        images = (sizes[1] + sizes[0] - 1) // sizes[0]
        parallel_for(direct_task, images * chunks * parts, (x, w, bias, residual, y, tables, sizes, cut, kind, slope))

    return direct


KERNELS = {shape: _make(shape) for shape in (schedule.WIDE, schedule.NARROW)}
NOTHING = np.zeros(0, np.float32)


def run_phase(
    x: Array,
    w: Array,
    y: Array,
    phase: Phase,
    shape: TileShape,
    groups: int,
    w_step: int,
    *,
    images: int,
    together: int,
    bias: Array | None = None,
    residual: Array | None = None,
    activation: Activation,
) -> None:
    """One gather: x (N, Hp, Wp, C) already with its border, y (N, OH, OW, O) filled at the phase's pixels.

    w: flat panels, w_step = block; or filters as they lie, w_step = O.
    """
    N, O, CG = x.shape[0], y.shape[3], x.shape[3] // groups
    OG = O // groups
    pixels = len(phase.reads)
    panels = -(-OG // shape.block)
    terms = len(phase.taps) * phase.run
    total = N * (pixels // together)
    if total == 0:
        return
    tiles, image_groups = -(-pixels // shape.rows), -(-total // pixels)
    cut = schedule.cut_direct(tiles, image_groups, panels * groups, terms, shape)
    chunks, parts = -(-tiles // cut.tiles), -(-panels * groups // cut.panels)
    w_panel = terms * shape.block if w_step == shape.block else shape.block
    KERNELS[shape](
        x.reshape(-1),
        w,
        NOTHING if bias is None else bias,
        NOTHING if residual is None else residual.reshape(-1),
        y.reshape(-1),
        (phase.reads, phase.writes, phase.taps, _spans(len(phase.taps), phase.run, schedule.rows_of_block(shape))),
        (pixels, total, together * (x.size // N), together * (y.size // N), phase.run, CG, OG, panels, groups, w_step, w_panel),
        (*cut, chunks, parts),
        activation.kind,
        np.float32(activation.slope),
    )


def _spans(taps: int, run: int, most: int) -> Array:
    """(first tap, last + 1, first of the run, last + 1) of pieces of at most `most` filter rows, flat."""
    if run > most:
        ends = [*range(0, run, most), run]
        pieces = [(t, t + 1, a, b) for t in range(taps) for a, b in zip(ends, ends[1:], strict=False)]
    else:
        step = max(1, most // max(run, 1))
        pieces = [(t, min(t + step, taps), 0, run) for t in range(0, taps, step)]
    return np.array(pieces or [(0, 0, 0, 0)], np.int64).reshape(-1)
