"""Moving elements about: every one of these is a copy between two strided views, so there is one kernel.

Integers (labels, masks) stay what they are. NumPy copies them: they are few beside the floats of images.
"""

import builtins
from collections.abc import Sequence

import numpy as np

from cnnkit.kernels.cpu.elementwise.chunks import CHUNK, chunks
from cnnkit.kernels.cpu.machine.buffers import contiguous, flat, kind_of, pixels, result
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.steps import by_numpy
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.partial import load_upto, store_upto
from cnnkit.kernels.cpu.simd.vector import LANES
from cnnkit.kernels.shared.array import Host


@inner
def copy_task(x, y, count, length, x_step, y_step, outer, worker, task):
    """Elements of one chunk, run by run of the innermost axis; `outer` holds size and steps of the axes around it."""
    at, end = task * CHUNK, min(count, (task + 1) * CHUNK)
    while at < end:
        row, k = at // length, at % length
        xi, yi = outer[0] + k * x_step, outer[1] + k * y_step
        for axis in range(2, len(outer), 3):
            place = row % outer[axis]
            row //= outer[axis]
            xi += place * outer[axis + 1]
            yi += place * outer[axis + 2]
        run = min(length - k, end - at)
        if x_step == 1 and y_step == 1:
            for i in range(0, run, LANES):
                store_upto(y, yi + i, load_upto(x, xi + i, run - i), run - i)
        else:
            for i in range(run):
                y[yi + i * y_step] = x[xi + i * x_step]
        at += run


@kernel
def copy_kernel(x, y, count, length, x_step, y_step, outer, tasks):
    parallel_for(copy_task, tasks, (x, y, count, length, x_step, y_step, outer))


def concat(xs: Sequence[Host], axis: int, *, out: Host | None = None) -> Host:
    """The arrays one behind the other along `axis`."""
    shape = list(xs[0].shape)
    shape[axis] = sum(x.shape[axis] for x in xs)
    kind = kind_of(*xs)
    y = result(tuple(shape), out, kind, channels=True)
    place = [builtins.slice(None)] * y.ndim
    start = 0
    for part in xs:
        x = contiguous(part, kind)
        place[axis] = builtins.slice(start, start + x.shape[axis])
        _copy(x, x, y[tuple(place)], y)
        start += x.shape[axis]
    return y


def pad(x: Host, widths: Sequence[tuple[int, int]], value: float = 0.0, *, out: Host | None = None) -> Host:
    """x with widths[axis] = (before, after) elements of `value` around it."""
    x = contiguous(x, kind_of(x))
    shape = tuple(before + size + after for size, (before, after) in zip(x.shape, widths, strict=True))
    y = result(shape, out, x.dtype)
    by_numpy(np.ndarray.fill, y, value)
    inside = zip(x.shape, widths, strict=True)
    _copy(x, x, y[tuple(builtins.slice(before, before + size) for size, (before, _) in inside)], y)
    return y


def slice(
    x: Host, starts: Sequence[int], stops: Sequence[int], steps: Sequence[int], *, out: Host | None = None
) -> Host:
    """x[start:stop:step] on every axis, by Python's rules of slicing."""
    x = contiguous(x, kind_of(x))
    taken = x[_slices(starts, stops, steps)]
    y = result(taken.shape, out, x.dtype)
    _copy(taken, x, y, y)
    return y


def slice_dx(
    dy: Host,
    x_shape: tuple[int, ...],
    starts: Sequence[int],
    stops: Sequence[int],
    steps: Sequence[int],
    *,
    out: Host | None = None,
) -> Host:
    """dy at the elements that were taken, zero elsewhere."""
    dy = contiguous(dy)
    dx = result(x_shape, out)
    by_numpy(np.ndarray.fill, dx, 0.0)
    _copy(dy, dy, dx[_slices(starts, stops, steps)], dx)
    return dx


def permute(x: Host, axes: Sequence[int], *, out: Host | None = None) -> Host:
    """The axes in another order, in memory too: axis i of the result is axis axes[i] of x."""
    x = contiguous(x, kind_of(x))
    turned = x.transpose(axes)
    y = result(turned.shape, out, x.dtype)
    _copy(turned, x, y, y)
    return y


def _copy(x: Host, x_base: Host, y: Host, y_base: Host) -> None:
    """y ← x, two views of equal shape into contiguous arrays (y's may be some channels of one).

    Neighbouring axes that both views cross alike are one.
    """
    if x.size == 0:
        return
    if y.dtype != np.float32:
        by_numpy(np.copyto, y, x)
        return
    item = x_base.itemsize
    axes: list[tuple[int, int, int]] = []
    for size, x_bytes, y_bytes in zip(reversed(x.shape), reversed(x.strides), reversed(y.strides), strict=True):
        x_step, y_step = x_bytes // item, y_bytes // item
        if axes and (x_step, y_step) == (axes[-1][1] * axes[-1][0], axes[-1][2] * axes[-1][0]):
            axes[-1] = (axes[-1][0] * size, *axes[-1][1:])
        elif size > 1:
            axes.append((size, x_step, y_step))
    inner_axis = axes[0] if axes else (1, 1, 1)
    starts = [(view.ctypes.data - base.ctypes.data) // item for view, base in ((x, x_base), (y, y_base))]
    outer = np.array(starts + [number for axis in axes[1:] for number in axis], np.int64)
    copy_kernel(flat(x_base), pixels(y_base)[0], x.size, *inner_axis, outer, chunks(x.size))


def _slices(starts: Sequence[int], stops: Sequence[int], steps: Sequence[int]) -> tuple[builtins.slice, ...]:
    return tuple(builtins.slice(*bounds) for bounds in zip(starts, stops, steps, strict=True))
