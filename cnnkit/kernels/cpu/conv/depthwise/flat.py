"""Depthwise convolution of few channels: several pixels of a row in a vector.

    y[oy, i] = Σ ky, kx  x[iy, i + (kx·dilation_w - pad_left)·C] · w[ky, kx, i mod C]       i = ox·C + c

Where C divides a vector and pixels are neighbours (stride 1 across), a row is one run of floats, and a filter's tap is
the same vector all along it: its channels, repeated. Rows are copied with zeros at both ends, so no tap is asked where
it is; rows of taps outside the image are left out, as in rows.py, which has the same bits.
"""

from functools import cache, lru_cache
from typing import Any, NamedTuple

from cnnkit.kernels.cpu.conv import schedule
from cnnkit.kernels.cpu.conv.border import BorderedRows, copy_rows
from cnnkit.kernels.cpu.conv.depthwise.rows import tap_rows
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
from cnnkit.kernels.cpu.simd.vector import LANES, fill, fma, load, load_first, store, store_first, tile
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.geometry import Window, input_row
from cnnkit.kernels.shared.scalar import IDENTITY, LEAKY_KIND, Activation


class Sizes(NamedTuple):
    """Numbers of a convolution of few channels."""

    rows: int  # of y, of all images
    per_task: int
    OH: int
    row: int  # floats of y
    H: int
    C: int
    KH: int
    KW: int
    first: int  # floats of a worker's scratch before the rows of x


@inner
def repeated(values, start, C, wide, to):
    """wide[to + i] = values[start + i mod C]   i < LANES"""
    for i in range(0, LANES, C):
        store_first(wide, to + i, load_first(values, start, C), C)


@cache
def _make(vecs: int) -> Any:
    @inlined
    def run(x, x0, x_step, rows, KW, apart, w, w0, residual, y, y0, ends):
        """`vecs` vectors of a row of y; w: the bias, then the filter's taps, each repeated over a vector."""
        acc = tile(vecs, 1)
        for v in range(vecs):
            acc[v, 0] = load(w, 0)
        for r in range(rows):
            for s in range(KW):
                tap = load(w, w0 + (r * KW + s) * LANES)
                for v in range(vecs):
                    acc[v, 0] = fma(load(x, x0 + s * apart + v * LANES), tap, acc[v, 0])
            x0 += x_step
        if residual.size > 0:
            for v in range(vecs):
                acc[v, 0] = acc[v, 0] + load(residual, y0 + v * LANES)
        if ends.later == LEAKY_KIND:
            for v in range(vecs):
                acc[v, 0] = leaky_vector(acc[v, 0], ends.slope)
        if ends.low > -INFINITY:
            low, high = fill(ends.low), fill(ends.high)
            for v in range(vecs):
                acc[v, 0] = bounded(acc[v, 0], low, high)
        for v in range(vecs):
            store(y, y0 + v * LANES, acc[v, 0])

    @inner
    def flat_task(x, w, bias, residual, y, scratch, sizes, layout, win, ends, worker, task):
        """Some rows of y, which may belong to several images."""
        OH, row, H, C, KH, KW = sizes.OH, sizes.row, sizes.H, sizes.C, sizes.KH, sizes.KW
        own, width = scratch[worker], layout.left + layout.inside + layout.right
        first, end = task * sizes.per_task, min(sizes.rows, (task + 1) * sizes.per_task)
        repeated(bias, 0, C, own, 0)
        for t in range(KH * KW):
            repeated(w, t * C, C, own, (1 + t) * LANES)
        start, _ = rows_met(first, sizes, win)
        _, stop = rows_met(end - 1, sizes, win)
        if start < stop:
            copy_rows(x, own, sizes.first, start, stop, layout)
        for r in range(first, end):
            n, at = r // OH, input_row(r % OH, 0, win)
            r0, r1 = tap_rows(at, H, KH, win.dilation_h, 1, 1)
            x0 = sizes.first + (n * H + at + r0 * win.dilation_h - start) * width
            for i in range(0, row, vecs * LANES):
                i = min(i, row - vecs * LANES)  # the last ones overlap their neighbours
                run(own, x0 + i, win.dilation_h * width, r1 - r0, KW, win.dilation_w * C, own, (1 + r0 * KW) * LANES,
                    residual, y, r * row + i, ends)  # fmt: skip
        if ends.later and ends.later != LEAKY_KIND:
            activate_later(y, first * row, (end - first) * row, ends.later, ends.slope)

    @kernel(name=f"depthwise, {vecs} vectors of pixels")
    def flat(x, w, bias, residual, y, scratch, sizes, layout, win, ends):
        tasks = (sizes.rows + sizes.per_task - 1) // sizes.per_task
        parallel_for(flat_task, tasks, (x, w, bias, residual, y, scratch, sizes, layout, win, ends))

    return flat


@inlined
def rows_met(row, sizes, win):
    """(first, last + 1) of the rows of x, of all images, between which lies what a row of y reads."""
    above, at = row // sizes.OH * sizes.H, input_row(row % sizes.OH, 0, win)
    return above + min(max(at, 0), sizes.H), above + max(0, min(at + (sizes.KH - 1) * win.dilation_h + 1, sizes.H))


@lru_cache(maxsize=256)
def plan(
    x_shape: tuple[int, ...], y_shape: tuple[int, ...], taps: tuple[int, int], win: Window
) -> tuple[Sizes, BorderedRows, int]:
    """What the kernel is told residual the operands, and the floats of a worker's scratch."""
    (N, H, W, C), (_, OH, OW, _), (KH, KW) = x_shape, y_shape, taps
    beyond = OW + (KW - 1) * win.dilation_w - win.pad_left - W
    layout = BorderedRows(H, 0, H, win.pad_left * C, W * C, max(0, beyond) * C)
    rows, per_task = N * OH, schedule.cut_depthwise(N * OH, OW * C)
    sizes = Sizes(rows, per_task, OH, OW * C, H, C, KH, KW, (1 + KH * KW) * LANES)
    ends = [(first, min(first + per_task, rows) - 1) for first in range(0, rows, per_task)]
    most = max(rows_met(last, sizes, win)[1] - rows_met(first, sizes, win)[0] for first, last in ends)
    return sizes, layout, sizes.first + max(0, most) * (layout.left + layout.inside + layout.right)


KERNEL = _make(schedule.FLAT)


def depthwise_flat(
    x: Host,
    w: Host,
    y: Host,
    win: Window,
    *,
    bias: Host | None = None,
    residual: Host | None = None,
    activation: Activation = IDENTITY,
) -> None:
    """As `depthwise`, where `schedule.use_flat`."""
    sizes, layout, floats = plan(x.shape, y.shape, w.shape[:2], win)
    KERNEL(
        x.reshape(-1),
        w.reshape(-1),
        bias_of(bias, sizes.C),
        NOTHING if residual is None else residual.reshape(-1),
        y.reshape(-1),
        buffers.empty((threads.workers(), floats)),
        sizes,
        layout,
        win,
        bounds(activation),
    )
