"""Regions by the mean of samples between pixels: a thread for each result, and on the way back one for a channel.

Where samples lie is computed in float32 without a fused rounding: how many a bin has hangs on it.
"""

from cnnkit.kernels.cuda.boxes.roi_pool import lies_in, near
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.functions import ceil, product
from cnnkit.kernels.cuda.machine.launch import cuda, device, float32, int32, kernel
from cnnkit.kernels.cuda.machine.move import fill
from cnnkit.kernels.cuda.machine.operands import result, single
from cnnkit.kernels.cuda.machine.ptx import div
from cnnkit.kernels.cuda.pool.window import split


@device
def side_of(first, last, scale, shift, least, bins, sampling):
    """(start, length of a bin, samples of a bin) along one side; sampling 0: as many as make them a pixel apart."""
    start = near(product(first, scale) - shift)
    step = max(near(product(last, scale) - shift) - start, least) / float32(bins)
    return start, step, int32(ceil(step)) if sampling == 0 else int32(sampling)


@device
def sample_of(start, step, o, s, samples, pixels):
    """(pixel, the next one, share of the next, whether it counts) of sample s of bin o."""
    half = float32(0.5)
    place = start + product(float32(o), step) + product(float32(s) + half, step) / float32(samples)
    if not (place >= float32(-1) and place <= float32(pixels)):
        return int32(0), int32(0), float32(0), False
    place = max(place, float32(0))
    low = min(int32(place), int32(pixels - 1))
    share = place - float32(low) if low < pixels - 1 else float32(0)
    return low, min(int32(low + 1), int32(pixels - 1)), share, True


@kernel
def roi_align_kernel(x, rois, y, count, images, s, o, scale, shift, least, sampling):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        r, oy, ox, c = split(i, o)
        total = float32(0)
        image = rois[5 * r]
        if image >= float32(0) and image < float32(images):
            n = int32(image)
            left, wide, across = side_of(rois[5 * r + 1], rois[5 * r + 3], scale, shift, least, o[1], sampling)
            top, high, down = side_of(rois[5 * r + 2], rois[5 * r + 4], scale, shift, least, o[0], sampling)
            one = float32(1)
            for p in range(down):
                y0, y1, a, there = sample_of(top, high, oy, p, down, s[0])
                if there:
                    first, second = int32((n * s[0] + y0) * s[1]), int32((n * s[0] + y1) * s[1])
                    for q in range(across):
                        x0, x1, b, here = sample_of(left, wide, ox, q, across, s[1])
                        if here:
                            upper = (one - b) * x[int32((first + x0) * s[2] + c)]
                            upper += b * x[int32((first + x1) * s[2] + c)]
                            lower = (one - b) * x[int32((second + x0) * s[2] + c)]
                            lower += b * x[int32((second + x1) * s[2] + c)]
                            total += (one - a) * upper + a * lower
            total /= float32(max(int32(down * across), int32(1)))
        y[i] = total


@kernel
def roi_align_dx_kernel(dy, rois, dx, count, regions, s, o, scale, shift, least, sampling):
    """A thread has a channel of an image to itself, and adds in the order of the regions."""
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        n = div(i, s[2])
        c = int32(i - n * s[2])
        one = float32(1)
        for r in range(regions):
            if not lies_in(rois, r, n):
                continue
            left, wide, across = side_of(rois[5 * r + 1], rois[5 * r + 3], scale, shift, least, o[1], sampling)
            top, high, down = side_of(rois[5 * r + 2], rois[5 * r + 4], scale, shift, least, o[0], sampling)
            share = one / float32(max(int32(down * across), int32(1)))
            for oy in range(o[0]):
                for p in range(down):
                    y0, y1, a, there = sample_of(top, high, oy, p, down, s[0])
                    if there:
                        first, second = int32((n * s[0] + y0) * s[1]), int32((n * s[0] + y1) * s[1])
                        for ox in range(o[1]):
                            part = dy[int32(int32((r * o[0] + oy) * o[1] + ox) * o[2] + c)] * share
                            for q in range(across):
                                x0, x1, b, here = sample_of(left, wide, ox, q, across, s[1])
                                if here:
                                    dx[int32((first + x0) * s[2] + c)] += (one - a) * (one - b) * part
                                    dx[int32((first + x1) * s[2] + c)] += (one - a) * b * part
                                    dx[int32((second + x0) * s[2] + c)] += a * (one - b) * part
                                    dx[int32((second + x1) * s[2] + c)] += a * b * part


def roi_align(
    x: DeviceArray,
    rois: DeviceArray,
    size: tuple[int, int],
    scale: float,
    sampling: int | None = None,
    aligned: bool = True,
    *,
    out: DeviceArray | None = None,
) -> DeviceArray:
    """Each region is cut into size[0]·size[1] bins; a bin is the mean of its samples, each between four pixels."""
    y = result((rois.shape[0], *size, x.shape[3]), out)
    sizes = y.size, x.shape[0], x.shape[1:], y.shape[1:], *_numbers(scale, sampling, aligned)
    roi_align_kernel.over(y.size, single(x), single(rois), y, *sizes)
    return y


def roi_align_dx(
    dy: DeviceArray,
    rois: DeviceArray,
    x_shape: tuple[int, ...],
    scale: float,
    sampling: int | None = None,
    aligned: bool = True,
    *,
    out: DeviceArray | None = None,
) -> DeviceArray:
    """Each dy goes back to the pixels it was made of, by the same weights."""
    dx = fill(result(x_shape, out), 0.0)
    count = x_shape[0] * x_shape[3]
    sizes = count, rois.shape[0], x_shape[1:], dy.shape[1:], *_numbers(scale, sampling, aligned)
    roi_align_dx_kernel.over(count, single(dy), single(rois), dx, *sizes)
    return dx


def _numbers(scale: float, sampling: int | None, aligned: bool) -> tuple[float, float, float, int]:
    """Scale, shift, the least length of a side, and samples (0: by length)."""
    return float(scale), 0.5 if aligned else 0.0, 0.0 if aligned else 1.0, sampling or 0
