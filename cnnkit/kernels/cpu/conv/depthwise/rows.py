"""Depthwise convolution: each channel is summed alone, so a vector of channels is multiplied by a vector of filters.

    y[oy, ox, c] = Σ ky, kx  x[iy, ix, c] · w[ky, kx, c],   iy = (oy·stride_h - pad_top + ky·dilation_h) / spread_h

and ix likewise, over the taps where the division leaves no rest and the pixel lies inside. `spread` is 1 in the forward
sum. The gradient by the images is the same sum: over dy, whose pixels lie `spread` = the forward stride apart, with
stride 1 and the filters turned about their centre.

A tile is some pixels of a row: their sums stay in registers, and a tap of the filter that was loaded serves them all.
Where taps lie `dilation` apart, so do the pixels of a tile: they then share columns as those of a plain filter do.
There is no copy with a border. Rows of taps outside the image are left out. Of a tile's columns only as many at either
side as a centred filter reaches over the edge are asked whether they are inside; all are, and its pixels too, in the
few tiles that reach further: the last of a row that no tile divides, or under a wider padding.
"""

from functools import cache
from math import gcd
from typing import Any

from cnnkit.kernels.cpu.conv import schedule
from cnnkit.kernels.cpu.conv.schedule import DepthwiseTile
from cnnkit.kernels.cpu.elementwise.activation import slope_vector
from cnnkit.kernels.cpu.epilogue import (
    INFINITY,
    NOTHING,
    activate_later,
    bias_of,
    bounded,
    bounds,
    gate_of,
    leaky_vector,
)
from cnnkit.kernels.cpu.machine import buffers
from cnnkit.kernels.cpu.machine.jit import inlined, inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.vector import (
    LANES,
    REGISTERS,
    fill,
    fma,
    load,
    load_first,
    load_or_zero,
    prefetch,
    store,
    store_first,
    stream,
    tile,
)
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.geometry import Window, input_col, input_row
from cnnkit.kernels.shared.scalar import IDENTITY, LEAKY_KIND, Activation


@inlined
def tap_rows(at, H, KH, dilation, spread, step):
    """(first, last + 1) of the rows of taps that meet H rows, the first tap lying over row at / spread."""
    first = 0
    while first < KH and (at + first * dilation < 0 or (at + first * dilation) % spread != 0):
        first += 1
    last = first
    while last < KH and at + last * dilation < H * spread:
        last += step
    return first, last


@inlined
def ask_ahead(x, at, row, C, rows, pixels):
    """Ask for what the next row of tiles reads first: a tile walks through several rows, which hides its pattern."""
    for r in range(rows):
        for q in range(pixels):
            prefetch(x, at + r * row + q * C)


@cache
def columns(shape: DepthwiseTile, edge: bool) -> Any:
    """read(x, i, q, ix, W, room, gap): column q of a tile whose first is column `ix` of W."""
    span, side = span_of(shape), shape.taps // 2
    plain, asking = access(False, shape.masked)[0], access(True, shape.masked)[0]

    @inlined
    def read(x, i, q, ix, W, room, gap):
        if edge or q < side or q >= span - side:
            return asking(x, i, 0 <= ix + q * gap < W, room)
        return plain(x, i, True, room)

    return read


def span_of(shape: DepthwiseTile) -> int:
    """Columns that a tile reads, of every tap."""
    return ((shape.pixels - 1) * shape.stride + shape.taps - 1) // shape.spread + 1


@cache
def access(edge: bool, masked: bool) -> tuple[Any, Any]:
    """(read, write) of a vector: at the edge only where it is inside, and `room` floats if they do not fill it.

    Whole vectors are not masked at the edge: masked stores are slow on AVX2.
    """

    @inlined
    def read(x, i, inside, room):
        if masked:
            return load_first(x, i, room if inside or not edge else 0)
        return load_or_zero(x, i, inside) if edge else load(x, i)

    @inlined
    def write(y, i, v, inside, room, streamed):
        if inside or not edge:
            if masked:
                store_first(y, i, v, room)
            elif streamed:
                stream(y, i, v)
            else:
                store(y, i, v)

    return read, write


