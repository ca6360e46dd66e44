"""RoIAlign: each bin of a region is a weighted sum of the pixels around its samples.

Samples lie on a grid, so the weight of a pixel is that of its row times that of its column. For each region two lists
are made, one a side: of each bin the pixels that its samples lie between, and what they weigh. Neighbouring samples
share pixels, which stand there once: a bin of 2x2 samples has 9 pixels and not 16, one of 8x8 has 81 and not 256.

Forward a task is some regions. On the way back regions overlap: there a task is some channels of an image, and adds
its regions in their order.
"""

import numpy as np

from cnnkit.kernels.cpu.machine.buffers import empty, flat, result
from cnnkit.kernels.cpu.machine.jit import inlined, inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for, workers
from cnnkit.kernels.cpu.simd.partial import load_upto, store_upto
from cnnkit.kernels.cpu.simd.vector import LANES, fill, fma, zero
from cnnkit.kernels.shared.array import Host

F32 = np.float32
ZERO, HALF, ONE, FAR = F32(0), F32(0.5), F32(1), F32(1 << 20)
# Floats that a forward task writes, and channels that a task of the way back adds to.
TASK_FLOATS, CHANNELS = 16384, 4 * LANES


@inlined
def image_of(rois, r, N):
    """In which image region r lies; -1 where in none."""
    image = rois[5 * r]
    return np.int64(image) if image >= ZERO and image < N else -1


@inlined
def near(v):
    """A coordinate that a place in memory may hang on."""
    return v if abs(v) < FAR else ZERO


@inner
def link(start, end, bins, length, room, sampling, aligned, counts, pixels, weights, row):
    """The list of one side of `length` pixels, bin after bin; how many samples a bin has.

    Bin o has counts[row + o] pixels: those from pixels[(row + o)·room] on, with the weights of the same numbers.
    """
    step = max(end - start, ZERO if aligned else ONE) / F32(bins)
    samples = sampling if sampling > 0 else np.int64(np.ceil(step))
    for o in range(bins):
        first = (row + o) * room
        last = first - 1  # where the latest pixel stands
        for s in range(samples):
            place = start + F32(o) * step + (F32(s) + HALF) * step / F32(samples)
            if place >= -ONE and place <= F32(length):
                place = max(place, ZERO)
                low = min(np.int64(place), length - 1)
                if last < first or pixels[last] < low:
                    last += 1
                    pixels[last] = low
                    weights[last] = ZERO
                if low == length - 1:
                    weights[last] += ONE
                else:
                    share = place - F32(low)
                    at = last if pixels[last] == low else last - 1
                    weights[at] += ONE - share
                    if pixels[last] == low:
                        last += 1
                        pixels[last] = low + 1
                        weights[last] = ZERO
                    weights[last] += share
        counts[row + o] = last + 1 - first
    return samples


@inner
def links(rois, r, size, scale, sampling, aligned, H, W, counts, pixels, weights, down, across):
    """Both lists of region r, from rows `down` and `across` on; what a bin's sum is multiplied with."""
    offset = HALF if aligned else ZERO
    x0, y0 = near(rois[5 * r + 1] * scale - offset), near(rois[5 * r + 2] * scale - offset)
    x1, y1 = near(rois[5 * r + 3] * scale - offset), near(rois[5 * r + 4] * scale - offset)
    longest = max(H, W)
    rows = link(y0, y1, size[0], H, longest, sampling, aligned, counts, pixels, weights, down)
    columns = link(x0, x1, size[1], W, longest, sampling, aligned, counts, pixels, weights, across)
    return ONE / F32(max(rows * columns, 1))


