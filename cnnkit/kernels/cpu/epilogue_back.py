"""Back through the end of a layer in one pass: dz = dy·act'(y), and the sums of dz over rows, which are db.

The rows (M, C) of few channels are taken R at a time as one row of R·C floats, so registers are full for any C.
Sums run over at most RUN such rows in float32, then join float64 totals of their task; tasks are added in order.
"""

import numpy as np

from cnnkit.kernels.cpu.activation import slope_vector
from cnnkit.kernels.cpu.epilogue import load_upto, store_upto
from cnnkit.kernels.cpu.jit import inner, kernel
from cnnkit.kernels.cpu.memory import empty, flat
from cnnkit.kernels.cpu.simd import LANES, store, tile, zero
from cnnkit.kernels.cpu.threads import parallel_for
from cnnkit.kernels.shared.array import Array
from cnnkit.kernels.shared.scalar import IDENTITY_KIND, Activation

RUN = 64
COLS = 4
BLOCK = COLS * LANES
TASK_FLOATS = 32768
MOST_TASKS = 256


@inner
def rows_task(dy, y, dz, sums, totals, width, per_task, kind, slope, worker, task):
    """dz of some rows of `width` floats, and their totals; `sums` is scratch of the task."""
    size = len(dy)
    total, run_sums = task * width, task * BLOCK
    for j in range(width):
        totals[total + j] = 0.0
    last = min((task + 1) * per_task, -(-size // width))
    for first in range(task * per_task, last, RUN):
        for c in range(0, width, BLOCK):
            acc = tile(1, COLS)
            for v in range(COLS):
                acc[0, v] = zero()
            for row in range(first, min(first + RUN, last)):
                for v in range(COLS):
                    at = row * width + c + v * LANES
                    left = min(width - c - v * LANES, size - at)
                    d = load_upto(dy, at, left)
                    if kind != IDENTITY_KIND:
                        d = d * slope_vector(load_upto(y, at, left), kind, slope)
                        store_upto(dz, at, d, left)
                    acc[0, v] = acc[0, v] + d
            for v in range(COLS):
                store(sums, run_sums + v * LANES, acc[0, v])
            for j in range(min(BLOCK, width - c)):
                totals[total + c + j] += sums[run_sums + j]


@kernel
def epilogue_dx_kernel(dy, y, dz, db, sums, totals, width, per_task, tasks, kind, slope):
    parallel_for(rows_task, tasks, (dy, y, dz, sums, totals, width, per_task, kind, slope))
    for c in range(len(db)):
        total = 0.0
        for i in range(c, tasks * width, len(db)):
            total += totals[i]
        db[c] = total


def epilogue_dx(dy: Array, y: Array, activation: Activation) -> tuple[Array, Array]:
    """(dz, db) in one pass; for IDENTITY dz is dy itself."""
    C = dy.shape[-1]
    width = C * max(1, BLOCK // max(C, 1))
    rows = -(-dy.size // max(width, 1))
    per_task = RUN * max(1, TASK_FLOATS // max(RUN * width, 1), -(-rows // (RUN * MOST_TASKS)))
    tasks = -(-rows // per_task)
    source = flat(dy)
    identity = activation.kind == IDENTITY_KIND
    dz, db = dy if identity else empty(dy.shape), empty(C)
    epilogue_dx_kernel(
        source,
        source if identity else flat(y),
        source if identity else dz.reshape(-1),
        db,
        empty(tasks * BLOCK),
        empty(tasks * width, np.float64),
        width,
        per_task,
        tasks,
        activation.kind,
        np.float32(activation.slope),
    )
    return dz, db
