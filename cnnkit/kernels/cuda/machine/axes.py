"""Axes of arrays: how far apart their elements lie, and how several axes become one."""

from collections.abc import Sequence
from math import prod

from cnnkit.errors import ShapeError
from cnnkit.kernels.cuda.machine.array import DeviceArray

MOST = 6
Strides = tuple[int, ...]


def strides_of(array: DeviceArray) -> Strides:
    """Numbers from one element to the next along each axis."""
    if not array.shape:
        return ()
    sizes = (*array.shape[1:-1], array.step) if array.ndim > 1 else ()
    return (*(prod(sizes[axis:]) for axis in range(array.ndim - 1)), 1)


def broadcast(array: DeviceArray, shape: tuple[int, ...]) -> Strides:
    """Its strides as an array of that shape: 0 along what is repeated."""
    missing = len(shape) - array.ndim
    own = zip(array.shape, strides_of(array), shape[missing:], strict=True)
    return (0,) * missing + tuple(0 if size == 1 and wanted != 1 else stride for size, stride, wanted in own)


def broadcast_shape(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that NumPy would bring these to."""
    rank = max(map(len, shapes))
    columns = zip(*((1,) * (rank - len(shape)) + shape for shape in shapes), strict=True)
    found = []
    for sizes in columns:
        wanted = {size for size in sizes if size != 1} or {1}
        if len(wanted) > 1:
            raise ShapeError(f"Shapes {' and '.join(map(str, shapes))} do not fit together.")
        found.append(wanted.pop())
    return tuple(found)


def merged(shape: Sequence[int], *strides: Sequence[int]) -> tuple[tuple[int, ...], list[Strides]]:
    """The same elements in the same order by as few axes as may be, at least one; axes of size 1 go.

    Two neighbours become one where, for each of the strides, a step of the outer is as long as the whole inner.
    """
    sizes: list[int] = []
    steps: list[list[int]] = [[] for _ in strides]
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        joins = bool(sizes) and all(own[-1] == given[axis] * size for own, given in zip(steps, strides, strict=True))
        if joins:
            sizes[-1] *= size
        else:
            sizes.append(size)
        for own, given in zip(steps, strides, strict=True):
            if joins:
                own[-1] = given[axis]
            else:
                own.append(given[axis])
    if not sizes:
        return (1,), [(0,) for _ in strides]
    if len(sizes) > MOST:
        raise ShapeError(f"An array of {len(shape)} axes is laid out in too many ways at once for a CUDA kernel.")
    return tuple(sizes), [tuple(own) for own in steps]


def padded(values: tuple[int, ...], filling: int) -> tuple[int, ...]:
    """As long as kernels want it, with axes of nothing in front."""
    return (filling,) * (MOST - len(values)) + values
