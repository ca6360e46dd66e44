"""Direct convolution: a tile of pixels x output channels is summed in registers, tap by tap.

The textbook's triple loop, cut into tiles: `rows` pixels, each with its own place in a table (so any stride needs no
tails), times `vecs` vectors of output channels. A kernel is made per tile shape, never per layer.

A task takes some tiles of each phase (gather.py) and some panels of output channels. Where taps leave the image it
first copies the rows it will read, with their border, to its worker's scratch.
"""

from functools import cache
from typing import Any

from cnnkit.kernels.cpu.conv import schedule
from cnnkit.kernels.cpu.conv.border import copy_rows, with_border
from cnnkit.kernels.cpu.conv.direct.plan import PHASE, SPAN, plan
from cnnkit.kernels.cpu.conv.gather import Gather
from cnnkit.kernels.cpu.conv.packing import turn_panel
from cnnkit.kernels.cpu.conv.schedule import TileShape
from cnnkit.kernels.cpu.epilogue import (
    INFINITY,
    NOTHING,
    activate_later,
    bias_of,
    bounded,
    bounds,
    leaky_vector,
)
from cnnkit.kernels.cpu.machine import buffers, threads
from cnnkit.kernels.cpu.machine.jit import inlined, inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.vector import (
    LANES,
    fill,
    fma,
    load,
    load_first,
    prefetch,
    rolled,
    splat,
    store,
    store_first,
    stream,
    tile,
    zero,
)
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.scalar import IDENTITY, LEAKY_KIND, Activation

LINE = 16  # floats of a cache line
# Floats of a run between two requests for what comes next. With 8 lanes a tile's sums over 8 of them take 48 cycles,
# and then the loop begins anew: pieces of a vector ran at 58 to 77 % of the peak, these at 80 to 92 (Zen 3).
PIECE = 64


