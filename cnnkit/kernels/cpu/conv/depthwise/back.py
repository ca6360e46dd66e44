"""Both gradients of a depthwise convolution at once: dy and x come by a single time, and memory sets the pace.

    dx[iy, ix, c] = Σ ky, kx  dy[oy, ox, c] · w[ky, kx, c]
    dw[ky, kx, c] = Σ n, iy, ix  dy[oy, ox, c] · x[iy, ix, c]

over the (oy, ox) whose tap meets the pixel. A tile is some pixels of a row of x. Its dx is summed as in rows.py, from
filters turned about their centre, and each column of dy that is loaded for it meets the tile's own pixels too. Those
products are summed as in dw.py: by task, some rows of some channels, in the first-level cache, then added in order.
"""

from functools import cache
from math import gcd
from typing import Any

from cnnkit.kernels.cpu.conv import schedule
from cnnkit.kernels.cpu.conv.depthwise.dw import unpad
from cnnkit.kernels.cpu.conv.depthwise.rows import access, ask_ahead, backwards, columns, span_of, tap_rows
from cnnkit.kernels.cpu.conv.schedule import DepthwiseTile
from cnnkit.kernels.cpu.elementwise.activation import slope_vector
from cnnkit.kernels.cpu.epilogue import gate_of
from cnnkit.kernels.cpu.machine import buffers
from cnnkit.kernels.cpu.machine.jit import inlined, inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.vector import LANES, REGISTERS, fma, load, store, tile, zero
from cnnkit.kernels.cpu.sums import add_shares
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.geometry import Window, input_col, input_row
from cnnkit.kernels.shared.scalar import Activation


