"""Regions by the greatest pixel of each bin: a thread for each result, on the way back one for each channel of a row.

Where bins lie is computed in float32 without a fused rounding, so all machines find the same pixels.
"""

import math

import numpy as np

from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.functions import ceil, floor, product
from cnnkit.kernels.cuda.machine.launch import cuda, device, float32, float64, int32, kernel
from cnnkit.kernels.cuda.machine.operands import Outs, outs, result, single, whole
from cnnkit.kernels.cuda.machine.ptx import within
from cnnkit.kernels.cuda.pool.window import split

FAR = np.float32(1 << 20)


@device
def lies_in(rois, r, n):
    """Whether region r is of image n: what stands behind the point is cut off; no number is in none."""
    image = rois[5 * r]
    return image >= float32(n) and image < float32(n + 1)


@device
def near(v):
    """What is too far away, or no number, is 0."""
    return v if abs(v) < FAR else float32(0)


@device
def nearest(v):
    """The nearest whole number, of two the one further from 0."""
    up = int32(floor(float64(abs(v)) + float64(0.5)))
    return -up if v < float32(0) else up


@device
def bin_of(start, end, o, bins, pixels):
    """From which pixel to which, the last not among them, bin `o` of one side goes."""
    step = float32(max(int32(end - start + 1), int32(1))) / float32(bins)
    low = int32(int32(floor(product(float32(o), step))) + start)
    high = int32(int32(ceil(product(float32(o + 1), step))) + start)
    return min(max(low, int32(0)), pixels), min(max(high, int32(0)), pixels)


@kernel
def roi_pool_kernel(x, rois, y, places, count, images, s, o, scale):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        r, oy, ox, c = split(i, o)
        best, won = float32(0), int32(-1)
        image = rois[5 * r]
        if image >= float32(0) and image < float32(images):
            n = int32(image)
            x0, y0 = nearest(near(rois[5 * r + 1] * scale)), nearest(near(rois[5 * r + 2] * scale))
            x1, y1 = nearest(near(rois[5 * r + 3] * scale)), nearest(near(rois[5 * r + 4] * scale))
            top, bottom = bin_of(y0, y1, oy, o[0], s[0])
            left, right = bin_of(x0, x1, ox, o[1], s[1])
            if top < bottom and left < right:
                best = float32(-math.inf)
                for iy in range(top, bottom):
                    for ix in range(left, right):
                        value = x[int32(int32((n * s[0] + iy) * s[1] + ix) * s[2] + c)]
                        if won < 0 or value > best or (value != value and best == best):
                            best, won = value, int32(iy * s[1] + ix)
        y[i] = best
        places[i] = won


@kernel
def roi_pool_dx_kernel(dy, places, rois, dx, count, regions, s, o):
    """A thread has a channel of a row to itself, and adds in the order of the regions what was won there."""
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        n, iy, _, c = split(i, (s[0], int32(1), s[2]))
        first = int32(iy * s[1])
        row = int32(int32(n * s[0] + iy) * s[1])
        for ix in range(s[1]):
            dx[int32(int32(row + ix) * s[2] + c)] = float32(0)
        for r in range(regions):
            if lies_in(rois, r, n):
                for b in range(o[0] * o[1]):
                    at = int32(int32(r * o[0] * o[1] + b) * o[2] + c)
                    ix = int32(places[at] - first)
                    if within(ix, s[1]):
                        dx[int32(int32(row + ix) * s[2] + c)] += dy[at]


def roi_pool(
    x: DeviceArray, rois: DeviceArray, size: tuple[int, int], scale: float, *, out: Outs | None = None
) -> tuple[DeviceArray, DeviceArray]:
    """The greatest pixel of each of size[0]·size[1] bins of each region, and its place iy·W + ix (int32)."""
    into, into_places = outs(out, 2)
    shape = rois.shape[0], *size, x.shape[3]
    y, places = result(shape, into), result(shape, into_places, np.int32)
    sizes = y.size, x.shape[0], x.shape[1:], shape[1:], float(scale)
    roi_pool_kernel.over(y.size, single(x), single(rois), y, places, *sizes)
    return y, places


def roi_pool_dx(
    dy: DeviceArray,
    places: DeviceArray,
    rois: DeviceArray,
    x_shape: tuple[int, ...],
    *,
    out: DeviceArray | None = None,
) -> DeviceArray:
    """Each dy goes to the pixel that won its bin."""
    dx = result(x_shape, out)
    count = x_shape[0] * x_shape[1] * x_shape[3]
    sizes = count, rois.shape[0], x_shape[1:], dy.shape[1:]
    roi_pool_dx_kernel.over(count, single(dy), whole(places), single(rois), dx, *sizes)
    return dx
