"""Winograd F(4x4, 3x3): 3x3 convolution with stride 1 in a quarter of the products. Also its gradient by the images.

Dilated filters too: taps `rate` pixels apart see rate² images of such pixels, each without dilation (`tile_at`).

A task takes some tiles of 4x4 outputs: transform their 6x6 input patches, multiply the 36 planes by the transformed
filters, transform back. Between the steps everything stays in the worker's scratch, in its second-level cache.

Results err up to twice as much as plain sums. A NaN or an infinity in x, which a plain sum hands to the 3x3 outputs
that read it, becomes NaN in up to 5x5 outputs, for those of a tile share its products. With precision "exact"
(schedule/) convolutions do not come here.
"""

from functools import cache
from typing import Any

from cnnkit.kernels.cpu.conv import schedule
from cnnkit.kernels.cpu.conv.schedule import TileShape
from cnnkit.kernels.cpu.conv.winograd.transforms import (
    fetch_patch,
    filter_1d,
    output_1d,
    phase_of,
    tile_at,
    transform_input,
)
from cnnkit.kernels.cpu.elementwise.activation import slope_vector
from cnnkit.kernels.cpu.epilogue import NOTHING, activate_later, bounded, bounds, gate_of, padded_bias
from cnnkit.kernels.cpu.machine import buffers, threads
from cnnkit.kernels.cpu.machine.jit import inlined, inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.partial import load_upto, store_upto
from cnnkit.kernels.cpu.simd.vector import LANES, fill, fma, load, splat, store, stream, tile, zero
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.scalar import IDENTITY, Activation

FETCHES = schedule.WINOGRAD_FETCHES


