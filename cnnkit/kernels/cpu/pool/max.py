"""Max pools, forward and back: one pair of kernels for sliding windows and adaptive bins (see links.py).

Both run over output positions, a register of channels at a time, so the gradient too is written once per element:
a pixel collects from the windows that hold it, in a fixed order, instead of windows adding to shared pixels.
The 2x2 pool of stride 2 that most networks use has a body of its own, four times as fast as the general one.
"""

import numpy as np

from cnnkit.kernels.cpu.elementwise.activation import slope_vector
from cnnkit.kernels.cpu.machine.jit import inlined, inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.codes import (
    fill_code,
    keep_code,
    keep_code_first,
    pick_greater,
    store_code,
    store_code_first,
)
from cnnkit.kernels.cpu.simd.partial import load_upto, store_upto
from cnnkit.kernels.cpu.simd.vector import LANES, fill, load, load_first, store, store_first, tile, zero
from cnnkit.kernels.shared.pooling import NO_TAP
from cnnkit.kernels.shared.scalar import IDENTITY_KIND

LOWEST = np.float32(-np.inf)
# Registers of channels that are compared, or summed, side by side.
COLS = 4
BLOCK = COLS * LANES


@inner
def compare_block(x, at, left, tap, best, code):
    """Let COLS registers of channels, fewer where fewer are left, win over `best`: one look at the tables for all."""
    for v in range(COLS):
        a = load(x, at + v * LANES) if left >= BLOCK else load_first(x, at + v * LANES, left - v * LANES)
        code[0, v] = pick_greater(a, best[0, v], tap, code[0, v])
        best[0, v] = pick_greater(a, best[0, v], a, best[0, v])


@inner
def window_task(x, y, arg, rows, cols, sizes, per_task, worker, task):
    """y and arg of some rows of windows; `sizes` is (N·OH, OH, OW, H, W, C, floats from one pixel of x to the next)."""
    all_rows, OH, OW, H, W, C, step = sizes
    best, code = tile(1, COLS), tile(1, COLS)
    for row in range(task * per_task, min((task + 1) * per_task, all_rows)):
        n, oy = row // OH, row % OH
        for ox in range(OW):
            seen = rows[oy, 0] * cols[ox, 0]
            first, at = ((n * H + rows[oy, 1]) * W + cols[ox, 1]) * step, (row * OW + ox) * C
            tap = fill_code(rows[oy, 2] + cols[ox, 2] if seen else NO_TAP)
            for c in range(0, C, BLOCK):
                left = C - c
                for v in range(COLS):
                    code[0, v] = tap
                    best[0, v] = load_first(x, first + c + v * LANES, left - v * LANES) if seen else fill(LOWEST)
                for i in range(rows[oy, 0]):
                    line = (n * H + rows[oy, 1 + 2 * i]) * W
                    for j in range(cols[ox, 0]):
                        k = (line + cols[ox, 1 + 2 * j]) * step + c
                        compare_block(x, k, left, fill_code(rows[oy, 2 + 2 * i] + cols[ox, 2 + 2 * j]), best, code)
                for v in range(COLS):
                    k, count = at + c + v * LANES, left - v * LANES
                    if count >= LANES:
                        store(y, k, best[0, v])
                        store_code(arg, k, code[0, v])
                    elif count > 0:
                        store_first(y, k, best[0, v], count)
                        store_code_first(arg, k, code[0, v], count)


@inner
def greatest_of_four(a, b, c, d):
    """The first greatest of the four taps of a 2x2 window, and its number."""
    code = pick_greater(b, a, fill_code(1), fill_code(0))
    best = pick_greater(b, a, b, a)
    code = pick_greater(c, best, fill_code(2), code)
    best = pick_greater(c, best, c, best)
    code = pick_greater(d, best, fill_code(3), code)
    return pick_greater(d, best, d, best), code


