"""Short sums along rows of pixels: as tile.py, where pixels lie evenly apart, so that no table tells their places.

    y[row, p, o] = Σ r < KH, k < run  x[row's first + r·width + p·apart + k] · w[r, k, o]       run = KW·C

Of 1x1 filters all pixels are one row, cut into pieces; of others a row is one of the image, and tasks copy the rows
that they read with their border. The last tile of a row begins earlier, and computes some pixels once more.

A tile's table is as much memory as eight channels of its pixels, and the look into it takes as long as the sums of
some ten products: so these are the sums of 1x1 filters to and from few channels, and those over an image's own three.
They have the order of tile.py, and the same bits.
"""

from functools import cache, lru_cache
from typing import Any, NamedTuple

from cnnkit.kernels.cpu.conv import schedule
from cnnkit.kernels.cpu.conv.border import NO_BORDER, BorderedRows, bordered_rows, copy_rows
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
from cnnkit.kernels.cpu.simd.partial import load_upto
from cnnkit.kernels.cpu.simd.vector import (
    LANES,
    fill,
    fma,
    load,
    load_first,
    rolled,
    splat,
    store,
    store_first,
    stream,
    tile,
    zero,
)
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.geometry import Window
from cnnkit.kernels.shared.scalar import IDENTITY, LEAKY_KIND, Activation


class Sizes(NamedTuple):
    """Numbers of a sum along rows."""

    tasks: int
    parts: int  # of the panels
    by_parts: int  # whether neighbouring tasks have one part: else they have neighbouring pixels
    rows: int
    per_task: int  # rows
    length: int  # pixels of a row
    rest: int  # and of the last one more
    image_rows: int  # rows of y in an image
    stride: int  # from one row to the next
    apart: int  # floats of x from one pixel to the next
    KH: int
    run: int
    O: int
    panels_per_task: int
    together: int  # tiles that pass one panel before the next panel's turn
    y_step: int  # floats of y from one pixel to the next
    w_step: int  # floats from one row of filters to the next
    w_panel: int  # and from one panel to the next
    copied: int  # floats of x that a task copies with their border, 0 where x is read where it lies
    streamed: int  # whether y is too large to be kept in a cache


