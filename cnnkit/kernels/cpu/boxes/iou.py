"""Overlaps of two lists of boxes: a row of the result is one box of `a` beside vectors of boxes of `b`."""

import numpy as np

from cnnkit.kernels.cpu.machine.buffers import contiguous, flat, result
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.partial import load_upto, store_upto
from cnnkit.kernels.cpu.simd.vector import LANES, fill, select_equal, vmax, vmin, zero
from cnnkit.kernels.shared.array import Host

# Numbers that a task writes: large enough to hide what taking a task costs, small enough to share evenly.
TASK_FLOATS = 16384


@inner
def iou_task(a, b, y, n, m, rows, worker, task):
    """Some rows of y; b holds all x_min, then all y_min, and so on."""
    for i in range(task * rows, min((task + 1) * rows, n)):
        left, top, right, bottom = fill(a[4 * i]), fill(a[4 * i + 1]), fill(a[4 * i + 2]), fill(a[4 * i + 3])
        area = (right - left) * (bottom - top)
        for j in range(0, m, LANES):
            count = m - j
            x0, y0 = load_upto(b, j, count), load_upto(b, m + j, count)
            x1, y1 = load_upto(b, 2 * m + j, count), load_upto(b, 3 * m + j, count)
            width = vmax(zero(), vmin(right, x1) - vmax(left, x0))
            height = vmax(zero(), vmin(bottom, y1) - vmax(top, y0))
            both = width * height
            iou = both / (area + (x1 - x0) * (y1 - y0) - both)
            store_upto(y, i * m + j, select_equal(iou, iou, iou, zero()), count)


@kernel
def iou_kernel(a, b, y, n, m, rows):
    parallel_for(iou_task, -(-n // rows), (a, b, y, n, m, rows))


def box_iou(a: Host, b: Host, *, out: Host | None = None) -> Host:
    """Intersection over union of each box of a (n, 4) with each of b (m, 4): (n, m)."""
    n, m = len(a), len(b)
    y = result((n, m), out)
    if y.size:
        iou_kernel(flat(a), contiguous(np.transpose(b)).reshape(-1), y.reshape(-1), n, m, max(1, TASK_FLOATS // m))
    return y
