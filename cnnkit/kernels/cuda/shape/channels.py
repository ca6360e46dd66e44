"""Channels as a whole: weighed by a factor for each image, or dealt out in another order."""

from math import prod

import numpy as np

from cnnkit.kernels.cuda.elementwise.pointwise import multiply
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.home import kept, put
from cnnkit.kernels.cuda.machine.launch import cuda, int32, kernel
from cnnkit.kernels.cuda.machine.move import move
from cnnkit.kernels.cuda.machine.operands import Outs, outs, result, single
from cnnkit.kernels.cuda.machine.ptx import div
from cnnkit.kernels.cuda.reduce import PRODUCTS, reduced


@kernel
def pick_kernel(x, places, y, count, channels, picked):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        pixel = div(i, picked)
        y[i] = x[pixel * channels + places[int32(i - pixel * picked)]]


def scale_channels(x: DeviceArray, s: DeviceArray, *, out: DeviceArray | None = None) -> DeviceArray:
    """y[n, y, x, c] = x[n, y, x, c] · s[n, c]."""
    y = result(x.shape, out)
    N, H, W, C = x.shape
    multiply(single(x).reshape((N, H * W, C)), single(s).reshape((N, 1, C)), out=y.reshape((N, H * W, C)))
    return y


def scale_channels_dx(
    dy: DeviceArray, x: DeviceArray, s: DeviceArray, *, out: Outs | None = None
) -> tuple[DeviceArray, DeviceArray]:
    """dx = dy · s, and ds[n, c] = Σ y, x  dy[n, y, x, c] · x[n, y, x, c]."""
    into, into_ds = outs(out, 2)
    ds = result(s.shape, into_ds)
    dx = scale_channels(dy, s, out=into)
    N, H, W, C = x.shape
    reduced(single(dy), (N, H * W, C), PRODUCTS, ds, single(x))
    return dx, ds


def channel_shuffle(x: DeviceArray, groups: int, *, out: DeviceArray | None = None) -> DeviceArray:
    """Channels of x (..., C), dealt out: y[..., i·groups + g] = x[..., g·(C / groups) + i]."""
    y = result(x.shape, out)
    C = x.shape[-1]
    each = C // groups
    shape = prod(x.shape[:-1]), each, groups
    return move(single(x), y, shape, (C, 1, each), (C, groups, 1))


def pick_channels(x: DeviceArray, places: tuple[int, ...], *, out: DeviceArray | None = None) -> DeviceArray:
    """y[..., i] = x[..., places[i]]."""
    y = result((*x.shape[:-1], len(places)), out)
    pick_kernel.over(y.size, single(x), _table(tuple(places)), y, y.size, x.shape[-1], len(places))
    return y


@kept(256)
def _table(places: tuple[int, ...]) -> DeviceArray:
    return put(np.array(places, np.int32))
