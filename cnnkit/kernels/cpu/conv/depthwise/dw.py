"""The gradient of a depthwise convolution by its filters: for each tap and channel a sum over all pixels.

    dw[ky, kx, c] = Σ n, oy, ox  dy[n, oy, ox, c] · x[n, iy, ix, c]

A tile is some pixels of a row of dy, as far apart as the taps: loaded once, they meet all taps. The sums of a task stay
in the first-level cache. Tasks are some rows of some channels; those of the same channels have sums apart, which are
added in order. One more row of sums beside the taps' is the gradient by the bias.
"""

from functools import cache
from typing import Any

import numpy as np

from cnnkit.kernels.cpu.conv import schedule
from cnnkit.kernels.cpu.conv.depthwise.rows import access, ask_ahead, columns, span_of, tap_rows
from cnnkit.kernels.cpu.conv.schedule import DepthwiseTile
from cnnkit.kernels.cpu.machine import buffers
from cnnkit.kernels.cpu.machine.jit import inlined, inner, kernel
from cnnkit.kernels.cpu.machine.steps import by_numpy
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.vector import LANES, REGISTERS, fma, load, store, tile, zero
from cnnkit.kernels.cpu.sums import add_shares
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.geometry import Window, input_col, input_row


def _products(shape: DepthwiseTile, edge: bool) -> Any:
    """sums[s] += d[p] · x for one row of taps, of which the first meets column `ix`, at x0, under pixel 0."""
    taps, stride, _, pix, masked = shape
    span, column = span_of(shape), columns(shape, edge)
    read, _ = access(edge, masked)

    @inlined
    def products(d, x, x0, ix, W, sums, to, padded, C, across):
        cols, gap = tile(span, 1), across[3]
        for q in range(span):
            cols[q, 0] = column(x, x0 + q * (gap * C), q, ix, W, C, gap)
        for s in range(taps):
            acc = load(sums, to + s * padded)
            for p in range(pix):
                acc = fma(d[p, 0], cols[p * stride + s, 0], acc)
            store(sums, to + s * padded, acc)

    @inlined
    def products_by_columns(d, x, x0, ix, W, sums, to, padded, C, across):
        acc, gap = tile(taps, 1), across[3]
        for s in range(taps):
            acc[s, 0] = load(sums, to + s * padded)
        for q in range(span):
            v = column(x, x0 + q * (gap * C), q, ix, W, C, gap)
            for s in range(taps):
                if 0 <= q - s < pix:
                    acc[s, 0] = fma(d[q - s, 0], v, acc[s, 0])
        for s in range(taps):
            store(sums, to + s * padded, acc[s, 0])

    @inlined
    def any_products(d, x, x0, ix, W, sums, to, padded, C, across):
        KW, stride, dilation, _ = across
        for s in range(KW):
            acc = load(sums, to + s * padded)
            for p in range(pix):
                q = p * stride + s * dilation
                acc = fma(d[p, 0], read(x, x0 + q * C, 0 <= ix + q < W, C), acc)
            store(sums, to + s * padded, acc)

    if not taps:
        return any_products
    return products_by_columns if REGISTERS < 32 and stride == 1 else products  # as in rows.py


def _strip(shape: DepthwiseTile, edge: bool) -> Any:
    pix = shape.pixels
    fresh = pix * max(shape.stride, 1)
    products = _products(shape, edge)
    read, _ = access(edge, shape.masked)

    @inlined
    def strip(x, x0, ix, W, dy, d0, ox, OW, C, first, last, sums, to, r0, r1, x_step, padded, across, db, ahead):
        """Vectors `first` up to `last` of pixels ox, ox + gap, … of dy meet rows r0 up to r1 of taps."""
        d, gap = tile(pix, 1), across[3]
        w_step = across[0] * padded
        for c in range(first, last, LANES):
            k = max(min(c, C - LANES), 0)  # the last vector overlaps its neighbour, with sums of its own
            for p in range(pix):
                d[p, 0] = read(dy, d0 + p * (gap * C) + k, ox + p * gap < OW, C)
            for r in range(r0, r1):
                products(d, x, x0 + r * x_step + k, ix, W, sums, to + r * w_step + c, padded, C, across)
            ask_ahead(x, x0 + r1 * x_step + k, W * C, gap * C, ahead, fresh)
            if db >= 0:
                acc = load(sums, to + db + c)
                for p in range(pix):
                    acc = acc + d[p, 0]
                store(sums, to + db + c, acc)

    return strip