@inner
def align_task(x, rois, y, sizes, how, per_task, lists, worker, task):
    """The bins of some regions."""
    N, H, W, C, R, OH, OW = sizes
    counts, pixels, weights = lists
    room, down = max(H, W), worker * (OH + OW)
    across = down + OH
    for r in range(task * per_task, min((task + 1) * per_task, R)):
        n = image_of(rois, r, N)
        share = ZERO
        if n >= 0:
            share = links(rois, r, (OH, OW), *how, H, W, counts, pixels, weights, down, across)
        for o in range(OH * OW):
            row, column = down + o // OW, across + o % OW
            to = (r * OH * OW + o) * C
            for c in range(0, C, LANES):
                total = zero()
                if n >= 0:
                    for i in range(row * room, row * room + counts[row]):
                        line, weight = (n * H + pixels[i]) * W, weights[i] * share
                        for j in range(column * room, column * room + counts[column]):
                            v = load_upto(x, (line + pixels[j]) * C + c, C - c)
                            total = fma(v, fill(weight * weights[j]), total)
                store_upto(y, to + c, total, C - c)


@kernel
def align_kernel(x, rois, y, sizes, how, per_task, lists):
    parallel_for(align_task, -(-sizes[4] // per_task), (x, rois, y, sizes, how, per_task, lists))


@inner
def spread_task(dy, rois, dx, sizes, how, pieces, lists, worker, task):
    """dx of some channels of an image."""
    N, H, W, C, R, OH, OW = sizes
    counts, pixels, weights = lists
    room, down = max(H, W), worker * (OH + OW)
    across = down + OH
    n, begin = task // pieces, task % pieces * CHANNELS
    end = min(begin + CHANNELS, C)
    for p in range(n * H * W, (n + 1) * H * W):
        for c in range(begin, end, LANES):
            store_upto(dx, p * C + c, zero(), end - c)
    for r in range(R):
        if image_of(rois, r, N) != n:
            continue
        share = links(rois, r, (OH, OW), *how, H, W, counts, pixels, weights, down, across)
        for o in range(OH * OW):
            row, column = down + o // OW, across + o % OW
            source = (r * OH * OW + o) * C
            for i in range(row * room, row * room + counts[row]):
                line, weight = (n * H + pixels[i]) * W, weights[i] * share
                for j in range(column * room, column * room + counts[column]):
                    to, w = (line + pixels[j]) * C, fill(weight * weights[j])
                    for c in range(begin, end, LANES):
                        v = fma(load_upto(dy, source + c, end - c), w, load_upto(dx, to + c, end - c))
                        store_upto(dx, to + c, v, end - c)


@kernel
def spread_kernel(dy, rois, dx, sizes, how, pieces, lists):
    parallel_for(spread_task, sizes[0] * pieces, (dy, rois, dx, sizes, how, pieces, lists))


def roi_align(
    x: Host,
    rois: Host,
    size: tuple[int, int],
    scale: float,
    sampling: int | None = None,
    aligned: bool = True,
    *,
    out: Host | None = None,
) -> Host:
    """The mean of some samples in each bin of each region of rois (R, 5): (R, *size, C)."""
    R, C = len(rois), x.shape[3]
    y = result((R, *size, C), out)
    sizes = *x.shape, R, *size
    per_task = max(1, TASK_FLOATS // max(size[0] * size[1] * C, 1))
    align_kernel(flat(x), flat(rois), y.reshape(-1), sizes, _how(scale, sampling, aligned), per_task, _lists(sizes))
    return y


def roi_align_dx(
    dy: Host,
    rois: Host,
    x_shape: tuple[int, ...],
    scale: float,
    sampling: int | None = None,
    aligned: bool = True,
    *,
    out: Host | None = None,
) -> Host:
    """The gradient by the maps, (N, H, W, C)."""
    dx = result(x_shape, out)
    sizes = *x_shape, *dy.shape[:3]
    pieces = -(-x_shape[3] // CHANNELS)
    spread_kernel(flat(dy), flat(rois), dx.reshape(-1), sizes, _how(scale, sampling, aligned), pieces, _lists(sizes))
    return dx


def _how(scale: float, sampling: int | None, aligned: bool) -> tuple[F32, int, bool]:
    return F32(scale), sampling or 0, bool(aligned)


def _lists(sizes: tuple[int, ...]) -> tuple[Host, Host, Host]:
    """Room for the lists of each worker: counts, pixels, weights."""
    _, H, W, _, _, OH, OW = sizes
    rows = workers() * (OH + OW)
    return empty(rows, np.int64), empty(rows * max(H, W), np.int64), empty(rows * max(H, W))