def _sums(shape: DepthwiseTile, edge: bool) -> Any:
    """acc[p] += the products with one row of taps, of which the first meets column `ix`, at x0, and pixel 0."""
    taps, stride, spread, pix, masked = shape
    span, column = span_of(shape), columns(shape, edge)
    read, _ = access(edge, masked)
    plain, _ = access(False, masked)

    @inlined
    def sums(acc, x, x0, ix, W, w, w0, C, across):
        cols, gap = tile(span, 1), across[5]
        for q in range(span):
            cols[q, 0] = column(x, x0 + q * (gap * C), q, ix, W, C, gap)
        for s in range(taps):
            v = plain(w, w0 + s * C, True, C)
            for p in range(pix):
                if (p * stride + s) % spread == 0:
                    acc[p, 0] = fma(cols[(p * stride + s) // spread, 0], v, acc[p, 0])

    @inlined
    def sums_by_columns(acc, x, x0, ix, W, w, w0, C, across):
        filters, gap = tile(taps, 1), across[5]
        for s in range(taps):
            filters[s, 0] = plain(w, w0 + s * C, True, C)
        for q in range(span):
            v = column(x, x0 + q * (gap * C), q, ix, W, C, gap)
            for s in range(taps):
                if 0 <= q - s < pix:
                    acc[q - s, 0] = fma(v, filters[s, 0], acc[q - s, 0])

    @inlined
    def any_sums(acc, x, x0, ix, W, w, w0, C, across):
        KW, stride, spread, dilation, rest, _ = across
        for s in range(KW):
            v = plain(w, w0 + s * C, True, C)
            for p in range(pix):
                place = rest + p * stride + s * dilation
                q = place // spread
                if place == q * spread:
                    acc[p, 0] = fma(read(x, x0 + q * C, 0 <= ix + q < W, C), v, acc[p, 0])

    if not taps:
        return any_sums
    # The same sums in the same order, with three registers in the place of nine; each column serves all taps.
    return sums_by_columns if REGISTERS < 32 and stride * spread == 1 else sums


def _strip(shape: DepthwiseTile, edge: bool) -> Any:
    pix, masked = shape.pixels, shape.masked
    fresh = pix * max(shape.stride, 1) // shape.spread
    sums = _sums(shape, edge)
    read, write = access(edge, masked)
    plain, _ = access(False, masked)

    @inlined
    def strip(x, x0, ix, W, w, w0, rows, across, bias, beside, y, y0, ox, OW, C, ahead, ends, streamed):
        """All channels of output pixels ox, ox + gap, …

        rows: how many rows of taps, and the steps from one to the next in x and in w.
        ahead: rows of x to ask for.
        """
        count, x_step, w_step = rows
        acc, gap = tile(pix, 1), across[5]
        y_step = gap * C
        for c in range(0, C, LANES):
            k = max(min(c, C - LANES), 0)  # the last vector overlaps its neighbour
            for p in range(pix):
                acc[p, 0] = plain(bias, k, True, C)
            for r in range(count):
                sums(acc, x, x0 + r * x_step + k, ix, W, w, w0 + r * w_step + k, C, across)
            ask_ahead(x, x0 + count * x_step + k, W * C, gap * C, ahead, fresh)
            if ends.gate:
                for p in range(pix):
                    other = read(beside, y0 + p * y_step + k, 0 <= ox + p * gap < OW, C)
                    acc[p, 0] = acc[p, 0] * slope_vector(other, ends.gate, ends.slope)
            elif beside.size > 0:
                for p in range(pix):
                    acc[p, 0] = acc[p, 0] + read(beside, y0 + p * y_step + k, 0 <= ox + p * gap < OW, C)
            if ends.later == LEAKY_KIND:
                for p in range(pix):
                    acc[p, 0] = leaky_vector(acc[p, 0], ends.slope)
            if ends.low > -INFINITY:
                low, high = fill(ends.low), fill(ends.high)
                for p in range(pix):
                    acc[p, 0] = bounded(acc[p, 0], low, high)
            for p in range(pix):
                write(y, y0 + p * y_step + k, acc[p, 0], 0 <= ox + p * gap < OW, C, streamed)

    return strip


@cache
def _make(shape: DepthwiseTile) -> Any:
    taps, step, apart, pix, masked = shape
    edge = _strip(shape, True)
    inside = _strip(shape, False) if taps else edge
    reach, side = span_of(shape) - 1, taps // 2

    @inner
    def task(x, w, bias, beside, y, sizes, win, spread, ends, worker, task):
        """Some rows of y, which may belong to several images."""
        all_rows, per_task, OH, OW, H, W, C, KH, KW, ahead, gap, streamed = sizes
        spread_h, spread_w, row_step = spread
        begin, end = task * per_task, min(all_rows, (task + 1) * per_task)
        for row in range(begin, end):
            n, oy = row // OH, row % OH
            at = input_row(oy, 0, win)
            r0, r1 = tap_rows(at, H, KH, win.dilation_h, spread_h, row_step)
            iy = (at + r0 * win.dilation_h) // spread_h if r0 < r1 else 0
            count = (r1 - r0 + row_step - 1) // row_step
            rows = count, row_step * win.dilation_h // spread_h * W * C, row_step * KW * C
            w0 = r0 * KW * C
            for first in range(gap):
                for ox in range(first - (-win.pad_left % apart), OW, pix * gap):
                    place = input_col(ox, 0, win)
                    ix = place // spread_w
                    x0, y0 = ((n * H + iy) * W + ix) * C, (row * OW + ox) * C
                    across = KW, win.stride_w, spread_w, win.dilation_w, place - ix * spread_w, gap
                    known = ix >= -side * gap and ix + (reach - side) * gap < W
                    if known and ox >= 0 and ox + (pix - 1) * gap < OW:
                        inside(x, x0, ix, W, w, w0, rows, across, bias, beside, y, y0, ox, OW, C, ahead, ends, streamed)
                    else:
                        edge(x, x0, ix, W, w, w0, rows, across, bias, beside, y, y0, ox, OW, C, ahead, ends, streamed)
        if ends.later and ends.later != LEAKY_KIND:
            activate_later(y, begin * OW * C, (end - begin) * OW * C, ends.later, ends.slope)

    @kernel(name=f"depthwise {taps} taps, stride {step}/{apart}, {pix} pixels{', masked' if masked else ''}")
    def depthwise(x, w, bias, beside, y, sizes, win, spread, ends):
        tasks = (sizes[0] + sizes[1] - 1) // sizes[1]
        parallel_for(task, tasks, (x, w, bias, beside, y, sizes, win, spread, ends))

    return depthwise


def depthwise(
    x: Host,
    w: Host,
    y: Host,
    win: Window,
    *,
    spread: tuple[int, int] = (1, 1),
    bias: Host | None = None,
    residual: Host | None = None,
    gate: Host | None = None,
    activation: Activation = IDENTITY,
) -> None:
    """y (N, OH, OW, C) from x (N, H, W, C) and w (KH, KW, 1, C).

    With a `gate` of the shape of y the sums are multiplied by act'(gate) instead.
    """
    (N, H, W, C), (_, OH, OW, _), (KH, KW) = x.shape, y.shape, w.shape[:2]
    if y.size == 0:
        return
    shape = schedule.depthwise_tile(C, OW, KW, win, spread[1])
    ahead, gap = schedule.depthwise_ahead(x.size, win.stride_h), schedule.depthwise_gap(shape, win)
    other = residual if gate is None else gate
    done = bounds(activation) if gate is None else gate_of(activation)
    streamed = int(done.later in (0, LEAKY_KIND) and schedule.stream(y.size, C) and buffers.is_aligned(y))
    _make(shape)(
        x.reshape(-1),
        w.reshape(-1),
        bias_of(bias, C),
        NOTHING if other is None else other.reshape(-1),
        y.reshape(-1),
        (N * OH, schedule.cut_depthwise(N * OH, OW * C), OH, OW, H, W, C, KH, KW, ahead, gap, streamed),
        win,
        (*spread, spread[0] // gcd(spread[0], win.dilation_h)),
        done,
    )


def depthwise_dx(dy: Host, turned: Host, dx: Host, win: Window, **ends: Any) -> None:
    """dx (N, H, W, C) from dy and filters (KH, KW, 1, C) turned about their centre; `ends` as in `depthwise`."""
    back = backwards(win, *turned.shape[:2])
    depthwise(dy, turned, dx, back, spread=(win.stride_h, win.stride_w), **ends)


def backwards(win: Window, KH: int, KW: int) -> Window:
    """How turned filters slide over dy, whose pixels lie a stride apart."""
    pad_top, pad_left = (KH - 1) * win.dilation_h - win.pad_top, (KW - 1) * win.dilation_w - win.pad_left
    return Window(1, 1, pad_top, 0, pad_left, 0, win.dilation_h, win.dilation_w)
