"""RoI pool: the greatest pixel of each bin of each region, and which it was.

Forward a task is some regions; on the way back, where regions overlap, it is some channels of an image.
"""

import numpy as np

from cnnkit.kernels.cpu.boxes.roi_align import image_of, near
from cnnkit.kernels.cpu.machine.buffers import contiguous, flat, result
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.out import Outs, outs

F32, F64 = np.float32, np.float64
ZERO = F32(0)
# Floats that a forward task writes, and channels that a task of the way back adds to.
TASK_FLOATS, CHANNELS = 16384, 64


@inner
def whole(v):
    """The nearest whole number, of two the one further from 0; in float64, where a half is added exactly."""
    size = np.int64(np.floor(abs(F64(v)) + 0.5))
    return size if v >= ZERO else -size


@inner
def bin_of(start, end, o, bins, length):
    """From which pixel to which, the last not among them, bin `o` of one side goes."""
    step = F32(max(end - start + 1, 1)) / F32(bins)
    low, high = np.int64(np.floor(F32(o) * step)), np.int64(np.ceil(F32(o + 1) * step))
    return min(max(low + start, 0), length), min(max(high + start, 0), length)


@inner
def pool_task(x, rois, y, places, sizes, scale, per_task, worker, task):
    """The bins of some regions."""
    N, H, W, C, R, OH, OW = sizes
    for r in range(task * per_task, min((task + 1) * per_task, R)):
        n = image_of(rois, r, N)
        x0, y0 = whole(near(rois[5 * r + 1] * scale)), whole(near(rois[5 * r + 2] * scale))
        x1, y1 = whole(near(rois[5 * r + 3] * scale)), whole(near(rois[5 * r + 4] * scale))
        for o in range(OH * OW):
            top, bottom = bin_of(y0, y1, o // OW, OH, H)
            left, right = bin_of(x0, x1, o % OW, OW, W)
            to = (r * OH * OW + o) * C
            if n < 0 or top >= bottom or left >= right:
                for c in range(to, to + C):
                    y[c], places[c] = ZERO, -1
                continue
            first = top * W + left
            for c in range(C):
                y[to + c], places[to + c] = x[(n * H * W + first) * C + c], first
            for iy in range(top, bottom):
                for p in range(iy * W + left, iy * W + right):
                    source = (n * H * W + p) * C
                    for c in range(C):
                        v = x[source + c]
                        if v > y[to + c]:
                            y[to + c], places[to + c] = v, p


@kernel
def pool_kernel(x, rois, y, places, sizes, scale, per_task):
    parallel_for(pool_task, -(-sizes[4] // per_task), (x, rois, y, places, sizes, scale, per_task))


@inner
def return_task(dy, places, rois, dx, sizes, pieces, worker, task):
    """dx of some channels of an image."""
    N, H, W, C, R, OH, OW = sizes
    n, begin = task // pieces, task % pieces * CHANNELS
    end = min(begin + CHANNELS, C)
    for p in range(n * H * W, (n + 1) * H * W):
        for c in range(begin, end):
            dx[p * C + c] = ZERO
    for r in range(R):
        if image_of(rois, r, N) == n:
            for o in range(r * OH * OW, (r + 1) * OH * OW):
                for c in range(begin, end):
                    if places[o * C + c] >= 0:
                        dx[(n * H * W + places[o * C + c]) * C + c] += dy[o * C + c]


@kernel
def return_kernel(dy, places, rois, dx, sizes, pieces):
    parallel_for(return_task, sizes[0] * pieces, (dy, places, rois, dx, sizes, pieces))


def roi_pool(x: Host, rois: Host, size: tuple[int, int], scale: float, *, out: Outs | None = None) -> tuple[Host, Host]:
    """The greatest pixel of each bin of each region of rois (R, 5), and its place iy·W + ix (int32), -1 of none."""
    R, C = len(rois), x.shape[3]
    into, into_places = outs(out, 2)
    y, places = result((R, *size, C), into), result((R, *size, C), into_places, np.int32)
    per_task = max(1, TASK_FLOATS // max(size[0] * size[1] * C, 1))
    sizes = *x.shape, R, *size
    pool_kernel(flat(x), flat(rois), y.reshape(-1), places.reshape(-1), sizes, F32(scale), per_task)
    return y, places


def roi_pool_dx(dy: Host, places: Host, rois: Host, x_shape: tuple[int, ...], *, out: Host | None = None) -> Host:
    """Each dy goes to the pixel that won its bin."""
    dx = result(x_shape, out)
    pieces = -(-x_shape[3] // CHANNELS)
    winners = contiguous(places, np.int32).reshape(-1)
    return_kernel(flat(dy), winners, flat(rois), dx.reshape(-1), (*x_shape, *dy.shape[:3]), pieces)
    return dx