@cache  # two names may mean one shape: then they share its kernel
def _make(shape: TileShape) -> Any:
    rows, vecs = shape
    block = shape.block

    @inner
    def product(v, a, step, last, C, u, u0, m, m0):
        """One plane: m[rows, block] = v[rows, C] · u[C, block]; rows beyond `last` repeat it."""
        acc = tile(rows, vecs)
        for i in range(rows):
            for j in range(vecs):
                acc[i, j] = zero()
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
        t, r = tile(4, 6), tile(4, 4)
        low, high = fill(ends.low), fill(ends.high)
        for o in range(0, min(block, room), LANES):
            for j in range(6):
                p = m0 + j * plane + o
                t[0, j], t[1, j], t[2, j], t[3, j] = output_1d(
                    load(m, p),
                    load(m, p + 6 * plane),
                    load(m, p + 12 * plane),
                    load(m, p + 18 * plane),
                    load(m, p + 24 * plane),
                    load(m, p + 30 * plane),
                )
            b = load(bias, b0 + o)
            for i in range(4):
                r[i, 0], r[i, 1], r[i, 2], r[i, 3] = output_1d(t[i, 0], t[i, 1], t[i, 2], t[i, 3], t[i, 4], t[i, 5])
            if other.size == 0 and room - o >= LANES:
                for i in range(4):
                    for j in range(4):
                        if i < down and j < across:
                            store(y, y0 + i * row + j * col + o, bounded(r[i, j] + b, low, high))
            else:
                for i in range(down):
                    for j in range(across):
                        to = y0 + i * row + j * col + o
                        v = r[i, j] + b
                        if ends.gate:
                            v = v * slope_vector(load_upto(other, to, room - o), ends.gate, ends.slope)
                        elif other.size > 0:
                            v = v + load_upto(other, to, room - o)
                        store_upto(y, to, bounded(v, low, high), room - o)

    @inner
    def winograd_task(x, u, bias, other, y, scratch, sizes, ends, worker, task):
        """Some tiles, some panels of output channels."""
        H, W, C, OH, OW, O, pad_top, pad_left, rate, tiles, per_task, panels, panels_per_task, parts = sizes
        step = 36 * C + LANES  # of a tile's planes: rows of a product a power of two apart would share cache lines
        v, m = scratch[worker, : per_task * step], scratch[worker, per_task * step :]
        part, chunk = task % parts, task // parts
        first, last = chunk * per_task, min(tiles, chunk * per_task + per_task)
        first_panel, last_panel = part * panels_per_task, min((part + 1) * panels_per_task, panels)
        for t in range(first, last):
            n, phase, i, j = tile_at(t, OH, OW, rate)
            base, row, col, h, w = phase_of(phase, n, H, W, C, rate)
            transform_input(x, base, row, col, h, w, i - pad_top, j - pad_left, C, v, (t - first) * step, C, 1)
        for panel in range(first_panel, last_panel):
            o = panel * block
            for e in range(36):
                if panel == first_panel and C <= FETCHES and rate == 1:  # soon written, or read by the next task
                    for t in range(first + e * (last - first) // 36, first + (e + 1) * (last - first) // 36):
                        n, _, i, j = tile_at(t, OH, OW, 1)
                        fetch_patch(y, n * OH * OW * O, OH, OW, i, j, O)
                        n, _, i, j = tile_at(t + per_task, OH, OW, 1)
                        fetch_patch(x, n * H * W * C, H, W, i - pad_top + 2, j - pad_left + 2, C)
                u0 = (panel * 36 + e) * C * block
                for t in range(0, last - first, rows):
                    product(v, t * step + e * C, step, last - first - t - 1, C, u, u0, m, (t * 36 + e) * block)
            for t in range(first, last):
                n, phase, i, j = tile_at(t, OH, OW, rate)
                base, row, col, h, w = phase_of(phase, n, OH, OW, O, rate)
                transform_output(m, (t - first) * 36 * block, block, y, base + i * row + j * col + o, row, col,
                                 min(4, h - i), min(4, w - j), O - o, bias, o, other, ends)  # fmt: skip
        if ends.later:
            o, count = first_panel * block, min(O, last_panel * block) - first_panel * block
            for t in range(first, last):
                n, phase, i, j = tile_at(t, OH, OW, rate)
                base, row, col, h, w = phase_of(phase, n, OH, OW, O, rate)
                for p in range(i, min(i + 4, h)):
                    for q in range(j, min(j + 4, w)):
                        activate_later(y, base + p * row + q * col + o, count, ends.later, ends.slope)

    @kernel(name=f"winograd {rows}x{vecs}")
    def winograd(x, u, bias, other, y, scratch, sizes, ends):
        tiles, per_task, parts = sizes[9], sizes[10], sizes[13]
        tasks = (tiles + per_task - 1) // per_task * parts
        parallel_for(winograd_task, tasks, (x, u, bias, other, y, scratch, sizes, ends))

    return winograd


KERNELS = {shape: _make(shape) for shape in (schedule.WINOGRAD, schedule.WINOGRAD_NARROW)}


def winograd(
    x: Host,
    u: Host,
    y: Host,
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

    rate: how far apart the taps lie; pads count pixels that lie so far apart.
    With a `gate` of the shape of y the sums are multiplied by act'(gate) instead.
    """
    N, H, W, C = x.shape
    _, OH, OW, O = y.shape
    shape = schedule.winograd_tile(O)
    other = residual if gate is None else gate
    tiles, panels = N * schedule.winograd_tiles(OH, OW, rate), -(-O // shape.block)
    per_task, panels_per_task = schedule.cut_winograd(tiles, panels, C)
    parts = -(-panels // panels_per_task)
    KERNELS[shape](
        x.reshape(-1),
        u,
        padded_bias(bias, 1, O, shape.block),
        NOTHING if other is None else other.reshape(-1),
        y.reshape(-1),
        buffers.empty((threads.workers(), per_task * (36 * (C + shape.block) + LANES))),
        (H, W, C, OH, OW, O, pad_top, pad_left, rate, tiles, per_task, panels, panels_per_task, parts),
        bounds(activation) if gate is None else gate_of(activation),
    )


def transform_filters(packed: Host, rows: int, cols: int, block: int) -> Host:
    """Nine taps in panels of `block` columns (packing.py) -> 36 planes in such panels: (panels, 36, rows, block)."""
    panels = -(-cols // block)
    u = buffers.empty(panels * 36 * rows * block)
    # A vector fills a line: planes that no cache holds are written past it, and no line is read before.
    streamed = int(4 * LANES == buffers.LINE and schedule.stream(u.size, block))
    filter_kernel(packed, u, rows, panels, block, streamed)
    return u


@inlined
def write(u, i, v, streamed):
    """A vector, past the caches if `streamed`."""
    if streamed:
        stream(u, i, v)
    else:
        store(u, i, v)


@inner
def filter_task(packed, u, rows, block, streamed, worker, task):
    """U = G g Gᵀ for one row of one panel."""
    panel, c = task // rows, task % rows
    t = tile(6, 3)
    tap, plane = rows * block, rows * block
    for o in range(0, block, LANES):
        p = panel * 9 * tap + c * block + o
        for j in range(3):
            t[0, j], t[1, j], t[2, j], t[3, j], t[4, j], t[5, j] = filter_1d(
                load(packed, p + j * tap), load(packed, p + (3 + j) * tap), load(packed, p + (6 + j) * tap)
            )
        q = panel * 36 * plane + c * block + o
        for i in range(6):
            r0, r1, r2, r3, r4, r5 = filter_1d(t[i, 0], t[i, 1], t[i, 2])
            write(u, q + 6 * i * plane, r0, streamed)
            write(u, q + (6 * i + 1) * plane, r1, streamed)
            write(u, q + (6 * i + 2) * plane, r2, streamed)
            write(u, q + (6 * i + 3) * plane, r3, streamed)
            write(u, q + (6 * i + 4) * plane, r4, streamed)
            write(u, q + (6 * i + 5) * plane, r5, streamed)


@kernel(name="winograd filters")
def filter_kernel(packed, u, rows, panels, block, streamed):
    parallel_for(filter_task, panels * rows, (packed, u, rows, block, streamed))
