"""Regions by the mean of samples between pixels: a thread for each result, and on the way back one for each pixel.

Where samples lie is computed in float32 without a fused rounding: how many a bin has hangs on it. Boxes may be of any
size, and have millions of samples then: of these a thread looks at those that may lie where it reads, no others.
On the way back a thread asks all regions of its image in their order, so no two threads add to one number.
"""

from cnnkit.kernels.cuda.boxes.roi_pool import lies_in, near
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.functions import ceil, floor, product
from cnnkit.kernels.cuda.machine.launch import cuda, device, float32, int32, kernel
from cnnkit.kernels.cuda.machine.operands import result, single
from cnnkit.kernels.cuda.pool.window import split

# Places up to which a search for those that count takes longer than a look at all.
FEW = 4


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


@device
def near_to(start, apart, count, low, high):
    """(first, behind the last) of the places start + k·apart, k < count, among which are all from low to high.

    A pixel and two places more to each side: so much the rounding of places may move them.
    """
    if count <= FEW or not apart > float32(0):
        return int32(0), int32(count)
    most, none, one, two = float32(count), float32(0), float32(1), float32(2)
    first = floor((low - one - start) / apart) - two
    behind = ceil((high + one - start) / apart) + two
    return int32(min(max(first, none), most)), int32(min(max(behind, none), most))


@device
def samples_near(start, step, o, samples, low, high):
    """(first, behind the last) of the samples of bin o that may lie from low to high."""
    return near_to(start + product(float32(o), step), step / float32(max(samples, int32(1))), samples, low, high)


@device
def weight_of(i, start, step, o, samples, pixels):
    """What pixel i of one side weighs in bin o: its shares of all samples."""
    at, one = float32(i), float32(1)
    weight = float32(0)
    first, behind = samples_near(start, step, o, samples, at - one, at + one)
    for s in range(first, behind):
        low, high, share, there = sample_of(start, step, o, s, samples, pixels)
        if there:
            if low == i:
                weight += one - share
            if high == i:
                weight += share
    return weight


@device
def misses(i, first, last, scale, shift, least):
    """Whether the side of a region from first to last lies more than a pixel from all that pixel i is part of."""
    start = near(product(first, scale) - shift)
    end = start + max(near(product(last, scale) - shift) - start, least)
    at, two = float32(i), float32(2)
    return start > at + two or end < at - two


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
            p_first, p_end = samples_near(top, high, oy, down, -one, float32(s[0]))
            q_first, q_end = samples_near(left, wide, ox, across, -one, float32(s[1]))
            for p in range(p_first, p_end):
                y0, y1, a, there = sample_of(top, high, oy, p, down, s[0])
                if there:
                    first, second = int32((n * s[0] + y0) * s[1]), int32((n * s[0] + y1) * s[1])
                    for q in range(q_first, q_end):
                        x0, x1, b, here = sample_of(left, wide, ox, q, across, s[1])
                        if here:
                            upper = (one - b) * x[int32((first + x0) * s[2] + c)]
                            upper += b * x[int32((first + x1) * s[2] + c)]
                            lower = (one - b) * x[int32((second + x0) * s[2] + c)]
                            lower += b * x[int32((second + x1) * s[2] + c)]
                            total += (one - a) * upper + a * lower
            total /= all_samples(down, across)
        y[i] = total


@device
def all_samples(down, across):
    """Of a bin, as a float: of a large region they are too many to be counted in 32 bits."""
    return max(float32(down) * float32(across), float32(1))


@kernel
def roi_align_dx_kernel(dy, rois, dx, count, regions, s, o, scale, shift, least, sampling):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        n, iy, ix, c = split(i, s)
        total, none, one = float32(0), float32(0), float32(1)
        row, column = float32(iy), float32(ix)
        for r in range(regions):
            if (
                not lies_in(rois, r, n)
                or misses(iy, rois[5 * r + 2], rois[5 * r + 4], scale, shift, least)
                or misses(ix, rois[5 * r + 1], rois[5 * r + 3], scale, shift, least)
            ):
                continue
            left, wide, across = side_of(rois[5 * r + 1], rois[5 * r + 3], scale, shift, least, o[1], sampling)
            top, high, down = side_of(rois[5 * r + 2], rois[5 * r + 4], scale, shift, least, o[0], sampling)
            share = one / all_samples(down, across)
            oy_first, oy_end = near_to(top, high, o[0], row - one - high, row + one)
            ox_first, ox_end = near_to(left, wide, o[1], column - one - wide, column + one)
            for oy in range(oy_first, oy_end):
                a = weight_of(iy, top, high, oy, down, s[0])
                if a != none:
                    for ox in range(ox_first, ox_end):
                        b = weight_of(ix, left, wide, ox, across, s[1])
                        if b != none:
                            at = int32(int32((r * o[0] + oy) * o[1] + ox) * o[2] + c)
                            total += a * b * (dy[at] * share)
        dx[i] = total


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
    dx = result(x_shape, out)
    sizes = dx.size, rois.shape[0], x_shape[1:], dy.shape[1:], *_numbers(scale, sampling, aligned)
    roi_align_dx_kernel.over(dx.size, single(dy), single(rois), dx, *sizes)
    return dx


def _numbers(scale: float, sampling: int | None, aligned: bool) -> tuple[float, float, float, int]:
    """Scale, shift, the least length of a side, and samples (0: by length)."""
    return float(scale), 0.5 if aligned else 0.0, 0.0 if aligned else 1.0, sampling or 0
