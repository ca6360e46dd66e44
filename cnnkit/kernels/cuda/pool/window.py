"""Pooling by windows that slide. On the way back a pixel asks the windows that saw it, always in one order."""

import math

import numpy as np

from cnnkit.kernels.cuda.elementwise.scalar import slope_by_output
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.launch import cuda, device, float32, int32, kernel
from cnnkit.kernels.cuda.machine.operands import Outs, outs, result, single, whole
from cnnkit.kernels.cuda.machine.ptx import div, within
from cnnkit.kernels.shared.geometry import Window, output_hw
from cnnkit.kernels.shared.pooling import NO_TAP, arg_dtype
from cnnkit.kernels.shared.scalar import IDENTITY, Activation

Sizes = tuple[int, ...]


@device
def split(i, s):
    """(image, row, column, channel) of a number of images with s rows, columns and channels."""
    pixel = div(i, s[2])
    line = div(pixel, s[1])
    n = div(line, s[0])
    return n, int32(line - n * s[0]), int32(pixel - line * s[1]), int32(i - pixel * s[2])


@device
def met(i, tap, stride, pad, dilation, results):
    """The result whose tap lies on pixel i of its axis; -1 where none does."""
    far = int32(i + pad - tap * dilation)
    if far < 0:
        return int32(-1)
    o = div(far, stride)
    return o if o * stride == far and o < results else int32(-1)


@kernel
def max_pool_kernel(x, y, arg, count, s, o, taps, win, keeps, none):
    """s: rows, columns, channels of x.   o: of y."""
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        n, oy, ox, c = split(i, o)
        best, won = float32(-math.inf), int32(none)
        for ky in range(taps[0]):
            iy = int32(oy * win.stride_h - win.pad_top + ky * win.dilation_h)
            if within(iy, s[0]):
                for kx in range(taps[1]):
                    ix = int32(ox * win.stride_w - win.pad_left + kx * win.dilation_w)
                    if within(ix, s[1]):
                        value = x[int32(int32((n * s[0] + iy) * s[1] + ix) * s[2] + c)]
                        if won == none or value > best or (value != value and best == best):
                            best, won = value, int32(ky * taps[1] + kx)
        y[i] = best
        if keeps:
            arg[i] = won


@kernel
def max_pool_dx_kernel(dy, arg, y, dx, count, s, o, taps, win, gates, kind, slope):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        n, iy, ix, c = split(i, s)
        total = float32(0)
        for ky in range(taps[0]):
            oy = met(iy, ky, win.stride_h, win.pad_top, win.dilation_h, o[0])
            if oy >= 0:
                for kx in range(taps[1]):
                    ox = met(ix, kx, win.stride_w, win.pad_left, win.dilation_w, o[1])
                    if ox >= 0:
                        at = int32(int32((n * o[0] + oy) * o[1] + ox) * o[2] + c)
                        if arg[at] == ky * taps[1] + kx:
                            total += dy[at] * slope_by_output(y[at], kind, slope) if gates else dy[at]
        dx[i] = total


@device
def counted(oy, ox, s, taps, win, padding):
    """What the sum over a window is divided by: all its taps, or those inside the image."""
    if padding:
        return taps[0] * taps[1]
    down, across = int32(0), int32(0)
    for ky in range(taps[0]):
        if within(oy * win.stride_h - win.pad_top + ky * win.dilation_h, s[0]):
            down += 1
    for kx in range(taps[1]):
        if within(ox * win.stride_w - win.pad_left + kx * win.dilation_w, s[1]):
            across += 1
    return max(int32(down * across), int32(1))


@kernel
def avg_pool_kernel(x, y, count, s, o, taps, win, padding):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        n, oy, ox, c = split(i, o)
        total = float32(0)
        for ky in range(taps[0]):
            iy = int32(oy * win.stride_h - win.pad_top + ky * win.dilation_h)
            if within(iy, s[0]):
                for kx in range(taps[1]):
                    ix = int32(ox * win.stride_w - win.pad_left + kx * win.dilation_w)
                    if within(ix, s[1]):
                        total += x[int32(int32((n * s[0] + iy) * s[1] + ix) * s[2] + c)]
        y[i] = total / float32(counted(oy, ox, s, taps, win, padding))


@kernel
def avg_pool_dx_kernel(dy, dx, count, s, o, taps, win, padding):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        n, iy, ix, c = split(i, s)
        total = float32(0)
        for ky in range(taps[0]):
            oy = met(iy, ky, win.stride_h, win.pad_top, win.dilation_h, o[0])
            if oy >= 0:
                for kx in range(taps[1]):
                    ox = met(ix, kx, win.stride_w, win.pad_left, win.dilation_w, o[1])
                    if ox >= 0:
                        at = int32(int32((n * o[0] + oy) * o[1] + ox) * o[2] + c)
                        total += dy[at] / float32(counted(oy, ox, s, taps, win, padding))
        dx[i] = total


def max_pool2d(
    x: DeviceArray, kernel: tuple[int, int], win: Window, *, needs_arg: bool = True, out: Outs | None = None
) -> tuple[DeviceArray, DeviceArray | None]:
    """The greatest pixel of each window, and which tap saw it."""
    into, into_arg = outs(out, 2)
    shape, kind = (x.shape[0], *output_hw(x.shape, kernel, win), x.shape[3]), np.dtype(arg_dtype(kernel))
    y = result(shape, into)
    arg = result(shape, into_arg, kind) if needs_arg else None
    none = NO_TAP if kind == np.int32 else 255
    arrays = single(x), y, y if arg is None else arg
    max_pool_kernel.over(y.size, *arrays, y.size, x.shape[1:], shape[1:], kernel, win, int(needs_arg), none)
    return y, arg


def max_pool2d_dx(
    dy: DeviceArray,
    arg: DeviceArray,
    x_shape: tuple[int, ...],
    kernel: tuple[int, int],
    win: Window,
    *,
    y: DeviceArray | None = None,
    activation: Activation = IDENTITY,
    out: DeviceArray | None = None,
) -> DeviceArray:
    """Each dy goes to the pixel that won its window; windows that overlap add up."""
    dx, dy = result(x_shape, out), single(dy)
    sizes = dx.size, x_shape[1:], dy.shape[1:], kernel, win
    gate = dy if y is None else single(y)
    max_pool_dx_kernel.over(dx.size, dy, whole(arg), gate, dx, *sizes, int(y is not None), *activation)
    return dx


def avg_pool2d(
    x: DeviceArray,
    kernel: tuple[int, int],
    win: Window,
    *,
    count_padding: bool = True,
    out: DeviceArray | None = None,
) -> DeviceArray:
    """The mean of each window."""
    y = result((x.shape[0], *output_hw(x.shape, kernel, win), x.shape[3]), out)
    avg_pool_kernel.over(y.size, single(x), y, y.size, x.shape[1:], y.shape[1:], kernel, win, int(count_padding))
    return y


def avg_pool2d_dx(
    dy: DeviceArray,
    x_shape: tuple[int, ...],
    kernel: tuple[int, int],
    win: Window,
    *,
    count_padding: bool = True,
    out: DeviceArray | None = None,
) -> DeviceArray:
    """Each dy is shared equally among the taps of its window."""
    dx = result(x_shape, out)
    avg_pool_dx_kernel.over(
        dx.size, single(dy), dx, dx.size, x_shape[1:], dy.shape[1:], kernel, win, int(count_padding)
    )
    return dx