@inner
def tiles_of(phases, f, pix, sizes, image, chunk):
    """(first tile, last + 1, last pixel) of one phase in a chunk of some images."""
    pixels = phases[f]
    last = min(pixels, (sizes.N - image * sizes.together) * (pixels // sizes.together)) - 1
    tiles = (pixels + pix - 1) // pix
    return tiles * chunk // sizes.chunks, min(tiles * (chunk + 1) // sizes.chunks, (last + pix) // pix), last


@inner
def rows_read(reads, phases, pix, sizes, image, chunk, width):
    """(first, last + 1) of the rows of x with its border that a chunk reads, in any phase."""
    low, high = sizes.x_step, 0
    for f in range(0, phases.size, PHASE):
        first, end, last = tiles_of(phases, f, pix, sizes, image, chunk)
        if first < end and phases[f + 4] < phases[f + 5]:
            low = min(low, reads[phases[f + 1] + first * pix] + phases[f + 4])
            high = max(high, reads[phases[f + 1] + min(end * pix - 1, last)] + phases[f + 5])
    return min(low, high) // width, (high + width - 1) // width


@cache  # two names may mean one shape: then they share its kernel
def _make(shape: TileShape) -> Any:
    pix, vecs = shape
    block = shape.block

    @inlined
    def sum_tile(x, x0, reads, p, last, taps, span, ahead, w, w0, w_step, start, y, y0, writes, room, bias, b0, done,
                 low, high, leaky, slope, streamed):  # fmt: skip
        """Some filter rows of pixels p, p + 1, … <= last: `span` is the taps and the part of the run to be summed.

        Sums begin with `start`, which lies as y does, or with zero where it is empty; the bias comes when they are
        done. What the tile `ahead` floats on will read is fetched meanwhile, if ahead > 0. With `streamed` results go
        past the caches.
        """
        first_tap, last_tap, k0, k1 = span
        count, acc = min(pix, last - p + 1), tile(pix, vecs)
        whole = count == pix and room >= block
        if start.size == 0:
            for i in range(pix):
                for v in range(vecs):
                    acc[i, v] = zero()
        else:
            for i in range(pix):
                at = y0 + writes[min(p + i, last)]
                for v in range(vecs):
                    acc[i, v] = load_first(start, at + LANES * v, room - LANES * v)
        for t in range(first_tap, last_tap):
            base = x0 + taps[t]
            together = PIECE if ahead > 0 else max(k1 - k0, 1)
            for begin in range(k0, k1, together):
                end = min(begin + together, k1)
                if ahead > 0:
                    for i in range(pix):
                        for at in range(begin, end, LINE):
                            prefetch(x, base + reads[min(p + i, last)] + at + ahead)
                for k in range(begin, end):
                    for i in range(pix):
                        a = splat(x, base + reads[min(p + i, last)] + k)
                        for v in range(vecs):
                            acc[i, v] = fma(a, load(w, w0 + LANES * v), acc[i, v])
                    w0 = rolled(w0 + w_step)
        low, high = fill(low), fill(high)
        for v in range(vecs):
            b = load_first(bias, b0 + LANES * v, room - LANES * v if done else 0)
            for i in range(pix):
                acc[i, v] = bounded(acc[i, v] + b, low, high)
        if leaky:
            for i in range(pix):
                for v in range(vecs):
                    acc[i, v] = leaky_vector(acc[i, v], slope)
        if whole:
            for i in range(pix):
                to = y0 + writes[p + i]
                for v in range(vecs):
                    if streamed:
                        stream(y, to + LANES * v, acc[i, v])
                    else:
                        store(y, to + LANES * v, acc[i, v])
        else:
            for i in range(pix):
                to = y0 + writes[min(p + i, last)]
                for v in range(vecs):
                    store_first(y, to + LANES * v, acc[i, v], room - LANES * v if i < count else 0)

    @inner
    def direct_task(x, w, bias, residual, y, scratch, tables, sizes, layout, ends, worker, task):
        """Some tiles of pixels x some panels of output channels; filters that are not turned yet are so in scratch."""
        reads, writes, taps, spans, phases = tables
        apart = sizes.tasks // sizes.parts
        part, place = (task // apart, task % apart) if sizes.by_parts else (task % sizes.parts, task // sizes.parts)
        chunk, image = place % sizes.chunks, place // sizes.chunks
        CG, OG, panels, own = sizes.CG, sizes.OG, sizes.panels, scratch[worker]
        x0, y0, leaky = image * sizes.x_step, image * sizes.y_step, ends.later == LEAKY_KIND
        if sizes.copied > 0:
            width = layout.left + layout.inside + layout.right
            first_row, end_row = rows_read(reads, phases, pix, sizes, image, chunk, width)
            copy_rows(x, own, 0, x0 // width + first_row, x0 // width + end_row, layout)
            x0 = -first_row * width
        source, filters = (own if sizes.copied > 0 else x), (own if sizes.turning else w)
        first_panel = part * sizes.panels_per_task
        last_panel = min(first_panel + sizes.panels_per_task, panels * sizes.groups)
        for f in range(0, phases.size, PHASE):
            first_tile, last_tile, last = tiles_of(phases, f, pix, sizes, image, chunk)
            at, first_span, last_span = phases[f + 1], phases[f + 2], phases[f + 3]
            for begin in range(first_tile, last_tile, sizes.tiles_together):
                for panel in range(first_panel, last_panel):
                    group, o = panel // panels, panel % panels * block
                    if sizes.turning:
                        turn_panel(w, o * sizes.rows, sizes.rows, OG - o, sizes.rows, filters, 0, block)
                    for s in range(first_span, last_span, SPAN):
                        span = (spans[s], spans[s + 1], spans[s + 2], spans[s + 3])
                        w0 = (0 if sizes.turning else panel * sizes.w_panel) + spans[s + 4] * sizes.w_step
                        start = residual if s == first_span else y  # between two spans the sums wait in y
                        done = s + SPAN == last_span
                        low, high = (ends.low, ends.high) if done else (-INFINITY, INFINITY)
                        ahead = sizes.ahead if panel == first_panel else 0
                        for t in range(begin, min(begin + sizes.tiles_together, last_tile)):
                            sum_tile(source, x0 + group * CG, reads, at + t * pix, at + last, taps, span, ahead,
                                     filters, w0, sizes.w_step, start, y, y0 + group * OG + o, writes, OG - o, bias,
                                     group * OG + o, done, low, high, leaky and done, ends.slope,
                                     sizes.streamed)  # fmt: skip
            begin, end = first_tile * pix, min(last_tile * pix, last + 1)
            if ends.later and not leaky and begin < end:
                first, O = writes[at + begin], OG * sizes.groups
                whole = last_panel - first_panel == panels * sizes.groups
                if whole and writes[at + end - 1] - first == (end - 1 - begin) * O:  # side by side
                    activate_later(y, y0 + first, (end - begin) * O, ends.later, ends.slope)
                else:
                    for panel in range(first_panel, last_panel):
                        group, o = panel // panels, panel % panels * block
                        for p in range(begin, end):
                            to = y0 + writes[at + p] + group * OG + o
                            activate_later(y, to, min(block, OG - o), ends.later, ends.slope)

    @kernel(name=f"direct {pix}x{vecs}")
    def direct(x, w, bias, residual, y, scratch, tables, sizes, layout, ends):
        parallel_for(direct_task, sizes.tasks, (x, w, bias, residual, y, scratch, tables, sizes, layout, ends))

    return direct


KERNELS = {shape: _make(shape) for shape in (schedule.WIDE, schedule.NARROW, schedule.THIN)}


def direct(
    x: Host,
    w: Host,
    y: Host,
    gather: Gather,
    shape: TileShape,
    groups: int,
    w_step: int,
    *,
    bias: Host | None = None,
    residual: Host | None = None,
    activation: Activation = IDENTITY,
) -> None:
    """Fill y (N, OH, OW, O) from x (N, H, W, C). Its pixels lie gather.step floats apart, as those of a residual do.

    w: flat panels for all phases, w_step = block; or filters as they lie, w_step = O; or those of one tap that each
    task turns for itself, w_step = 0.
    """
    if y.size == 0:
        return
    tables, sizes, layout = plan(gather, x.shape, y.shape, shape, groups, w_step)
    ends = bounds(activation)
    if sizes.streamed and (ends.later or not buffers.is_aligned(y)):
        sizes = sizes._replace(streamed=0)
    own = max(sizes.copied, sizes.turning * sizes.rows * shape.block)
    source = x if sizes.copied > 0 else with_border(x, gather.border)
    KERNELS[shape](
        source.reshape(-1),
        w,
        bias_of(bias, y.shape[3]),
        NOTHING if residual is None else residual.reshape(-1),
        buffers.pixels(y)[0],
        buffers.empty((threads.workers(), own)),
        tables,
        sizes,
        layout,
        ends,
    )
