"""Winograd for few tiles and many filters: each task transforms the filters of its panel for itself.

Transformed filters are four times as large as they were: 38 MB of 512 x 512 of 3x3. Few tiles (of small maps, of small
batches) do not repay their way to memory and back. Here a task takes some channels at a time: it transforms their part
of the images and of the filters and adds their products to planes of sums, all of which stay in its second-level cache.
The sums are those of tiles.py, in the same order, so the bits are too: which of the two is taken may hang on the batch.

Two threads of a Zen 5, four images of 7x7, 512 channels to 512: 3.0 ms become 2.0, by the images 3.3 become 2.1.
"""

from functools import cache
from typing import Any

from cnnkit.kernels.cpu.conv import schedule
from cnnkit.kernels.cpu.conv.schedule import Form, TileShape
from cnnkit.kernels.cpu.conv.winograd.filters import filter_sizes, make_transform_rows
from cnnkit.kernels.cpu.conv.winograd.patches import apart, phase_of, tile_at, transform_input
from cnnkit.kernels.cpu.conv.winograd.tiles import make_steps
from cnnkit.kernels.cpu.epilogue import NOTHING, bias_of, bounds, gate_of
from cnnkit.kernels.cpu.machine import buffers, threads
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.vector import LANES
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.scalar import IDENTITY, Activation

DEPTH = 32  # channels at a time; those of the last turn are fewer than twice as many, and never less than a vector


@cache  # two names may mean one shape: then they share its kernel
def _make(form: Form, shape: TileShape) -> Any:
    side, taps = form
    rows, block = shape.rows, shape.block
    product, write_tiles = make_steps(form, shape)
    transform_rows = make_transform_rows(form)

    @inner
    def fresh_task(x, w, bias, other, y, scratch, sizes, filters, ends, worker, task):
        """All tiles and one panel of output channels."""
        H, W, C, OH, OW, O, y_step, pad_top, pad_left, rate, tiles, places = sizes
        most, own = min(C, 2 * DEPTH - 1), scratch[worker]
        at_u = taps * taps * LANES * block
        at_m = at_u + 36 * apart(most * block)
        at_v = at_m + places * 36 * block
        raw, u, m, v = own[:at_u], own[at_u:at_m], own[at_m:at_v], own[at_v:]
        begin = 0
        while begin < C:
            count = DEPTH if C - begin >= 2 * DEPTH else C - begin
            plane, u_plane = apart(count), apart(count * block)
            step = 36 * plane + LANES  # of a tile
            for t in range(tiles):
                n, phase, i, j = tile_at(t, OH, OW, rate, side)
                base, row, col, h, width = phase_of(phase, n, H, W, C, rate)
                transform_input(x, base + begin, row, col, h, width, i - pad_top, j - pad_left, count,
                                v, t * step, plane, 1)  # fmt: skip
            for c in range(0, count, LANES):
                transform_rows(w, filters, task, begin + c, min(LANES, count - c), raw, u, c * block, u_plane)
            for e in range(36):
                for t in range(0, tiles, rows):
                    product(v, t * step + e * plane, step, tiles - t - 1, count, u, e * u_plane,
                            m, (t * 36 + e) * block, begin == 0)  # fmt: skip
            begin += count
        write_tiles(m, 0, tiles, y, task, bias, other, (OH, OW, O, y_step, rate), ends)

    @kernel(name=f"winograd {taps}x{taps} fresh {rows}x{shape.vecs}")
    def fresh(x, w, bias, other, y, scratch, panels, sizes, filters, ends):
        parallel_for(fresh_task, panels, (x, w, bias, other, y, scratch, sizes, filters, ends))

    return fresh


KERNELS = {
    (form, shape): _make(form, shape)
    for form in schedule.FORMS.values()
    for shape in (schedule.WINOGRAD, schedule.WINOGRAD_NARROW)
}


def winograd_fresh(
    x: Host,
    w: Host,
    y: Host,
    pad_top: int,
    pad_left: int,
    rate: int = 1,
    *,
    turned: bool = False,
    bias: Host | None = None,
    residual: Host | None = None,
    gate: Host | None = None,
    activation: Activation = IDENTITY,
) -> None:
    """`winograd` by filters w (taps, taps, C, O) as they are; turned: those of the way back, x having O channels."""
    N, H, W, C = x.shape
    _, OH, OW, O = y.shape
    form, shape = schedule.FORMS[w.shape[0]], schedule.winograd_tile(O)
    other = residual if gate is None else gate
    tiles, block = N * schedule.winograd_tiles(OH, OW, rate, form), shape.block
    places, most = -(-tiles // shape.rows) * shape.rows, min(C, 2 * DEPTH - 1)
    floats = form.taps**2 * LANES * block + 36 * (apart(most * block) + places * (block + apart(most))) + places * LANES
    y_floats, y_step = buffers.pixels(y)
    KERNELS[form, shape](
        x.reshape(-1),
        w.reshape(-1),
        bias_of(bias, O),
        NOTHING if other is None else other.reshape(-1),
        y_floats,
        buffers.empty((threads.workers(), floats)),
        -(-O // block),
        (H, W, C, OH, OW, O, y_step, pad_top, pad_left, rate, tiles, places),
        filter_sizes(w.shape, turned, block),
        bounds(activation) if gate is None else gate_of(activation),
    )
