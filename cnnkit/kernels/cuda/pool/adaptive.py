"""Pooling by bins that cover the image; bin o holds the pixels ⌊o·size / bins⌋ to ⌈(o + 1)·size / bins⌉ - 1."""

import math
from math import prod

import numpy as np

from cnnkit.kernels.cuda.elementwise.scalar import slope_by_output
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.launch import cuda, device, float32, int32, kernel
from cnnkit.kernels.cuda.machine.operands import Outs, outs, result, single, whole
from cnnkit.kernels.cuda.machine.ptx import div
from cnnkit.kernels.cuda.pool.window import split
from cnnkit.kernels.cuda.reduce import SUM, reduced
from cnnkit.kernels.shared.pooling import NO_TAP
from cnnkit.kernels.shared.scalar import IDENTITY, Activation


@device
def first_of(o, size, bins):
    return div(o * size, bins)


@device
def behind(o, size, bins):
    """The pixel behind the last of bin o."""
    return div(int32((o + 1) * size + bins - 1), bins)


@kernel
def adaptive_avg_kernel(x, y, count, s, o):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        n, oy, ox, c = split(i, o)
        top, bottom = first_of(oy, s[0], o[0]), behind(oy, s[0], o[0])
        left, right = first_of(ox, s[1], o[1]), behind(ox, s[1], o[1])
        total = float32(0)
        for iy in range(top, bottom):
            for ix in range(left, right):
                total += x[int32(int32((n * s[0] + iy) * s[1] + ix) * s[2] + c)]
        y[i] = total / float32(int32((bottom - top) * (right - left)))


@kernel
def adaptive_avg_dx_kernel(dy, dx, count, s, o):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        n, iy, ix, c = split(i, s)
        total = float32(0)
        # Bins overlap by a pixel at most, so those that hold this one begin at the last that does not begin behind it.
        for oy in range(max(int32(div(iy * o[0], s[0]) - 1), int32(0)), o[0]):
            top, bottom = first_of(oy, s[0], o[0]), behind(oy, s[0], o[0])
            if top > iy:
                break
            if bottom > iy:
                for ox in range(max(int32(div(ix * o[1], s[1]) - 1), int32(0)), o[1]):
                    left, right = first_of(ox, s[1], o[1]), behind(ox, s[1], o[1])
                    if left > ix:
                        break
                    if right > ix:
                        at = int32(int32((n * o[0] + oy) * o[1] + ox) * o[2] + c)
                        total += dy[at] / float32(int32((bottom - top) * (right - left)))
        dx[i] = total


@kernel
def adaptive_max_kernel(x, y, arg, count, s, o, keeps):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        n, oy, ox, c = split(i, o)
        best, won = float32(-math.inf), int32(NO_TAP)
        for iy in range(first_of(oy, s[0], o[0]), behind(oy, s[0], o[0])):
            for ix in range(first_of(ox, s[1], o[1]), behind(ox, s[1], o[1])):
                value = x[int32(int32((n * s[0] + iy) * s[1] + ix) * s[2] + c)]
                if won == NO_TAP or value > best or (value != value and best == best):
                    best, won = value, int32(iy * s[1] + ix)
        y[i] = best
        if keeps:
            arg[i] = won


@kernel
def adaptive_max_dx_kernel(dy, arg, y, dx, count, s, o, gates, kind, slope):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        n, iy, ix, c = split(i, s)
        total, place = float32(0), int32(iy * s[1] + ix)
        for oy in range(max(int32(div(iy * o[0], s[0]) - 1), int32(0)), o[0]):
            if first_of(oy, s[0], o[0]) > iy:
                break
            for ox in range(max(int32(div(ix * o[1], s[1]) - 1), int32(0)), o[1]):
                if first_of(ox, s[1], o[1]) > ix:
                    break
                at = int32(int32((n * o[0] + oy) * o[1] + ox) * o[2] + c)
                if arg[at] == place:
                    total += dy[at] * slope_by_output(y[at], kind, slope) if gates else dy[at]
        dx[i] = total


def adaptive_avg_pool2d(x: DeviceArray, size: tuple[int, int], *, out: DeviceArray | None = None) -> DeviceArray:
    """The mean of each of size[0]·size[1] bins; size (1, 1) is global pooling."""
    N, H, W, C = x.shape
    y = result((N, *size, C), out)
    if size == (1, 1):  # a thread for each result would be few threads with much to do
        reduced(single(x), (N, H * W, C), SUM, y)
        shares_kernel.over(y.size, y, y.size, float(H * W))
    else:
        adaptive_avg_kernel.over(y.size, single(x), y, y.size, x.shape[1:], y.shape[1:])
    return y


@kernel
def shares_kernel(y, count, by):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        y[i] /= by


def adaptive_avg_pool2d_dx(dy: DeviceArray, x_shape: tuple[int, ...], *, out: DeviceArray | None = None) -> DeviceArray:
    """Each dy is shared equally among the pixels of its bin."""
    dx = result(x_shape, out)
    adaptive_avg_dx_kernel.over(dx.size, single(dy), dx, dx.size, x_shape[1:], dy.shape[1:])
    return dx


def adaptive_max_pool2d(
    x: DeviceArray, size: tuple[int, int], *, needs_arg: bool = True, out: Outs | None = None
) -> tuple[DeviceArray, DeviceArray | None]:
    """The greatest pixel of each bin, and with `needs_arg` its place iy·W + ix (int32)."""
    into, into_arg = outs(out, 2)
    shape = x.shape[0], *size, x.shape[3]
    y = result(shape, into)
    arg = result(shape, into_arg, np.int32) if needs_arg else None
    arrays = single(x), y, y if arg is None else arg
    adaptive_max_kernel.over(y.size, *arrays, y.size, x.shape[1:], shape[1:], int(needs_arg))
    return y, arg


def adaptive_max_pool2d_dx(
    dy: DeviceArray,
    arg: DeviceArray,
    x_shape: tuple[int, ...],
    *,
    y: DeviceArray | None = None,
    activation: Activation = IDENTITY,
    out: DeviceArray | None = None,
) -> DeviceArray:
    """Each dy goes to the pixel that won its bin; bins that share a pixel add up."""
    dx, dy = result(x_shape, out), single(dy)
    arrays = dy, whole(arg), dy if y is None else single(y), dx
    adaptive_max_dx_kernel.over(
        prod(x_shape), *arrays, dx.size, x_shape[1:], dy.shape[1:], int(y is not None), *activation
    )
    return dx
