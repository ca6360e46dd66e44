"""Several shapes, brought together by numpy's rules, as few loops as possible."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from cnnkit.kernels.shared.array import Host

Shape = tuple[int, ...]


class Loops(NamedTuple):
    """The innermost loop, and those around it.

    Along the innermost axis an operand steps by 1 or, where it is repeated, by 0: `steps` has a number for each.
    `outer` is flat: for each axis from the innermost outwards its size and the steps of all operands.
    """

    shape: Shape
    length: int
    steps: tuple[int, ...]
    outer: Host


class Axis(NamedTuple):
    """An axis of the result, and how far each operand moves along it."""

    size: int
    steps: tuple[int, ...]


@lru_cache(maxsize=1024)
def loops(*shapes: Shape) -> Loops:
    """How to walk contiguous arrays of these shapes together; neighbouring axes that all cross alike are one."""
    shape = np.broadcast_shapes(*shapes)
    merged: list[Axis] = []
    for size, *steps in zip(reversed(shape), *(reversed(_steps(s, shape)) for s in shapes), strict=True):
        if size == 1:
            continue
        inside = merged[-1] if merged else None
        if inside and all(step == within * inside.size for step, within in zip(steps, inside.steps, strict=True)):
            merged[-1] = inside._replace(size=inside.size * size)
        else:
            merged.append(Axis(size, tuple(steps)))
    inner = merged[0] if merged else Axis(1, (1,) * len(shapes))
    outer = np.array([number for axis in merged[1:] for number in (axis.size, *axis.steps)], np.int64)
    return Loops(shape, inner.size, inner.steps, outer)


def _steps(operand: Shape, shape: Shape) -> list[int]:
    """Floats from one position to the next along each axis of the result; 0 where the operand is repeated."""
    steps, step = [], 1
    for size in reversed(operand):
        steps.append(step if size > 1 else 0)
        step *= size
    return [0] * (len(shape) - len(operand)) + steps[::-1]