@cache
def _make(shape: DepthwiseTile) -> Any:
    taps, stride, _, pix, masked = shape
    edge = _strip(shape, True)
    inside = _strip(shape, False) if taps else edge
    reach, side = span_of(shape) - 1, taps // 2

    @inner
    def task(x, dy, sums, sizes, win, worker, task):
        """Some rows of dy, which may belong to several images, and some vectors of channels."""
        all_rows, per_task, OH, OW, H, W, C, KH, KW, padded, block, parts, db, ahead, gap = sizes
        part, share = task % parts, task // parts
        first, last = part * block, min((part + 1) * block, padded)
        to = share * (KH * KW + 1) * padded
        for t in range(KH * KW + 1):
            for c in range(first, last, LANES):
                store(sums, to + t * padded + c, zero())
        across = KW, win.stride_w, win.dilation_w, gap
        for row in range(share * per_task, min(all_rows, (share + 1) * per_task)):
            n, oy = row // OH, row % OH
            iy = input_row(oy, 0, win)
            r0, r1 = tap_rows(iy, H, KH, win.dilation_h, 1, 1)
            for begin in range(gap):
                for ox in range(begin, OW, pix * gap):
                    ix = input_col(ox, 0, win)
                    x0, d0 = ((n * H + iy) * W + ix) * C, (row * OW + ox) * C
                    known = ix >= -side * gap and ix + (reach - side) * gap < W
                    if known and ox + (pix - 1) * gap < OW:
                        inside(x, x0, ix, W, dy, d0, ox, OW, C, first, last, sums, to, r0, r1,
                               win.dilation_h * W * C, padded, across, db, ahead)  # fmt: skip
                    else:
                        edge(x, x0, ix, W, dy, d0, ox, OW, C, first, last, sums, to, r0, r1,
                             win.dilation_h * W * C, padded, across, db, ahead)  # fmt: skip

    @kernel(name=f"depthwise dw {taps} taps, stride {stride}, {pix} pixels{', masked' if masked else ''}")
    def depthwise_dw(x, dy, sums, sizes, win):
        shares = (sizes[0] + sizes[1] - 1) // sizes[1]
        parallel_for(task, shares * sizes[11], (x, dy, sums, sizes, win))

    return depthwise_dw


def depthwise_dw(x: Host, dy: Host, dw: Host, db: Host | None, win: Window) -> None:
    """dw (KH, KW, 1, C) and db (C,) from x (N, H, W, C) and dy (N, OH, OW, C)."""
    (_, H, W, C), (N, OH, OW, _), (KH, KW) = x.shape, dy.shape, dw.shape[:2]
    rows, padded, taps = N * OH, -(-C // LANES) * LANES, KH * KW
    if dy.size == 0:
        by_numpy(np.ndarray.fill, dw, 0.0)
        if db is not None:
            by_numpy(np.ndarray.fill, db, 0.0)
        return
    per_task, block = schedule.cut_depthwise_dw(rows, OW, C, taps)
    shares, parts = -(-rows // per_task), -(-padded // block)
    ahead = schedule.depthwise_ahead(x.size, win.stride_h)
    sums = buffers.empty((shares, taps + 1, padded))
    shape = schedule.depthwise_tile(C, OW, KW, win, 1)
    gap, to_bias = schedule.depthwise_gap(shape, win), -1 if db is None else taps * padded
    sizes = rows, per_task, OH, OW, H, W, C, KH, KW, padded, block, parts, to_bias, ahead, gap
    _make(shape)(x.reshape(-1), dy.reshape(-1), sums.reshape(-1), sizes, win)
    if shares > 1:
        add_shares(sums.reshape(-1), sums.reshape(-1), sums[0].size, shares)
    unpad(sums[0, :taps], dw.reshape(taps, C))
    if db is not None:
        unpad(sums[0, taps], db)


def unpad(sums: Host, out: Host) -> None:
    """Whole vectors, then the channels of the last one, which ends with the last channel where it overlaps."""
    C = out.shape[-1]
    whole = C - C % LANES
    by_numpy(np.copyto, out[..., :whole], sums[..., :whole])
    if whole < C:
        by_numpy(np.copyto, out[..., whole:], sums[..., whole - C :] if whole else sums[..., :C])
