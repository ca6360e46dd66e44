"""A choice between two operands, element by element."""

import numpy as np

from cnnkit.kernels.cpu.elementwise.broadcast import loops
from cnnkit.kernels.cpu.elementwise.chunks import CHUNK, chunks
from cnnkit.kernels.cpu.machine.buffers import flat, kind_of, result
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.steps import by_numpy
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.partial import load_upto, store_upto
from cnnkit.kernels.cpu.simd.vector import LANES, fill, select_equal, zero
from cnnkit.kernels.shared.array import Host


@inner
def where_task(condition, x, y, z, length, steps, outer, worker, task):
    """A chunk of the result, row by row of the innermost loop; see broadcast.py."""
    at, end = task * CHUNK, min(len(z), (task + 1) * CHUNK)
    while at < end:
        row, k = at // length, at % length
        ci, xi, yi = k * steps[0], k * steps[1], k * steps[2]
        for axis in range(0, len(outer), 4):
            place = row % outer[axis]
            row //= outer[axis]
            ci += place * outer[axis + 1]
            xi += place * outer[axis + 2]
            yi += place * outer[axis + 3]
        count = min(length - k, end - at)
        for i in range(0, count, LANES):
            left = count - i
            c = load_upto(condition, ci + i, left) if steps[0] else fill(condition[ci])
            a = load_upto(x, xi + i, left) if steps[1] else fill(x[xi])
            b = load_upto(y, yi + i, left) if steps[2] else fill(y[yi])
            store_upto(z, at + i, select_equal(c, zero(), b, a), left)
        at += count


@kernel
def where_kernel(condition, x, y, z, length, steps, outer, tasks):
    parallel_for(where_task, tasks, (condition, x, y, z, length, steps, outer))


def where(condition: Host, x: Host | float, y: Host | float, *, out: Host | None = None) -> Host:
    """x where the condition is not 0, else y."""
    walk = loops(np.shape(condition), np.shape(x), np.shape(y))
    z = result(walk.shape, out, kind_of(x, y))
    if z.dtype != np.float32:
        by_numpy(_choose, z, condition, x, y)
        return z
    operands = flat(np.asarray(condition)), flat(np.asarray(x)), flat(np.asarray(y)), z.reshape(-1)
    where_kernel(*operands, walk.length, walk.steps, walk.outer, chunks(z.size))
    return z


def _choose(z: Host, condition: Host, x: Host | float, y: Host | float) -> None:
    np.copyto(z, y)
    np.copyto(z, x, where=np.not_equal(condition, 0))