@cache
def _make(shape: TileShape) -> Any:
    pix, vecs = shape
    block = shape.block

    @inlined
    def sum_tile(x, x0, apart, width, KH, run, w, w0, w_step, bias, b0, residual, y, y0, step, room, ends, streamed):
        """Of pixels that lie `apart`, KH rows of taps. Sums begin with the residual, which lies as y does."""
        acc = tile(pix, vecs)
        for i in range(pix):
            for v in range(vecs):
                acc[i, v] = zero()
        if residual.size > 0:
            for i in range(pix):
                for v in range(vecs):
                    acc[i, v] = load_upto(residual, y0 + i * step + LANES * v, room - LANES * v)
        for _ in range(KH):
            for k in range(run):
                for i in range(pix):
                    a = splat(x, x0 + i * apart + k)
                    for v in range(vecs):
                        acc[i, v] = fma(a, load(w, w0 + LANES * v), acc[i, v])
                w0 = rolled(w0 + w_step)
            x0 += width
        for v in range(vecs):
            b = load_first(bias, b0 + LANES * v, room - LANES * v)
            for i in range(pix):
                acc[i, v] = acc[i, v] + b
        if ends.later == LEAKY_KIND:
            for i in range(pix):
                for v in range(vecs):
                    acc[i, v] = leaky_vector(acc[i, v], ends.slope)
        elif ends.low > -INFINITY:
            low, high = fill(ends.low), fill(ends.high)
            for i in range(pix):
                for v in range(vecs):
                    acc[i, v] = bounded(acc[i, v], low, high)
        if room < block:
            for i in range(pix):
                for v in range(vecs):
                    store_first(y, y0 + i * step + LANES * v, acc[i, v], room - LANES * v)
        elif streamed:
            for i in range(pix):
                for v in range(vecs):
                    stream(y, y0 + i * step + LANES * v, acc[i, v])
        else:
            for i in range(pix):
                for v in range(vecs):
                    store(y, y0 + i * step + LANES * v, acc[i, v])

    @inner
    def rows_task(x, w, bias, residual, y, scratch, sizes, layout, ends, worker, task):
        """Some rows x some panels of output channels."""
        apart, own = sizes.tasks // sizes.parts, scratch[worker]
        part, chunk = (task // apart, task % apart) if sizes.by_parts else (task % sizes.parts, task // sizes.parts)
        first_row = chunk * sizes.per_task
        end_row = min(first_row + sizes.per_task, sizes.rows)
        width, source = layout.left + layout.inside + layout.right, (own if sizes.copied > 0 else x)
        start = 0
        if sizes.copied > 0:
            start = row_read(first_row, sizes, layout)
            copy_rows(x, own, 0, start, row_read(end_row - 1, sizes, layout) + sizes.KH, layout)
        first, end = part * sizes.panels_per_task * block, min(sizes.O, (part + 1) * sizes.panels_per_task * block)
        for row in range(first_row, end_row):
            x0, p0 = (row_read(row, sizes, layout) - start) * width, row * sizes.length
            count = sizes.length + (sizes.rest if row == sizes.rows - 1 else 0)
            for begin in range(0, count, pix * sizes.together):
                for o in range(first, end, block):
                    for p in range(begin, min(begin + pix * sizes.together, count), pix):
                        p = min(p, count - pix)
                        sum_tile(source, x0 + p * sizes.apart, sizes.apart, width, sizes.KH, sizes.run, w,
                                 o // block * sizes.w_panel, sizes.w_step, bias, o, residual, y,
                                 (p0 + p) * sizes.y_step + o, sizes.y_step, sizes.O - o, ends,
                                 sizes.streamed)  # fmt: skip
            if ends.later and ends.later != LEAKY_KIND:
                if sizes.y_step == end - first:
                    activate_later(y, p0 * sizes.y_step, count * sizes.y_step, ends.later, ends.slope)
                else:
                    for p in range(p0, p0 + count):
                        activate_later(y, p * sizes.y_step + first, end - first, ends.later, ends.slope)

    @kernel(name=f"direct rows {pix}x{vecs}")
    def rows(x, w, bias, residual, y, scratch, sizes, layout, ends):
        parallel_for(rows_task, sizes.tasks, (x, w, bias, residual, y, scratch, sizes, layout, ends))

    return rows


@inlined
def row_read(row, sizes, layout):
    """The first row of x with its border that row `row` of y reads."""
    return row // sizes.image_rows * layout.rows + row % sizes.image_rows * sizes.stride


TILES = (schedule.WIDE, schedule.TRIPLE, schedule.NARROW, schedule.THIN)
KERNELS = {shape: _make(shape) for shape in TILES}


@lru_cache(maxsize=512)
def plan(
    x_shape: tuple[int, ...], y_shape: tuple[int, ...], y_step: int, w_shape: tuple[int, ...], win: Window,
    shape: TileShape, w_step: int,
) -> tuple[Sizes, BorderedRows]:  # fmt: skip
    """What the kernel is told beside the operands."""
    (N, H, W, C), (_, OH, OW, O), (KH, KW) = x_shape, y_shape, w_shape[:2]
    whole, panels = schedule.one_row(w_shape, win), -(-O // shape.block)
    cut = schedule.cut_rows(N * OH * OW, None if whole else OW, panels, KH * KW * C, shape)
    below = max(0, (OH - 1) * win.stride_h + KH - win.pad_top - H)
    right = max(0, (OW - 1) * win.stride_w + KW - win.pad_left - W)
    border = (win.pad_top, below, win.pad_left, right)
    # One row in pieces: as an image of so many rows.
    layout = bordered_rows((1, cut.rows, cut.length, C) if whole else x_shape, border)
    parts, chunks = -(-panels // cut.panels), -(-cut.rows // cut.per_task)
    sizes = Sizes(
        tasks=parts * chunks,
        parts=parts,
        by_parts=int(schedule.filters_outweigh(KH * KW * C * O, N * H * W * C, N * OH * OW * O)),
        rows=cut.rows,
        per_task=cut.per_task,
        length=cut.length,
        rest=N * OH * OW - cut.rows * cut.length,
        image_rows=cut.rows if whole else OH,
        stride=win.stride_h,
        apart=win.stride_w * C,
        KH=KH,
        run=KW * C,
        O=O,
        panels_per_task=cut.panels,
        together=cut.together,
        y_step=y_step,
        w_step=w_step,
        w_panel=KH * KW * C * shape.block if w_step == shape.block else shape.block,
        copied=0,
        streamed=int(schedule.stream(N * OH * OW * O, O) and y_step % LANES == 0),
    )
    if border != NO_BORDER:
        width = layout.left + layout.inside + layout.right
        firsts = range(0, cut.rows, cut.per_task)
        reads = [(first, min(first + cut.per_task, cut.rows) - 1) for first in firsts]
        read = row_read.function
        most = max(read(last, sizes, layout) + KH - read(first, sizes, layout) for first, last in reads)
        sizes = sizes._replace(copied=most * width)
    return sizes, layout


def direct_rows(
    x: Host,
    w: Host,
    y: Host,
    w_shape: tuple[int, ...],
    win: Window,
    shape: TileShape,
    w_step: int,
    *,
    bias: Host | None = None,
    residual: Host | None = None,
    activation: Activation = IDENTITY,
) -> None:
    """Fill y (N, OH, OW, O), or some channels of a larger array, from x (N, H, W, C); a residual lies as y does.

    w: flat panels of filters of w_shape, w_step = block; or filters as they lie, w_step = O.
    """
    sizes, layout = plan(x.shape, y.shape, buffers.pixel_step(y), w_shape, win, shape, w_step)
    ends = bounds(activation)
    if sizes.streamed and ((ends.later and ends.later != LEAKY_KIND) or not buffers.is_aligned(y)):
        sizes = sizes._replace(streamed=0)
    KERNELS[shape](
        x.reshape(-1),
        w,
        bias_of(bias, y.shape[3]),
        NOTHING if residual is None else residual.reshape(-1),
        buffers.pixels(y)[0],
        buffers.empty((threads.workers(), sizes.copied)),
        sizes,
        layout,
        ends,
    )
