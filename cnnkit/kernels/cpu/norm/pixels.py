"""(pixels, C) in memory, cut for kernels that treat every channel alike: normalisation.

A row is as many pixels as fill whole vectors, so that 16 or 24 channels waste no lane: what belongs to a channel is
laid out once for each pixel of a row. Where that would take too long a row, a row is one pixel and its last vector is
not full. Long rows are cut into blocks of columns, for what a task sums must stay in the first cache.
"""

from functools import lru_cache
from math import lcm
from typing import NamedTuple

from cnnkit.kernels.cpu.machine.jit import inner
from cnnkit.kernels.cpu.simd.partial import load_upto, store_upto
from cnnkit.kernels.cpu.simd.vector import LANES, zero

# Floats of a row: at least this many where pixels are small, and at most these where one is not a whole vector.
SHORT, LONG = 256, 1024
# Columns of a block, about; and the floats of x that a task reads, about: they come by twice and stay in the cache.
BLOCK, TASK = 512, 32768


class Pixels(NamedTuple):
    """How a matrix of `size` floats is cut."""

    size: int
    C: int
    row: int  # floats: `together` pixels
    together: int
    cols: int  # of a task; where there are several blocks, together is 1
    blocks: int
    rows: int  # of a task
    tasks: int
    channels: int  # that a task meets, at most


@lru_cache(maxsize=1024)
def cut_pixels(pixels: int, C: int) -> Pixels:
    """The cut of (pixels, C); without channels there is nothing to cut."""
    if C == 0:
        return Pixels(0, 0, 0, 1, 1, 0, 1, 0, 0)
    period = lcm(C, LANES)
    row = period * max(1, SHORT // period) if period <= LONG else C
    together = row // C
    blocks = 1 if together > 1 else -(-C // BLOCK)
    cols = row if together > 1 else -(-C // (blocks * LANES)) * LANES
    blocks = -(-row // cols)
    all_rows = -(-pixels // together)
    pieces = max(1, round(all_rows * cols / TASK))
    rows = max(1, -(-all_rows // pieces))
    return Pixels(pixels * C, C, row, together, cols, blocks, rows, -(-all_rows // rows) * blocks, min(C, cols))


@inner
def place(cut, task):
    """(first float, one behind the last, channels) of a task; its rows start cut.row floats apart."""
    first_row, block = task // cut.blocks * cut.rows, task % cut.blocks
    column = block * cut.cols
    end = min(cut.size, (first_row + cut.rows) * cut.row)
    return first_row * cut.row + column, end, min(cut.channels, cut.C - column)


@inner
def spread(values, start, count, wide, to, times):
    """wide[to + j·count + c] = values[start + c],  j < times"""
    for c in range(0, count, LANES):
        v = load_upto(values, start + c, count - c)
        for j in range(times):
            store_upto(wide, to + j * count + c, v, count - c)


@inner
def fold(wide, start, count, times, sums, to):
    """sums[to + c] = Σ j < times  wide[start + j·count + c]"""
    for c in range(0, count, LANES):
        total = zero()
        for j in range(times):
            total = total + load_upto(wide, start + j * count + c, count - c)
        store_upto(sums, to + c, total, count - c)


@inner
def clear(y, start, count):
    for i in range(start, start + count, LANES):
        store_upto(y, i, zero(), start + count - i)
