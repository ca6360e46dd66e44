"""Winograd's convolutions with stride 1, 3x3 in a quarter of the products. Also their gradient by the images.

A form (schedule/) says how many outputs a tile has a side and how many taps a filter; a kernel is made for each.
Dilated filters too: taps `rate` pixels apart see rate² images of such pixels, each without dilation (`tile_at`).

A task takes some tiles of outputs: transform their 6x6 input patches, multiply the 36 planes by the transformed
filters, transform back. Between the steps everything stays in the worker's scratch, in its second-level cache.

Results of 3x3 filters err up to twice as much as plain sums, those of 5x5 filters as much as these. A NaN or an
infinity in x, which a plain sum hands to the 3x3 outputs that read it, becomes NaN in up to 5x5 outputs (of 5x5 filters
in up to 6x6 for 5x5), for those of a tile share its products. With precision "exact" (schedule/) convolutions do not
come here.
"""

from functools import cache
from typing import Any

from cnnkit.kernels.cpu.conv import schedule
from cnnkit.kernels.cpu.conv.schedule import Form, TileShape
from cnnkit.kernels.cpu.conv.winograd.patches import apart, fetch_patch, phase_of, tile_at, transform_input
from cnnkit.kernels.cpu.conv.winograd.transforms import make_output_1d
from cnnkit.kernels.cpu.elementwise.activation import slope_vector
from cnnkit.kernels.cpu.epilogue import NOTHING, activate_later, bias_of, bounded, bounds, gate_of
from cnnkit.kernels.cpu.machine import buffers, threads
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.partial import load_upto, store_upto
from cnnkit.kernels.cpu.simd.vector import LANES, fill, fma, load, splat, store, tile, zero
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.scalar import IDENTITY, Activation

FETCHES = schedule.WINOGRAD_FETCHES


@cache
def make_steps(form: Form, shape: TileShape) -> tuple[Any, Any]:
    """The product of some rows of one plane, and the way back from planes to outputs."""
    side = form.outputs
    rows, vecs = shape
    block = shape.block
    output_1d = make_output_1d(side)

    @inner
    def product(v, a, step, last, C, u, u0, m, m0, first):
        """One plane: m[rows, block] += v[rows, C] · u[C, block]; `first` overwrites m; rows beyond `last` repeat it."""
        acc = tile(rows, vecs)
        if first:
            for i in range(rows):
                for j in range(vecs):
                    acc[i, j] = zero()
        else:
            for i in range(rows):
                for j in range(vecs):
                    acc[i, j] = load(m, m0 + i * 36 * block + LANES * j)
        for c in range(C):
            for i in range(rows):
                s = splat(v, a + min(i, last) * step + c)
                for j in range(vecs):
                    acc[i, j] = fma(s, load(u, u0 + block * c + LANES * j), acc[i, j])
        for i in range(rows):
            for j in range(vecs):
                store(m, m0 + i * 36 * block + LANES * j, acc[i, j])

    @inner
    def transform_output(m, m0, plane, y, y0, row, col, down, across, room, bias, b0, other, ends):
        """36 planes at m0 -> down x across outputs of y, `room` channels at most; `other` is a residual or a gate."""
        s, t, r = tile(1, 6), tile(side, 6), tile(side, side)
        low, high = fill(ends.low), fill(ends.high)
        for o in range(0, min(block, room), LANES):
            for j in range(6):
                for i in range(6):
                    s[0, i] = load(m, m0 + (6 * i + j) * plane + o)
                output_1d(s, 0, t, j)
            b = load_upto(bias, b0 + o, room - o)
            for i in range(side):
                output_1d(t, i, r, i)  # row i of the outputs is column i of r
            if other.size == 0 and room - o >= LANES:
                for i in range(side):
                    for j in range(side):
                        if i < down and j < across:
                            store(y, y0 + i * row + j * col + o, bounded(r[j, i] + b, low, high))
            else:
                for i in range(down):
                    for j in range(across):
                        to = y0 + i * row + j * col + o
                        v = r[j, i] + b
                        if ends.gate:
                            v = v * slope_vector(load_upto(other, to, room - o), ends.gate, ends.slope)
                        elif other.size > 0:
                            v = v + load_upto(other, to, room - o)
                        store_upto(y, to, bounded(v, low, high), room - o)

    @inner
    def write_tiles(m, first, last, y, panel, bias, other, shape, ends):
        """Planes of the tiles first, …, last - 1 of one panel, transformed back, and what follows the sums."""
        (OH, OW, O, y_step, rate), o = shape, panel * block
        for t in range(first, last):
            n, phase, i, j = tile_at(t, OH, OW, rate, side)
            base, row, col, h, w = phase_of(phase, n, OH, OW, y_step, rate)
            transform_output(m, (t - first) * 36 * block, block, y, base + i * row + j * col + o, row, col,
                             min(side, h - i), min(side, w - j), O - o, bias, o, other, ends)  # fmt: skip
            if ends.later:
                for p in range(i, min(i + side, h)):
                    for q in range(j, min(j + side, w)):
                        activate_later(y, base + p * row + q * col + o, min(block, O - o), ends.later, ends.slope)

    return product, write_tiles


