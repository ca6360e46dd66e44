"""Images with a border of zeros, so that the inner loop of a convolution need not ask where the image ends."""

from cnnkit.kernels.cpu import memory
from cnnkit.kernels.cpu.jit import inner, kernel
from cnnkit.kernels.cpu.threads import parallel_for
from cnnkit.kernels.shared.array import Array


def with_border(x: Array, border: tuple[int, int, int, int]) -> Array:
    """x (N, H, W, C) itself where no border is needed."""
    top, bottom, left, right = border
    if border == (0, 0, 0, 0):
        return x
    N, H, W, C = x.shape
    y = memory.empty((N, H + top + bottom, W + left + right, C))
    row = (W + left + right) * C
    per_task = max(1, 16384 // max(row, 1))
    border_kernel(x.reshape(-1), y.reshape(-1), (N, H, top, bottom, W * C, left * C, right * C, per_task))
    return y


@inner
def border_task(x, y, sizes, worker, task):
    """A few rows of y."""
    N, H, top, bottom, row, left, right, per_task = sizes
    all_rows = H + top + bottom
    for r in range(task * per_task, min(N * all_rows, (task + 1) * per_task)):
        n, iy = r // all_rows, r % all_rows - top
        to = r * (left + row + right)
        if iy < 0 or iy >= H:
            for i in range(left + row + right):
                y[to + i] = 0
        else:
            source = (n * H + iy) * row
            for i in range(left):
                y[to + i] = 0
            for i in range(row):
                y[to + left + i] = x[source + i]
            for i in range(right):
                y[to + left + row + i] = 0


@kernel
def border_kernel(x, y, sizes):
    N, H, top, bottom, _, _, _, per_task = sizes
    parallel_for(border_task, (N * (H + top + bottom) + per_task - 1) // per_task, (x, y, sizes))
