"""Images with a border of zeros, so that the inner loop of a convolution need not ask where the image ends.

Either a copy of all images, or, inside a task, of the rows that it will read: `BorderedRows` says how rows lie, and
`copy_rows` makes some of them. What is copied by the task is read while it is still in the cache.
"""

from typing import NamedTuple

from cnnkit.kernels.cpu.machine import buffers
from cnnkit.kernels.cpu.machine.jit import inlined, inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.partial import load_upto, store_upto
from cnnkit.kernels.cpu.simd.vector import LANES, zero
from cnnkit.kernels.shared.array import Host

Border = tuple[int, int, int, int]  # zeros above, below, left and right, in pixels
NO_BORDER = (0, 0, 0, 0)


class BorderedRows(NamedTuple):
    """Rows of images under each other: of each image `above` rows of zeros, its H rows, then zeros up to `rows`."""

    rows: int
    above: int
    H: int
    left: int  # floats of a row, as the next two
    inside: int
    right: int


def bordered_rows(shape: tuple[int, ...], border: Border) -> BorderedRows:
    """Of images (N, H, W, C)."""
    _, H, W, C = shape
    top, bottom, left, right = border
    return BorderedRows(top + H + bottom, top, H, left * C, W * C, right * C)


def with_border(x: Host, border: Border) -> Host:
    """x (N, H, W, C) itself where no border is needed."""
    top, bottom, left, right = border
    if border == NO_BORDER:
        return x
    N, H, W, C = x.shape
    y = buffers.empty((N, H + top + bottom, W + left + right, C))
    row = (W + left + right) * C
    border_kernel(
        x.reshape(-1), y.reshape(-1), N * y.shape[1], max(1, 16384 // max(row, 1)), bordered_rows(x.shape, border)
    )
    return y


@inlined
def copy_floats(x, i, y, j, count):
    """y[j : j + count] = x[i : i + count]"""
    for k in range(0, count, LANES):
        store_upto(y, j + k, load_upto(x, i + k, count - k), count - k)


@inlined
def clear_floats(y, j, count):
    """y[j : j + count] = 0"""
    for k in range(0, count, LANES):
        store_upto(y, j + k, zero(), count - k)


@inner
def copy_rows(x, y, to, first, last, layout):
    """Rows first, …, last - 1 of all images of x with their border -> y from `to` on."""
    width = layout.left + layout.inside + layout.right
    for r in range(first, last):
        n, iy = r // layout.rows, r % layout.rows - layout.above
        if iy < 0 or iy >= layout.H:
            clear_floats(y, to, width)
        else:
            clear_floats(y, to, layout.left)
            copy_floats(x, (n * layout.H + iy) * layout.inside, y, to + layout.left, layout.inside)
            clear_floats(y, to + layout.left + layout.inside, layout.right)
        to += width


@inner
def border_task(x, y, rows, per_task, layout, worker, task):
    """A few rows of y."""
    first = task * per_task
    width = layout.left + layout.inside + layout.right
    copy_rows(x, y, first * width, first, min(rows, first + per_task), layout)


@kernel
def border_kernel(x, y, rows, per_task, layout):
    parallel_for(border_task, (rows + per_task - 1) // per_task, (x, y, rows, per_task, layout))
