"""Images made larger or smaller. Tables say what each row and column reads (shared/resizing.py); channels are vectors.

Forward, a pixel is mixed of the four around it as it is written. Back, each pixel gathers from all outputs that it had
a part in, so that no two tasks add to one place: first down, into a row of the worker's own, then across.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from cnnkit.kernels.cpu.machine.buffers import empty, flat, result
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for, workers
from cnnkit.kernels.cpu.simd.partial import load_upto, store_upto
from cnnkit.kernels.cpu.simd.vector import LANES, fill, fma, zero
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.resizing import readers, sources

# Floats that a task reads or writes: large enough to hide what taking a task costs, small enough to share evenly.
TASK_FLOATS = 16384


@inner
def resize_task(x, y, rows, cols, sizes, worker, task):
    """Some rows of y, which may belong to several images."""
    all_rows, per_task, OH, OW, H, W, C, nearest = sizes
    above, below, down = rows
    left, right, across = cols
    for row in range(task * per_task, min((task + 1) * per_task, all_rows)):
        n, oy = row // OH, row % OH
        upper, lower = (n * H + above[oy]) * W, (n * H + below[oy]) * W
        low = fill(down[oy])
        for ox in range(OW):
            a, b, to = left[ox], right[ox], (row * OW + ox) * C
            share = fill(across[ox])
            for c in range(0, C, LANES):
                room = C - c
                corner = load_upto(x, (upper + a) * C + c, room)
                if nearest:
                    store_upto(y, to + c, corner, room)
                else:
                    top = fma(load_upto(x, (upper + b) * C + c, room) - corner, share, corner)
                    corner = load_upto(x, (lower + a) * C + c, room)
                    bottom = fma(load_upto(x, (lower + b) * C + c, room) - corner, share, corner)
                    store_upto(y, to + c, fma(bottom - top, low, top), room)


@kernel
def resize_kernel(x, y, rows, cols, sizes):
    parallel_for(resize_task, -(-sizes[0] // sizes[1]), (x, y, rows, cols, sizes))


@inner
def resize_dx_task(dy, dx, scratch, rows, cols, sizes, worker, task):
    """Some rows of dx."""
    all_rows, per_task, OH, OW, H, W, C = sizes
    first_row, row_outputs, row_weights = rows
    first_col, col_outputs, col_weights = cols
    own, floats = worker * OW * C, OW * C
    for row in range(task * per_task, min((task + 1) * per_task, all_rows)):
        n, iy = row // H, row % H
        for i in range(0, floats, LANES):
            total = zero()
            for r in range(first_row[iy], first_row[iy + 1]):
                v = load_upto(dy, (n * OH + row_outputs[r]) * floats + i, floats - i)
                total = fma(v, fill(row_weights[r]), total)
            store_upto(scratch, own + i, total, floats - i)
        for ix in range(W):
            for c in range(0, C, LANES):
                total = zero()
                for r in range(first_col[ix], first_col[ix + 1]):
                    v = load_upto(scratch, own + col_outputs[r] * C + c, C - c)
                    total = fma(v, fill(col_weights[r]), total)
                store_upto(dx, (row * W + ix) * C + c, total, C - c)


@kernel
def resize_dx_kernel(dy, dx, scratch, rows, cols, sizes):
    parallel_for(resize_dx_task, -(-sizes[0] // sizes[1]), (dy, dx, scratch, rows, cols, sizes))


def resize(
    x: Host, size: tuple[int, int], *, nearest: bool = False, align_corners: bool = False, out: Host | None = None
) -> Host:
    """x (N, H, W, C) at `size`: (N, OH, OW, C). See reference/shape.py for what it means."""
    N, H, W, C = x.shape
    y = result((N, *size, C), out)
    rows, cols = (_table(sources, *sizes, nearest, align_corners) for sizes in zip((H, W), size, strict=True))
    all_rows = N * size[0]
    sizes = all_rows, _rows_per_task(size[1] * C), *size, H, W, C, int(nearest)
    resize_kernel(flat(x), y.reshape(-1), rows, cols, sizes)
    return y


def resize_dx(
    dy: Host,
    x_shape: tuple[int, ...],
    *,
    nearest: bool = False,
    align_corners: bool = False,
    out: Host | None = None,
) -> Host:
    """The gradient by the image, (N, H, W, C)."""
    N, H, W, C = x_shape
    _, OH, OW, _ = dy.shape
    dx = result(x_shape, out)
    rows, cols = (_table(readers, *sizes, nearest, align_corners) for sizes in ((H, OH), (W, OW)))
    sizes = N * H, _rows_per_task(-(-OH // max(H, 1)) * OW * C), OH, OW, H, W, C
    resize_dx_kernel(flat(dy), dx.reshape(-1), empty(workers() * OW * C), rows, cols, sizes)
    return dx


@lru_cache(maxsize=256)
def _table(make: Any, *how: Any) -> tuple[Host, Host, Host]:
    """Two tables of places and one of weights, as a kernel takes them."""
    first, second, weights = make(*how)
    return first, second, weights.astype(np.float32)


def _rows_per_task(floats_per_row: int) -> int:
    return max(1, TASK_FLOATS // max(floats_per_row, 1))
