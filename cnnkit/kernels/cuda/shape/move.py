"""Arrays joined, padded, cut and turned: strides of where elements come from, and of where they go."""

import builtins
from collections.abc import Sequence
from math import prod

from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.axes import strides_of
from cnnkit.kernels.cuda.machine.move import fill
from cnnkit.kernels.cuda.machine.move import move as moved
from cnnkit.kernels.cuda.machine.operands import kind_of, result, single, whole


def concat(xs: Sequence[DeviceArray], axis: int, *, out: DeviceArray | None = None) -> DeviceArray:
    """The arrays one behind the other along `axis`."""
    shape = list(xs[0].shape)
    shape[axis] = builtins.sum(x.shape[axis] for x in xs)
    y = result(tuple(shape), out, kind_of(*xs), channels=True)
    first, strides = 0, strides_of(y)
    for x in xs:
        moved(x, y, x.shape, strides_of(x), strides, 0, first)
        first += x.shape[axis] * strides[axis]
    return y


def pad(
    x: DeviceArray, widths: Sequence[tuple[int, int]], value: float = 0.0, *, out: DeviceArray | None = None
) -> DeviceArray:
    """x with widths[axis] = (before, after) elements of `value` around it."""
    shape = tuple(before + size + after for size, (before, after) in zip(x.shape, widths, strict=True))
    y = fill(result(shape, out, kind_of(x)), value)
    strides = strides_of(y)
    first = builtins.sum(before * stride for (before, _), stride in zip(widths, strides, strict=True))
    return moved(x, y, x.shape, strides_of(x), strides, 0, first)


def slice(
    x: DeviceArray,
    starts: Sequence[int],
    stops: Sequence[int],
    steps: Sequence[int],
    *,
    out: DeviceArray | None = None,
) -> DeviceArray:
    """x[start:stop:step] on every axis."""
    shape, strides, first = _taken(x.shape, starts, stops, steps)
    y = result(shape, out, kind_of(x))
    return moved(whole(x), y, shape, strides, strides_of(y), first)


def slice_dx(
    dy: DeviceArray,
    x_shape: tuple[int, ...],
    starts: Sequence[int],
    stops: Sequence[int],
    steps: Sequence[int],
    *,
    out: DeviceArray | None = None,
) -> DeviceArray:
    """dy at the elements that were taken, zero elsewhere."""
    shape, strides, first = _taken(x_shape, starts, stops, steps)
    dx = fill(result(x_shape, out), 0.0)
    return moved(single(dy), dx, shape, strides_of(dy), strides, 0, first)


def permute(x: DeviceArray, axes: Sequence[int], *, out: DeviceArray | None = None) -> DeviceArray:
    """The axes in another order."""
    strides = strides_of(x)
    y = result(tuple(x.shape[axis] for axis in axes), out, kind_of(x))
    return moved(x, y, y.shape, tuple(strides[axis] for axis in axes), strides_of(y))


def _taken(
    shape: tuple[int, ...], starts: Sequence[int], stops: Sequence[int], steps: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Shape of what is taken; its strides in an array of that shape; its first element."""
    bounds = zip(starts, stops, steps, shape, strict=True)
    ranges = [range(*builtins.slice(*own).indices(size)) for *own, size in bounds]
    strides = [prod(shape[axis + 1 :]) for axis in range(len(shape))]
    first = builtins.sum(found.start * stride for found, stride in zip(ranges, strides, strict=True) if len(found))
    steps = tuple(found.step * stride for found, stride in zip(ranges, strides, strict=True))
    return tuple(map(len, ranges)), steps, first
