"""A convolution of filters of one channel: nothing is shared between channels, so a thread sums one result.

Neighbouring threads have neighbouring channels, and read neighbouring numbers. Memory sets the pace.
"""

from cnnkit.kernels.cuda.conv.geometry import check_blocks
from cnnkit.kernels.cuda.epilogue import End, ended
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.home import empty
from cnnkit.kernels.cuda.machine.launch import THREADS, cuda, float32, int32, kernel
from cnnkit.kernels.cuda.machine.ptx import div, within
from cnnkit.kernels.cuda.pool.window import met, split
from cnnkit.kernels.cuda.reduce import SUM, reduced
from cnnkit.kernels.shared.geometry import Window

# Blocks that keep a device busy, and pixels that a thread sums at least.
ENOUGH, LEAST = 528, 16


@kernel
def forward_kernel(x, w, y, bias, beside, gate, count, s, o, taps, each, y_step, win, todo, low, top):
    """s, o: rows, columns and channels of x and of y.   each: filters of a channel."""
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        n, oy, ox, c = split(i, o)
        from_c = div(c, each)
        total = float32(0)
        for ky in range(taps[0]):
            iy = int32(oy * win.stride_h - win.pad_top + ky * win.dilation_h)
            if within(iy, s[0]):
                for kx in range(taps[1]):
                    ix = int32(ox * win.stride_w - win.pad_left + kx * win.dilation_w)
                    if within(ix, s[1]):
                        at = int32(int32((n * s[0] + iy) * s[1] + ix) * s[2] + from_c)
                        total += x[at] * w[int32(ky * taps[1] + kx) * o[2] + c]
        to = int32(int32((n * o[0] + oy) * o[1] + ox) * y_step + c)
        y[to] = ended(total, i, c, bias, beside, gate, todo, low, top)


@kernel
def backward_kernel(dy, w, dx, bias, beside, gate, count, s, o, taps, each, dx_step, win, todo, low, top):
    """s: of dx.   o: of dy."""
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        n, iy, ix, c = split(i, s)
        total = float32(0)
        for ky in range(taps[0]):
            oy = met(iy, ky, win.stride_h, win.pad_top, win.dilation_h, o[0])
            if oy >= 0:
                for kx in range(taps[1]):
                    ox = met(ix, kx, win.stride_w, win.pad_left, win.dilation_w, o[1])
                    if ox >= 0:
                        at = int32(int32((n * o[0] + oy) * o[1] + ox) * o[2] + c * each)
                        tap = int32(int32(ky * taps[1] + kx) * o[2] + c * each)
                        for j in range(each):
                            total += dy[at + j] * w[tap + j]
        to = int32(int32((n * s[0] + iy) * s[1] + ix) * dx_step + c)
        dx[to] = ended(total, i, c, bias, beside, gate, todo, low, top)


@kernel(threads=THREADS)
def dw_kernel(dy, x, dw, pixels, part, s, o, taps, each, columns, win):
    """A block sums some channels of one tap over a part of the pixels; its threads are `columns` by so many pixels."""
    shared = cuda.shared.array(THREADS, float32)
    thread = int32(cuda.threadIdx.x)
    row = div(thread, columns)
    rows = div(THREADS, columns)
    c = int32(cuda.blockIdx.y * columns + thread - row * columns)
    tap = int32(cuda.blockIdx.x)
    ky = div(tap, taps[1])
    kx = int32(tap - ky * taps[1])
    first = int32(cuda.blockIdx.z * part)
    total = float32(0)
    if c < o[2]:
        from_c = div(c, each)
        for pixel in range(first + row, first + min(part, int32(pixels - first)), rows):
            n, oy, ox, _ = split(int32(pixel), (o[0], o[1], int32(1)))
            iy = int32(oy * win.stride_h - win.pad_top + ky * win.dilation_h)
            ix = int32(ox * win.stride_w - win.pad_left + kx * win.dilation_w)
            if within(iy, s[0]) and within(ix, s[1]):
                at = int32(int32((n * s[0] + iy) * s[1] + ix) * s[2] + from_c)
                total += x[at] * dy[int32(pixel * o[2] + c)]
    shared[thread] = total
    cuda.syncthreads()
    half = int32(rows >> 1)
    while half > 0:
        if row < half:
            shared[thread] += shared[thread + half * columns]
        cuda.syncthreads()
        half = int32(half >> 1)
    if row == 0 and c < o[2]:
        dw[int32((cuda.blockIdx.z * cuda.gridDim.x + tap) * o[2] + c)] = shared[thread]


def forward(x: DeviceArray, w: DeviceArray, y: DeviceArray, win: Window, groups: int, end: End) -> None:
    """y = end(the sums of each channel's filters)."""
    sizes = y.size, x.shape[1:], y.shape[1:], w.shape[:2], w.shape[3] // groups, y.step
    forward_kernel.over(y.size, x, w, y, *end.given[:3], *sizes, win, *end.given[3:])
    end.later(y)


def backward(dy: DeviceArray, w: DeviceArray, dx: DeviceArray, win: Window, groups: int, end: End) -> None:
    """dx = end(what each pixel's windows hand back)."""
    sizes = dx.size, dx.shape[1:], dy.shape[1:], w.shape[:2], w.shape[3] // groups, dx.step
    backward_kernel.over(dx.size, dy, w, dx, *end.given[:3], *sizes, win, *end.given[3:])
    end.later(dx)


def filters_gradient(dy: DeviceArray, x: DeviceArray, dw: DeviceArray, win: Window, groups: int) -> None:
    """dw, by parts of the pixels that are added in their order."""
    KH, KW, _, O = dw.shape
    pixels = dy.size // O
    columns = min(1 << (O - 1).bit_length(), 32, THREADS)
    rows, tiles = THREADS // columns, -(-O // columns)
    check_blocks("outputs", O, columns)
    parts = max(1, min(ENOUGH // (tiles * KH * KW), pixels // (rows * LEAST)))
    part = -(-pixels // parts)
    parts = -(-pixels // part)
    place = dw if parts == 1 else empty((parts, *dw.shape))
    sizes = pixels, part, x.shape[1:], dy.shape[1:], (KH, KW), O // groups, columns
    dw_kernel((KH * KW, tiles, parts), THREADS, dy, x, place, *sizes, win)
    if parts > 1:
        reduced(place, (1, parts, dw.size), SUM, dw)
