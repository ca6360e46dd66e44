"""Max pools that nobody goes back through: the greatest pixel of each window, and not which it was.

Four registers of channels at a time look at the same taps, so that a table is read once for all of them.
"""

import numpy as np

from cnnkit.kernels.cpu.machine.jit import inlined, inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.codes import pick_greater
from cnnkit.kernels.cpu.simd.partial import load_upto, store_upto
from cnnkit.kernels.cpu.simd.vector import LANES, fill, load, store

LOWEST = np.float32(-np.inf)
BLOCK = 4 * LANES


@inlined
def greater(v, best):
    """The greater of two; a NaN stays."""
    return pick_greater(v, best, v, best)


@inner
def greatest_of_block(x, y, at, first, W, step, rows, cols, oy, ox):
    """Four registers of the window (oy, ox); `first` is the first float of the image and channel."""
    b0, b1, b2, b3 = fill(LOWEST), fill(LOWEST), fill(LOWEST), fill(LOWEST)
    for i in range(rows[oy, 0]):
        line = rows[oy, 1 + 2 * i] * W
        for j in range(cols[ox, 0]):
            p = first + (line + cols[ox, 1 + 2 * j]) * step
            b0 = greater(load(x, p), b0)
            b1 = greater(load(x, p + LANES), b1)
            b2 = greater(load(x, p + 2 * LANES), b2)
            b3 = greater(load(x, p + 3 * LANES), b3)
    store(y, at, b0)
    store(y, at + LANES, b1)
    store(y, at + 2 * LANES, b2)
    store(y, at + 3 * LANES, b3)


@inner
def greatest_of_some(x, y, at, first, left, W, step, rows, cols, oy, ox):
    """One register, or less, of the window."""
    best = fill(LOWEST)
    for i in range(rows[oy, 0]):
        line = rows[oy, 1 + 2 * i] * W
        for j in range(cols[ox, 0]):
            best = greater(load_upto(x, first + (line + cols[ox, 1 + 2 * j]) * step, left), best)
    store_upto(y, at, best, left)


@inner
def greatest_task(x, y, rows, cols, sizes, per_task, worker, task):
    """y of some rows of windows; `sizes` is (N·OH, OH, OW, H, W, C, floats from one pixel of x to the next)."""
    all_rows, OH, OW, H, W, C, step = sizes
    for row in range(task * per_task, min((task + 1) * per_task, all_rows)):
        image, oy = row // OH * H * W * step, row % OH
        for ox in range(OW):
            at, c = (row * OW + ox) * C, 0
            while c + BLOCK <= C:
                greatest_of_block(x, y, at + c, image + c, W, step, rows, cols, oy, ox)
                c += BLOCK
            while c < C:
                greatest_of_some(x, y, at + c, image + c, C - c, W, step, rows, cols, oy, ox)
                c += LANES


@kernel
def greatest_kernel(x, y, rows, cols, sizes, per_task):
    parallel_for(greatest_task, -(-sizes[0] // per_task), (x, y, rows, cols, sizes, per_task))