@cache  # two names may mean one shape: then they share its kernel
def _make(form: Form, shape: TileShape) -> Any:
    side, taps = form
    rows, vecs = shape
    block = shape.block
    product, write_tiles = make_steps(form, shape)

    @inner
    def winograd_task(x, u, bias, other, y, scratch, sizes, ends, worker, task):
        """Some tiles, some panels of output channels."""
        H, W, C, OH, OW, O, y_step, pad_top, pad_left, rate, tiles, per_task, panels, panels_per_task, chunks = sizes
        plane = apart(C)
        step = 36 * plane + LANES  # of a tile: rows of a product a power of two apart would share cache lines
        v, m = scratch[worker, : per_task * step], scratch[worker, per_task * step :]
        part, chunk = task // chunks, task % chunks  # neighbours, mostly one thread's, meet the same filters
        first, last = chunk * per_task, min(tiles, chunk * per_task + per_task)
        first_panel, last_panel = part * panels_per_task, min((part + 1) * panels_per_task, panels)
        for t in range(first, last):
            n, phase, i, j = tile_at(t, OH, OW, rate, side)
            base, row, col, h, w = phase_of(phase, n, H, W, C, rate)
            transform_input(x, base, row, col, h, w, i - pad_top, j - pad_left, C, v, (t - first) * step, plane, 1)
        for panel in range(first_panel, last_panel):
            for e in range(36):
                if panel == first_panel and C <= FETCHES and rate == 1:  # soon written, or read by the next task
                    for t in range(first + e * (last - first) // 36, first + (e + 1) * (last - first) // 36):
                        n, _, i, j = tile_at(t, OH, OW, 1, side)
                        fetch_patch(y, n * OH * OW * y_step, OH, OW, i, j, y_step, side)
                        n, _, i, j = tile_at(t + per_task, OH, OW, 1, side)
                        fetch_patch(x, n * H * W * C, H, W, i - pad_top + taps - 1, j - pad_left + taps - 1, C, side)
                u0 = (panel * 36 + e) * apart(C * block)
                for t in range(0, last - first, rows):
                    product(v, t * step + e * plane, step, last - first - t - 1, C, u, u0,
                            m, (t * 36 + e) * block, True)  # fmt: skip
            write_tiles(m, first, last, y, panel, bias, other, (OH, OW, O, y_step, rate), ends)

    @kernel(name=f"winograd {taps}x{taps} {rows}x{vecs}")
    def winograd(x, u, bias, other, y, scratch, sizes, ends):
        panels, panels_per_task, chunks = sizes[12:15]
        tasks = chunks * ((panels + panels_per_task - 1) // panels_per_task)
        parallel_for(winograd_task, tasks, (x, u, bias, other, y, scratch, sizes, ends))

    return winograd


KERNELS = {
    (form, shape): _make(form, shape)
    for form in schedule.FORMS.values()
    for shape in (schedule.WINOGRAD, schedule.WINOGRAD_NARROW)
}


def winograd(
    x: Host,
    u: Host,
    y: Host,
    taps: int,
    pad_top: int,
    pad_left: int,
    rate: int = 1,
    *,
    bias: Host | None = None,
    residual: Host | None = None,
    gate: Host | None = None,
    activation: Activation = IDENTITY,
) -> None:
    """y (N, OH, OW, O) from x (N, H, W, C) and filters u from `transform_filters`; a negative pad crops.

    Without residual and gate y may be some channels of an array.

    taps: of a row of the filters.   rate: how far apart they lie; pads count pixels that lie so far apart.
    With a `gate` of the shape of y the sums are multiplied by act'(gate) instead.
    """
    N, H, W, C = x.shape
    _, OH, OW, O = y.shape
    form, shape = schedule.FORMS[taps], schedule.winograd_tile(O)
    other = residual if gate is None else gate
    tiles, panels = N * schedule.winograd_tiles(OH, OW, rate, form), -(-O // shape.block)
    per_task, panels_per_task = schedule.cut_winograd(tiles, panels, C)
    chunks = -(-tiles // per_task)
    floats, y_step = buffers.pixels(y)
    KERNELS[form, shape](
        x.reshape(-1),
        u,
        bias_of(bias, O),
        NOTHING if other is None else other.reshape(-1),
        floats,
        buffers.empty((threads.workers(), per_task * (36 * (apart(C) + shape.block) + LANES))),
        (H, W, C, OH, OW, O, y_step, pad_top, pad_left, rate, tiles, per_task, panels, panels_per_task, chunks),
        bounds(activation) if gate is None else gate_of(activation),
    )
