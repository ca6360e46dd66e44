"""Sums, means and maxima over some axes, in a fixed order whatever the device.

An array is seen as (outer, middle, inner), of which the middle is summed. A block takes some neighbouring columns of
`inner` and shares the rows of the middle among its threads, whose sums meet in shared memory, two by two. Where that is
too little work for a device, the middle is cut into parts, and their sums are summed by a second launch.
"""

import math
from math import prod

from cnnkit.kernels.cuda.elementwise.pointwise import divide
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.home import copy_into, empty
from cnnkit.kernels.cuda.machine.launch import THREADS, cuda, device, float32, int32, kernel
from cnnkit.kernels.cuda.machine.operands import result, single
from cnnkit.kernels.cuda.machine.ptx import div

# What is summed of each element: itself, its product with `other`, the square of what it differs from its column's
# `centre`, the product of it and what `other` differs from that; or no sum but the greatest.
SUM, PRODUCTS, CENTRED, CENTRED_PRODUCTS, GREATEST = range(5)
# Middles up to this are summed by one thread for each result.
FEW = 32
# Blocks that a device is kept busy with, and rows that a thread has at least before the middle is cut.
ENOUGH, ROWS = 264, 8


@device
def part_of(x, other, centre, at, column, kind):
    """What one element brings."""
    value = x[at]
    if kind == PRODUCTS:
        return value * other[at]
    if kind == CENTRED:
        apart = value - centre[column]
        return apart * apart
    if kind == CENTRED_PRODUCTS:
        return value * (other[at] - centre[column])
    return value


@device
def folded(total, value, kind):
    """With one value more; of greatest ones NaN is."""
    if kind == GREATEST:
        return value if value > total or value != value else total
    return total + value


@device
def nothing(kind):
    """What no element brings."""
    return float32(-math.inf) if kind == GREATEST else float32(0)


@kernel
def few_kernel(x, other, centre, y, count, middle, inner, kind):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        row = div(i, inner)
        column = int32(i - row * inner)
        total = nothing(kind)
        for r in range(middle):
            at = int32((row * middle + r) * inner + column)
            total = folded(total, part_of(x, other, centre, at, column, kind), kind)
        y[i] = total


@kernel(threads=THREADS)
def reduce_kernel(x, other, centre, y, outer, middle, inner, tiles, each, columns, kind):
    """A block's threads are `columns` columns by so many rows; its part of the middle is `each` rows long."""
    shared = cuda.shared.array(THREADS, float32)
    thread = int32(cuda.threadIdx.x)
    row = div(thread, columns)
    rows = div(THREADS, columns)
    o = div(cuda.blockIdx.x, tiles)
    column = int32(int32(cuda.blockIdx.x - o * tiles) * columns + thread - row * columns)
    first = int32(cuda.blockIdx.y * each)
    last = int32(first + min(each, int32(middle - first)))  # the sum of both could be more than 32 bits hold
    total = nothing(kind)
    if column < inner:
        for r in range(first + row, last, rows):
            at = int32((o * middle + r) * inner + column)
            total = folded(total, part_of(x, other, centre, at, column, kind), kind)
    shared[thread] = total
    cuda.syncthreads()
    half = int32(rows >> 1)
    while half > 0:
        if row < half:
            shared[thread] = folded(shared[thread], shared[thread + half * columns], kind)
        cuda.syncthreads()
        half = int32(half >> 1)
    if row == 0 and column < inner:
        y[int32(cuda.blockIdx.y * outer + o) * inner + column] = shared[thread]


def reduced(
    x: DeviceArray,
    shape: tuple[int, int, int],
    kind: int,
    y: DeviceArray,
    other: DeviceArray | None = None,
    centre: DeviceArray | None = None,
) -> DeviceArray:
    """y (outer · inner numbers) from x, seen as (outer, middle, inner)."""
    outer, middle, inner = shape
    beside = x if other is None else other, x if centre is None else centre
    if not outer * inner:
        return y
    if middle <= FEW:
        few_kernel.over(outer * inner, x, *beside, y, outer * inner, middle, inner, kind)
        return y
    columns = min(1 << (inner - 1).bit_length(), 32, THREADS)
    rows, tiles = THREADS // columns, -(-inner // columns)
    parts = max(1, min(ENOUGH // (outer * tiles), middle // (ROWS * rows)))
    each = -(-middle // parts)
    parts = -(-middle // each)
    place = y if parts == 1 else empty((parts, outer, inner))
    sizes = outer, middle, inner, tiles, each, columns
    reduce_kernel((outer * tiles, parts), THREADS, x, *beside, place, *sizes, kind)
    if parts > 1:
        reduced(place, (1, parts, outer * inner), kind if kind == GREATEST else SUM, y)
    return y


def sum_over(
    x: DeviceArray, axes: tuple[int, ...], keepdims: bool = False, *, out: DeviceArray | None = None
) -> DeviceArray:
    """The sum over `axes`."""
    return _over(SUM, x, axes, keepdims, out)


def mean_over(
    x: DeviceArray, axes: tuple[int, ...], keepdims: bool = False, *, out: DeviceArray | None = None
) -> DeviceArray:
    """The mean over `axes`; NaN over no elements."""
    y = _over(SUM, x, axes, keepdims, out)
    return divide(y, float(prod(x.shape[axis] for axis in axes)), out=y)


def max_over(
    x: DeviceArray, axes: tuple[int, ...], keepdims: bool = False, *, out: DeviceArray | None = None
) -> DeviceArray:
    """The greatest element over `axes`, NaN where one is NaN; over no elements it is -inf."""
    return _over(GREATEST, x, axes, keepdims, out)


def _over(kind: int, x: DeviceArray, axes: tuple[int, ...], keepdims: bool, out: DeviceArray | None) -> DeviceArray:
    over = {axis % x.ndim for axis in axes}
    kept = tuple(1 if axis in over else size for axis, size in enumerate(x.shape))
    shape = kept if keepdims else tuple(size for axis, size in enumerate(x.shape) if axis not in over)
    y = result(shape, out)
    runs = _runs(over)
    at = single(x)
    for number, (first, last) in enumerate(runs):
        sizes = at.shape
        outer, middle, inner = prod(sizes[:first]), prod(sizes[first:last]), prod(sizes[last:])
        left = (*sizes[:first], *(1,) * (last - first), *sizes[last:])
        place = y if number == len(runs) - 1 else empty(left)
        reduced(at, (outer, middle, inner), kind, place)
        at = place
    if not runs:
        copy_into(y, at)
    return y


def _runs(axes: set[int]) -> list[tuple[int, int]]:
    """Neighbouring axes together, (first, behind the last), the last of them first."""
    runs: list[tuple[int, int]] = []
    for axis in sorted(axes, reverse=True):
        if runs and runs[-1][0] == axis + 1:
            runs[-1] = (axis, runs[-1][1])
        else:
            runs.append((axis, axis + 1))
    return runs