@inner
def halve_task(x, y, arg, rows, cols, sizes, per_task, worker, task):
    """As window_task, for a 2x2 window of stride 2 without padding."""
    all_rows, OH, OW, H, W, C, step = sizes
    below = W * step
    for row in range(task * per_task, min((task + 1) * per_task, all_rows)):
        top = (row // OH * H + row % OH * 2) * below
        for ox in range(OW):
            p, at = top + ox * 2 * step, (row * OW + ox) * C
            full = C // LANES * LANES
            for c in range(0, full, LANES):
                q = p + c
                best, code = greatest_of_four(
                    load(x, q), load(x, q + step), load(x, q + below), load(x, q + below + step)
                )
                store(y, at + c, best)
                store_code(arg, at + c, code)
            if full < C:
                q, left = p + full, C - full
                best, code = greatest_of_four(
                    load_first(x, q, left),
                    load_first(x, q + step, left),
                    load_first(x, q + below, left),
                    load_first(x, q + below + step, left),
                )
                store_first(y, at + full, best, left)
                store_code_first(arg, at + full, code, left)


@kernel
def max_pool_kernel(x, y, arg, rows, cols, sizes, per_task, halves):
    tasks = -(-sizes[0] // per_task)
    if halves:
        parallel_for(halve_task, tasks, (x, y, arg, rows, cols, sizes, per_task))
    else:
        parallel_for(window_task, tasks, (x, y, arg, rows, cols, sizes, per_task))


@inlined
def load_gated(dy, y, i, count, kind, slope):
    """dy · act'(y): a window's greatest is the winner itself, and tells the slope of what made the winner."""
    d = load_upto(dy, i, count)
    return d if kind == IDENTITY_KIND else d * slope_vector(load_upto(y, i, count), kind, slope)


@inlined
def collect_block(dy, y, arg, at, left, tap, kind, slope, sums):
    """Add what of COLS registers of windows came by this tap to `sums`."""
    for v in range(COLS):
        k, count = at + v * LANES, left - v * LANES
        if count >= LANES:
            sums[0, v] = sums[0, v] + keep_code(load_gated(dy, y, k, LANES, kind, slope), arg, k, tap)
        elif count > 0:
            sums[0, v] = sums[0, v] + keep_code_first(load_gated(dy, y, k, count, kind, slope), arg, k, tap, count)


@inner
def pixel_task(dy, y, arg, dx, rows, cols, sizes, per_task, kind, slope, worker, task):
    """dx of some rows of pixels; `sizes` is (N·H, H, W, OH, OW, C), the tables are seen from the pixels."""
    all_rows, H, W, OH, OW, C = sizes
    sums = tile(1, COLS)
    for row in range(task * per_task, min((task + 1) * per_task, all_rows)):
        n, iy = row // H, row % H
        for ix in range(W):
            for c in range(0, C, BLOCK):
                left = C - c
                for v in range(COLS):
                    sums[0, v] = zero()
                for i in range(rows[iy, 0]):
                    line = (n * OH + rows[iy, 1 + 2 * i]) * OW
                    for j in range(cols[ix, 0]):
                        at = (line + cols[ix, 1 + 2 * j]) * C + c
                        collect_block(
                            dy, y, arg, at, left, rows[iy, 2 + 2 * i] + cols[ix, 2 + 2 * j], kind, slope, sums
                        )
                for v in range(COLS):
                    if left > v * LANES:
                        store_upto(dx, (row * W + ix) * C + c + v * LANES, sums[0, v], left - v * LANES)


@inner
def double_task(dy, y, arg, dx, rows, cols, sizes, per_task, kind, slope, worker, task):
    """As pixel_task, back through a 2x2 window of stride 2 that covers the image exactly; two rows of pixels a row."""
    all_rows, _, W, _, OW, C = sizes
    below = W * C
    for row in range(task * per_task, min((task + 1) * per_task, all_rows // 2)):
        for ox in range(OW):
            p, at = row * 2 * below + ox * 2 * C, (row * OW + ox) * C
            full = C // LANES * LANES
            for c in range(0, full, LANES):
                v, q = load_gated(dy, y, at + c, LANES, kind, slope), p + c
                store(dx, q, keep_code(v, arg, at + c, 0))
                store(dx, q + C, keep_code(v, arg, at + c, 1))
                store(dx, q + below, keep_code(v, arg, at + c, 2))
                store(dx, q + below + C, keep_code(v, arg, at + c, 3))
            if full < C:
                left = C - full
                at, q = at + full, p + full
                v = load_gated(dy, y, at, left, kind, slope)
                store_first(dx, q, keep_code_first(v, arg, at, 0, left), left)
                store_first(dx, q + C, keep_code_first(v, arg, at, 1, left), left)
                store_first(dx, q + below, keep_code_first(v, arg, at, 2, left), left)
                store_first(dx, q + below + C, keep_code_first(v, arg, at, 3, left), left)


@kernel
def max_pool_dx_kernel(dy, y, arg, dx, rows, cols, sizes, per_task, doubles, kind, slope):
    args = (dy, y, arg, dx, rows, cols, sizes, per_task, kind, slope)
    if doubles:
        parallel_for(double_task, -(-sizes[0] // 2 // per_task), args)
    else:
        parallel_for(pixel_task, -(-sizes[0] // per_task), args)
