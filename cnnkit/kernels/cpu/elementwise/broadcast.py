"""Two shapes, brought together by numpy's rules, as few loops as possible."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from cnnkit.kernels.shared.array import Array

Shape = tuple[int, ...]


class Loops(NamedTuple):
    """The innermost loop, and those around it.

    Along the innermost axis an operand steps by 1 or, where it is repeated, by 0. `outer` is flat: for each axis from
    the innermost outwards its size and the steps of x and y.
    """

    shape: Shape
    length: int
    x_step: int
    y_step: int
    outer: Array


class Axis(NamedTuple):
    """An axis of the result, and how far x and y move along it."""

    size: int
    x_step: int
    y_step: int


@lru_cache(maxsize=1024)
def loops(x_shape: Shape, y_shape: Shape) -> Loops:
    """How to walk two contiguous arrays of these shapes together; neighbouring axes that both cross alike are one."""
    shape = np.broadcast_shapes(x_shape, y_shape)
    x_steps, y_steps = _steps(x_shape, shape), _steps(y_shape, shape)
    merged: list[Axis] = []
    for axis in map(Axis, reversed(shape), reversed(x_steps), reversed(y_steps)):
        if axis.size == 1:
            continue
        inside = merged[-1] if merged else None
        if inside and (axis.x_step, axis.y_step) == (inside.x_step * inside.size, inside.y_step * inside.size):
            merged[-1] = inside._replace(size=inside.size * axis.size)
        else:
            merged.append(axis)
    inner = merged[0] if merged else Axis(1, 1, 1)
    outer = np.array([number for axis in merged[1:] for number in axis], np.int64)
    return Loops(shape, inner.size, inner.x_step, inner.y_step, outer)


def _steps(operand: Shape, shape: Shape) -> list[int]:
    """Floats from one position to the next along each axis of the result; 0 where the operand is repeated."""
    steps, step = [], 1
    for size in reversed(operand):
        steps.append(step if size > 1 else 0)
        step *= size
    return [0] * (len(shape) - len(operand)) + steps[::-1]
