"""Filters as Winograd's products want them, and the way back for their gradient."""

from functools import cache
from typing import Any, NamedTuple

from cnnkit.kernels.cpu.conv import schedule
from cnnkit.kernels.cpu.conv.packing import turn_panel
from cnnkit.kernels.cpu.conv.schedule import Form
from cnnkit.kernels.cpu.conv.winograd.patches import apart
from cnnkit.kernels.cpu.conv.winograd.transforms import make_back_1d, make_filter_1d
from cnnkit.kernels.cpu.machine import buffers, threads
from cnnkit.kernels.cpu.machine.jit import inlined, inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.partial import load_upto, store_upto
from cnnkit.kernels.cpu.simd.vector import LANES, load, store, stream, tile
from cnnkit.kernels.shared.array import Host


class Sizes(NamedTuple):
    """Numbers of filters that are transformed."""

    C: int
    O: int
    rows: int  # of a panel: what is summed over
    cols: int
    block: int  # columns of a panel
    turned: int
    streamed: int


def filter_sizes(shape: tuple[int, ...], turned: bool, block: int) -> Sizes:
    """Of filters (taps, taps, C, O) for panels of `block` columns that stay in a cache."""
    C, O = shape[2:]
    rows, cols = (O, C) if turned else (C, O)
    return Sizes(C, O, rows, cols, block, int(turned), 0)


def transform_filters(w: Host, turned: bool, block: int) -> Host:
    """w (taps, taps, C, O) -> 36 planes in panels of `block` columns: (panels, 36, C, block), zeros in the last panel.

    turned: for the gradient by the images, taps backwards, filters and channels exchanged: (panels, 36, O, block).
    """
    taps, sizes = w.shape[0], filter_sizes(w.shape, turned, block)
    u = buffers.empty(-(-sizes.cols // block) * 36 * apart(sizes.rows * block))
    # A vector fills a line: planes that no cache holds are written past it, and no line is read before.
    streamed = int(4 * LANES == buffers.LINE and schedule.stream(u.size, block))
    scratch = buffers.empty((threads.workers(), taps * taps * LANES * block))
    FILTERS[schedule.FORMS[taps]](w.reshape(-1), u, scratch, sizes._replace(streamed=streamed))
    return u


@inlined
def write(u, i, v, streamed):
    """A vector, past the caches if `streamed`."""
    if streamed:
        stream(u, i, v)
    else:
        store(u, i, v)


@inner
def copy_panel(w, source, w_row, cols, rows, packed, to, block):
    """packed[row, col] = w[row, col] for the first `cols` of a panel's columns, zeros in the others."""
    for row in range(rows):
        for v in range(0, block, LANES):
            store(packed, to + row * block + v, load_upto(w, source + row * w_row + v, cols - v))


@cache
def make_transform_rows(form: Form) -> Any:
    taps = form.taps
    filter_1d = make_filter_1d(taps)

    @inner
    def transform_rows(w, sizes, panel, first, count, own, u, u0, plane):
        """U = G g Gᵀ for `count` <= LANES rows of one panel, from row `first` on, whose taps are laid side by side in
        `own` first; 36 planes, `plane` floats apart, from u0 on."""
        block, tap = sizes.block, LANES * sizes.block
        col = panel * block
        for k in range(taps * taps):
            if sizes.turned:
                source = ((taps * taps - 1 - k) * sizes.C + col) * sizes.O + first
                turn_panel(w, source, sizes.O, sizes.cols - col, count, own, k * tap, block)
            else:
                source = (k * sizes.C + first) * sizes.O + col
                copy_panel(w, source, sizes.O, sizes.cols - col, count, own, k * tap, block)
        g, t, r = tile(1, taps), tile(6, taps), tile(6, 1)
        for p in range(0, count * block, LANES):
            for j in range(taps):
                for i in range(taps):
                    g[0, i] = load(own, p + (taps * i + j) * tap)
                filter_1d(g, 0, t, j)
            for i in range(6):
                filter_1d(t, i, r, 0)
                for k in range(6):
                    write(u, u0 + p + (6 * i + k) * plane, r[k, 0], sizes.streamed)

    return transform_rows


@cache
def _make_filters(form: Form) -> Any:
    taps = form.taps
    transform_rows = make_transform_rows(form)

    @inner
    def filter_task(w, u, scratch, sizes, worker, task):
        """LANES rows of one panel."""
        blocks = (sizes.rows + LANES - 1) // LANES
        panel, first, plane = task // blocks, task % blocks * LANES, apart(sizes.rows * sizes.block)
        count = min(LANES, sizes.rows - first)
        transform_rows(
            w, sizes, panel, first, count, scratch[worker], u, panel * 36 * plane + first * sizes.block, plane
        )

    @kernel(name=f"winograd {taps}x{taps} filters")
    def filter_kernel(w, u, scratch, sizes):
        panels, blocks = (sizes.cols + sizes.block - 1) // sizes.block, (sizes.rows + LANES - 1) // LANES
        parallel_for(filter_task, panels * blocks, (w, u, scratch, sizes))

    return filter_kernel


@cache
def _make_finish(form: Form) -> Any:
    taps = form.taps
    back_1d = make_back_1d(taps)

    @inner
    def finish_task(du, dw, C, O, rows, cols, groups, worker, task):
        """Add the shares in order and transform back, for one input channel."""
        s, t, r = tile(1, 6), tile(taps, 6), tile(taps, 1)
        for o in range(0, O, LANES):
            for j in range(6):
                for i in range(6):
                    q = ((6 * i + j) * rows + task) * cols + o
                    total = load(du, q)
                    for g in range(1, groups):
                        total = total + load(du, g * 36 * rows * cols + q)
                    s[0, i] = total
                back_1d(s, 0, t, j)
            for i in range(taps):
                back_1d(t, i, r, 0)
                for k in range(taps):
                    store_upto(dw, ((taps * i + k) * C + task) * O + o, r[k, 0], O - o)

    @kernel(name=f"winograd {taps}x{taps} dw finish")
    def finish_kernel(du, dw, C, O, rows, cols, groups):
        """dw (taps, taps, C, O) from the sums of 36 planes of rows x cols in `groups` shares."""
        parallel_for(finish_task, C, (du, dw, C, O, rows, cols, groups))

    return finish_kernel


FILTERS = {form: _make_filters(form) for form in schedule.FORMS.values()}
FINISH = {form: _make_finish(form) for form in schedule.FORMS.values()}