def _products(shape: DepthwiseTile, edge: bool) -> Any:
    """For one row of taps: acc[p] += dy · w and sums[s] += dy · own[p], where tap 0 meets column `ox` under pixel 0."""
    taps, _, spread, pix, masked = shape
    span, column = span_of(shape), columns(shape, edge)
    plain, _ = access(False, masked)

    @inlined
    def products(acc, own, dy, d0, ox, OW, w, w0, sums, to, padded, C, gap):
        cols = tile(span, 1)
        for q in range(span):
            cols[q, 0] = column(dy, d0 + q * (gap * C), q, ox, OW, C, gap)
        for s in range(taps):
            v, total = plain(w, w0 + s * C, True, C), load(sums, to + s * padded)
            for p in range(pix):
                if (p + s) % spread == 0:
                    acc[p, 0] = fma(cols[(p + s) // spread, 0], v, acc[p, 0])
                    total = fma(cols[(p + s) // spread, 0], own[p, 0], total)
            store(sums, to + s * padded, total)

    @inlined
    def products_by_columns(acc, own, dy, d0, ox, OW, w, w0, sums, to, padded, C, gap):
        filters, totals = tile(taps, 1), tile(taps, 1)
        for s in range(taps):
            filters[s, 0], totals[s, 0] = plain(w, w0 + s * C, True, C), load(sums, to + s * padded)
        for q in range(span):
            v = column(dy, d0 + q * (gap * C), q, ox, OW, C, gap)
            for s in range(taps):
                if 0 <= q - s < pix:
                    acc[q - s, 0] = fma(v, filters[s, 0], acc[q - s, 0])
                    totals[s, 0] = fma(v, own[q - s, 0], totals[s, 0])
        for s in range(taps):
            store(sums, to + s * padded, totals[s, 0])

    return products_by_columns if REGISTERS < 32 and spread == 1 else products  # as in rows.py


def _strip(shape: DepthwiseTile, edge: bool) -> Any:
    pix = shape.pixels
    fresh, products = pix // shape.spread, _products(shape, edge)
    read, write = access(edge, shape.masked)

    @inlined
    def strip(
        dy, d0, ox, OW, w, w0, rows, x, dx, x0, ix, W, C, sums, to, first, last, padded, gap, ahead, ends, streamed
    ):
        """Vectors `first` up to `last` of pixels ix, ix + gap, … of x.

        rows: how many rows of taps, and the steps from one to the next in dy, in w and in the sums.
        """
        count, d_step, w_step, sums_step = rows
        acc, own, step = tile(pix, 1), tile(pix, 1), gap * C
        for c in range(first, last, LANES):
            k = max(min(c, C - LANES), 0)  # the last vector overlaps its neighbour, with sums of its own
            for p in range(pix):
                own[p, 0], acc[p, 0] = read(x, x0 + p * step + k, 0 <= ix + p * gap < W, C), zero()
            for r in range(count):
                products(acc, own, dy, d0 + r * d_step + k, ox, OW, w, w0 + r * w_step + k,
                         sums, to + r * sums_step + c, padded, C, gap)  # fmt: skip
            ask_ahead(dy, d0 + count * d_step + k, OW * C, step, ahead, fresh)
            if ends.gate:
                for p in range(pix):
                    acc[p, 0] = acc[p, 0] * slope_vector(own[p, 0], ends.gate, ends.slope)
            for p in range(pix):
                write(dx, x0 + p * step + k, acc[p, 0], 0 <= ix + p * gap < W, C, streamed)

    return strip


@cache
def _make(shape: DepthwiseTile) -> Any:
    taps, _, apart, pix, masked = shape
    edge, inside = _strip(shape, True), _strip(shape, False)
    reach, side = span_of(shape) - 1, taps // 2

    @inner
    def task(dy, w, x, dx, sums, sizes, win, spread, ends, worker, task):
        """Some rows of x, which may belong to several images, and some vectors of channels."""
        all_rows, per_task, OH, OW, H, W, C, KH, KW, padded, block, parts, ahead, gap, streamed = sizes
        spread_h, spread_w, row_step = spread
        part, share = task % parts, task // parts
        first, last = part * block, min((part + 1) * block, padded)
        to = share * KH * KW * padded
        for t in range(KH * KW):
            for c in range(first, last, LANES):
                store(sums, to + t * padded + c, zero())
        for row in range(share * per_task, min(all_rows, (share + 1) * per_task)):
            n, iy = row // H, row % H
            at = input_row(iy, 0, win)
            r0, r1 = tap_rows(at, OH, KH, win.dilation_h, spread_h, row_step)
            oy = (at + r0 * win.dilation_h) // spread_h if r0 < r1 else 0
            count = (r1 - r0 + row_step - 1) // row_step
            taps_step = row_step * KW
            rows = count, row_step * win.dilation_h // spread_h * OW * C, taps_step * C, taps_step * padded
            w0, to_row = r0 * KW * C, to + r0 * KW * padded
            for begin in range(gap):
                for ix in range(begin - (-win.pad_left % apart), W, pix * gap):
                    ox = input_col(ix, 0, win) // spread_w
                    d0, x0 = ((n * OH + oy) * OW + ox) * C, (row * W + ix) * C
                    known = ox >= -side * gap and ox + (reach - side) * gap < OW
                    if known and ix >= 0 and ix + (pix - 1) * gap < W:
                        inside(dy, d0, ox, OW, w, w0, rows, x, dx, x0, ix, W, C,
                               sums, to_row, first, last, padded, gap, ahead, ends, streamed)  # fmt: skip
                    else:
                        edge(dy, d0, ox, OW, w, w0, rows, x, dx, x0, ix, W, C,
                             sums, to_row, first, last, padded, gap, ahead, ends, streamed)  # fmt: skip

    @kernel(name=f"depthwise dx, dw {taps} taps, stride {apart}, {pix} pixels{', masked' if masked else ''}")
    def depthwise_back(dy, w, x, dx, sums, sizes, win, spread, ends):
        shares = (sizes[0] + sizes[1] - 1) // sizes[1]
        parallel_for(task, shares * sizes[11], (dy, w, x, dx, sums, sizes, win, spread, ends))

    return depthwise_back


def depthwise_back(dy: Host, turned: Host, x: Host, dx: Host, dw: Host, win: Window, activation: Activation) -> None:
    """dx (N, H, W, C), times act'(x), and dw (KH, KW, 1, C); filters (KH, KW, 1, C) turned about their centre.

    Only where `schedule.joins_depthwise` says so, and no array is empty.
    """
    (_, OH, OW, _), (N, H, W, C), (KH, KW) = dy.shape, x.shape, turned.shape[:2]
    back, strides = backwards(win, KH, KW), (win.stride_h, win.stride_w)
    rows, padded, taps = N * H, -(-C // LANES) * LANES, KH * KW
    per_task, block = schedule.cut_depthwise_dw(rows, W, C, taps)
    shares, parts = -(-rows // per_task), -(-padded // block)
    shape = schedule.depthwise_tile(C, W, KW, back, win.stride_w)
    gap, ahead = schedule.depthwise_gap(shape, back), schedule.depthwise_ahead(dy.size, 1)
    streamed = int(schedule.stream(dx.size, C) and buffers.is_aligned(dx))
    sums = buffers.empty((shares, KH, KW, padded))
    _make(shape)(
        dy.reshape(-1),
        turned.reshape(-1),
        x.reshape(-1),
        dx.reshape(-1),
        sums.reshape(-1),
        (rows, per_task, OH, OW, H, W, C, KH, KW, padded, block, parts, ahead, gap, streamed),
        back,
        (*strides, strides[0] // gcd(strides[0], win.dilation_h)),
        gate_of(activation),
    )
    if shares > 1:
        add_shares(sums.reshape(-1), sums.reshape(-1), sums[0].size, shares)
    unpad(sums[0, ::-1, ::-1], dw[:, :, 0])
