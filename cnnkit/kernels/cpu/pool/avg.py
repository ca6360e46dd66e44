"""Average pools, forward and back: one pair of kernels for sliding windows and adaptive bins (see links.py)."""

import numpy as np

from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.partial import load_upto, store_upto
from cnnkit.kernels.cpu.simd.vector import LANES, fill, fma, load, load_first, tile, zero

# Registers of channels that are summed side by side.
COLS = 4
BLOCK = COLS * LANES
QUARTER = np.float32(1 / 4)


@inner
def add_block(x, at, left, sums):
    """Add COLS registers of channels, fewer where fewer are left, to `sums`: one look at the tables serves them all."""
    if left >= BLOCK:
        for v in range(COLS):
            sums[0, v] = sums[0, v] + load(x, at + v * LANES)
    else:
        for v in range(COLS):
            sums[0, v] = sums[0, v] + load_first(x, at + v * LANES, left - v * LANES)


@inner
def mean_task(x, y, rows, cols, sizes, divisor, per_task, worker, task):
    """y of some rows of windows; `divisor` 0 divides by the pixels inside the image. Each row is summed first."""
    all_rows, OH, OW, H, W, C = sizes
    total, part = tile(1, COLS), tile(1, COLS)
    for row in range(task * per_task, min((task + 1) * per_task, all_rows)):
        n, oy = row // OH, row % OH
        for ox in range(OW):
            share = fill(np.float32(1 / (divisor if divisor else max(rows[oy, 0] * cols[ox, 0], 1))))
            for c in range(0, C, BLOCK):
                for v in range(COLS):
                    total[0, v] = zero()
                for i in range(rows[oy, 0]):
                    line = (n * H + rows[oy, 1 + 2 * i]) * W
                    for v in range(COLS):
                        part[0, v] = zero()
                    for j in range(cols[ox, 0]):
                        add_block(x, (line + cols[ox, 1 + 2 * j]) * C + c, C - c, part)
                    for v in range(COLS):
                        total[0, v] = total[0, v] + part[0, v]
                for v in range(COLS):
                    left = C - c - v * LANES
                    store_upto(y, (row * OW + ox) * C + c + v * LANES, total[0, v] * share, left)


@inner
def quarter_task(x, y, sizes, per_task, worker, task):
    """As mean_task, for a 2x2 window of stride 2 without padding: the same sums in the same order."""
    all_rows, OH, OW, H, W, C = sizes
    below, share = W * C, fill(QUARTER)
    for row in range(task * per_task, min((task + 1) * per_task, all_rows)):
        top = (row // OH * H + row % OH * 2) * below
        for ox in range(OW):
            p, at = top + ox * 2 * C, (row * OW + ox) * C
            for c in range(0, C, LANES):
                left, q = C - c, p + c
                upper = load_upto(x, q, left) + load_upto(x, q + C, left)
                lower = load_upto(x, q + below, left) + load_upto(x, q + below + C, left)
                store_upto(y, at + c, (upper + lower) * share, left)


@kernel
def avg_pool_kernel(x, y, rows, cols, sizes, divisor, per_task, halves):
    if halves:
        parallel_for(quarter_task, -(-sizes[0] // per_task), (x, y, sizes, per_task))
    else:
        parallel_for(mean_task, -(-sizes[0] // per_task), (x, y, rows, cols, sizes, divisor, per_task))


@inner
def share_task(dy, dx, rows, cols, sizes, divisor, per_task, worker, task):
    """dx of some rows of pixels: each collects its share of every window that holds it; codes count pixels."""
    all_rows, H, W, OH, OW, C = sizes
    for row in range(task * per_task, min((task + 1) * per_task, all_rows)):
        n, iy = row // H, row % H
        for ix in range(W):
            for c in range(0, C, LANES):
                total = zero()
                for i in range(rows[iy, 0]):
                    line = (n * OH + rows[iy, 1 + 2 * i]) * OW
                    for j in range(cols[ix, 0]):
                        pixels = divisor if divisor else rows[iy, 2 + 2 * i] * cols[ix, 2 + 2 * j]
                        v = load_upto(dy, (line + cols[ix, 1 + 2 * j]) * C + c, C - c)
                        total = fma(v, fill(np.float32(1 / pixels)), total)
                store_upto(dx, (row * W + ix) * C + c, total, C - c)


@inner
def double_share_task(dy, dx, sizes, per_task, worker, task):
    """As share_task, back through a 2x2 window of stride 2 that covers the image exactly; two rows of pixels a row."""
    all_rows, _, W, _, OW, C = sizes
    below, share = W * C, fill(QUARTER)
    for row in range(task * per_task, min((task + 1) * per_task, all_rows // 2)):
        for ox in range(OW):
            p, at = row * 2 * below + ox * 2 * C, (row * OW + ox) * C
            for c in range(0, C, LANES):
                left, q = C - c, p + c
                v = load_upto(dy, at + c, left) * share
                store_upto(dx, q, v, left)
                store_upto(dx, q + C, v, left)
                store_upto(dx, q + below, v, left)
                store_upto(dx, q + below + C, v, left)


@kernel
def avg_pool_dx_kernel(dy, dx, rows, cols, sizes, divisor, per_task, doubles):
    if doubles:
        parallel_for(double_share_task, -(-sizes[0] // 2 // per_task), (dy, dx, sizes, per_task))
    else:
        parallel_for(share_task, -(-sizes[0] // per_task), (dy, dx, rows, cols, sizes, divisor, per_task))
