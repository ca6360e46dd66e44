"""Winograd, the gradient by the filters:  dw = Gᵀ [ Σ tiles (Bᵀ d B) ⊙ (A dy Aᵀ) ] G.

Two ways to cut the sum over tiles, both fixed by the shape:
- few channels: the tiles in GROUPS shares. A worker transforms some tiles into its scratch and multiplies them at once;
  each share has its own 36·C·O sums, added in order at the end.
- many channels: rounds. All threads transform a round's tiles, then each takes planes of the one sum.

Beside the 36 planes of A dy Aᵀ lies one more, number SUMS, with the sum of each tile's pixels: added up over the
tiles it is the gradient of a bias.
"""

from functools import cache
from typing import Any

import numpy as np

from cnnkit.kernels.cpu.conv import schedule
from cnnkit.kernels.cpu.conv.schedule import Form, TileShape
from cnnkit.kernels.cpu.conv.winograd.filters import FINISH
from cnnkit.kernels.cpu.conv.winograd.patches import (
    apart,
    fetch_patch,
    make_transform_grad,
    phase_of,
    tile_at,
    transform_input,
)
from cnnkit.kernels.cpu.epilogue import NOTHING
from cnnkit.kernels.cpu.machine import buffers, threads
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.steps import by_numpy
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.vector import LANES, fma, load, splat, store, tile, zero
from cnnkit.kernels.cpu.sums import add_rows, add_shares
from cnnkit.kernels.shared.array import Host

ROWS, BLOCK = schedule.WINOGRAD_DW.rows, schedule.WINOGRAD_DW.block  # of rounds
SUMS = 36
TOGETHER = 12  # tiles of one transforming task: with one tile a task, threads fought over cache lines at half the speed


def winograd_dw(x: Host, dy: Host, dw: Host, db: Host | None, pad_top: int, pad_left: int, rate: int = 1) -> None:
    """Fill dw (taps, taps, C, O) and db (O,) from x (N, H, W, C) and dy (N, OH, OW, O); pads, rate as in `winograd`."""
    N, H, W, C = x.shape
    _, OH, OW, O = dy.shape
    form = schedule.FORMS[dw.shape[0]]
    tiles = N * schedule.winograd_tiles(OH, OW, rate, form)
    if tiles == 0:
        by_numpy(np.ndarray.fill, dw, 0.0)
        if db is not None:
            by_numpy(np.ndarray.fill, db, 0.0)
        return
    rounds = schedule.winograd_dw_round(C, O)
    shape = schedule.winograd_dw_tile(O)
    rows, cols = -(-C // shape.rows) * shape.rows, -(-O // shape.block) * shape.block
    sizes = (H, W, C, OH, OW, O, pad_top, pad_left, tiles, rate)
    groups = 1 if rounds else schedule.WINOGRAD_DW_GROUPS
    du = buffers.empty(groups * 36 * rows * cols)
    bias_sums = NOTHING if db is None else db if groups == 1 else buffers.empty(groups * O)
    if rounds:
        v, m = buffers.empty(36 * apart(rounds * C)), buffers.empty((SUMS + 1) * apart(rounds * O))
        ROUNDS[form](x.reshape(-1), dy.reshape(-1), v, m, du, bias_sums, sizes, rounds)
    else:
        per_block = schedule.WINOGRAD_DW_TILES
        scratch = buffers.empty(
            (threads.workers(), 36 * apart(per_block * rows) + (SUMS + 1) * apart(per_block * cols))
        )
        if (rows, cols) != (C, O):  # what lies beyond C and O is multiplied too; its sums are never read
            by_numpy(np.ndarray.fill, scratch, 0.0)
        GROUPS[form, shape](
            x.reshape(-1), dy.reshape(-1), du, bias_sums, scratch, sizes, (groups, per_block, rows, cols)
        )
    FINISH[form](du, dw.reshape(-1), C, O, rows, cols, groups)
    if db is not None and groups > 1:
        add_shares(bias_sums, db, O, groups)


@cache  # two names may mean one shape: then they share its kernel
def _make_product(shape: TileShape) -> Any:
    rows, vecs = shape

    @inner
    def outer_product(a, a0, a_step, b, b0, b_step, b_vec, count, d, d0, d_step, first):
        """d[rows, block] += a[count, rows]ᵀ · b[count, block]; `first` overwrites d.

        Summed from zero and then added: a chain over all tiles of a batch would err twice as much.
        """
        acc = tile(rows, vecs)
        for i in range(rows):
            for v in range(vecs):
                acc[i, v] = zero()
        for p in range(count):
            for i in range(rows):
                s = splat(a, a0 + p * a_step + i)
                for v in range(vecs):
                    acc[i, v] = fma(s, load(b, b0 + v * b_vec + p * b_step), acc[i, v])
        for i in range(rows):
            for v in range(vecs):
                to = d0 + i * d_step + LANES * v
                store(d, to, acc[i, v] if first else load(d, to) + acc[i, v])

    return outer_product


@cache
def _make_transform_tile(form: Form) -> Any:
    side = form.outputs
    transform_grad = make_transform_grad(form)

    @inner
    def transform_tile(x, dy, sizes, t, v, v0, v_plane, m, m0, m_plane, spread):
        """Tile number t: its patches of x and dy, transformed."""
        H, W, C, OH, OW, O, pad_top, pad_left, _, rate = sizes
        n, phase, i, j = tile_at(t, OH, OW, rate, side)
        base, row, col, h, w = phase_of(phase, n, H, W, C, rate)
        transform_input(x, base, row, col, h, w, i - pad_top, j - pad_left, C, v, v0, v_plane, spread)
        base, row, col, h, w = phase_of(phase, n, OH, OW, O, rate)
        transform_grad(dy, base, row, col, h, w, i, j, O, m, m0, m_plane, spread)

    return transform_tile


@cache
def _make_groups(form: Form, shape: TileShape) -> Any:
    side, taps = form
    shape_rows, block = shape.rows, shape.block
    waits = shape.vecs == 1  # few channels: products are soon done, and memory would be waited for
    outer_product, transform_tile = _make_product(shape), _make_transform_tile(form)

    @inner
    def fetch_tile(x, dy, sizes, t):
        """Ask for the lines that transform_tile will read of tile t and that its neighbours did not."""
        H, W, C, OH, OW, O, pad_top, pad_left, _, _ = sizes
        n, _, i, j = tile_at(t, OH, OW, 1, side)
        fetch_patch(x, n * H * W * C, H, W, i - pad_top + taps - 1, j - pad_left + taps - 1, C, side)
        fetch_patch(dy, n * OH * OW * O, OH, OW, i, j, O, side)

    @inner
    def group_task(x, dy, du, bias_sums, scratch, sizes, cut, worker, task):
        """One share of the tiles."""
        groups, per_block, rows, cols = cut
        O, tiles = sizes[5], sizes[8]
        v_plane, m_plane = apart(per_block * rows), apart(per_block * cols)
        v, m = scratch[worker, : 36 * v_plane], scratch[worker, 36 * v_plane :]
        begin, end = tiles * task // groups, tiles * (task + 1) // groups
        for first in range(begin, max(end, begin + 1), per_block):
            count = min(end - first, per_block)
            for q in range(count):
                transform_tile(x, dy, sizes, first + q, v, q * rows, v_plane, m, q * cols, m_plane, 1)
            if bias_sums.size > 0:
                add_rows(m, SUMS * m_plane, cols, max(count, 0), bias_sums, task * O, O, first == begin)
            for e in range(36):
                if waits and sizes[9] == 1:
                    for t in range(first + count + e * count // 36, first + count + (e + 1) * count // 36):
                        fetch_tile(x, dy, sizes, t)
                for o in range(0, cols, block):
                    for c in range(0, rows, shape_rows):
                        outer_product(v, e * v_plane + c, rows, m, e * m_plane + o, cols, LANES, count,
                                      du, ((task * 36 + e) * rows + c) * cols + o, cols, first == begin)  # fmt: skip

    @kernel(name=f"winograd {taps}x{taps} dw groups {shape.rows}x{shape.vecs}")
    def groups_kernel(x, dy, du, bias_sums, scratch, sizes, cut):
        parallel_for(group_task, cut[0], (x, dy, du, bias_sums, scratch, sizes, cut))

    return groups_kernel


outer_product = _make_product(schedule.WINOGRAD_DW)


@inner
def plane_task(v, m, du, bias_sums, C, O, first, count, worker, task):
    """One plane of the sums, all input channels x BLOCK output channels; behind the planes, those of the bias."""
    blocks = O // BLOCK
    e, o = task // blocks, task % blocks * BLOCK
    if e == SUMS:
        for i in range(o, o + BLOCK, LANES):
            add_rows(m, e * apart(count * O) + i * count, LANES, count, bias_sums, i, LANES, first == 0)
        return
    for c in range(0, C, ROWS):
        a0 = e * apart(count * C) + c // LANES * LANES * count + c % LANES
        outer_product(v, a0, LANES, m, e * apart(count * O) + o * count, LANES, count * LANES, count,
                      du, (e * C + c) * O + o, O, first == 0)  # fmt: skip


@cache
def _make_rounds(form: Form) -> Any:
    transform_tile = _make_transform_tile(form)

    @inner
    def round_task(x, dy, v, m, sizes, first, count, worker, task):
        """TOGETHER tiles of a round -> as many rows of panels of LANES channels, which products read side by side."""
        C, O = sizes[2], sizes[5]
        for q in range(task * TOGETHER, min(count, task * TOGETHER + TOGETHER)):
            transform_tile(
                x, dy, sizes, first + q, v, q * LANES, apart(count * C), m, q * LANES, apart(count * O), count
            )

    @kernel(name=f"winograd {form.taps}x{form.taps} dw rounds")
    def rounds_kernel(x, dy, v, m, du, bias_sums, sizes, per_round):
        C, O, tiles = sizes[2], sizes[5], sizes[8]
        for first in range(0, tiles, per_round):
            count = min(per_round, tiles - first)
            parallel_for(round_task, (count + TOGETHER - 1) // TOGETHER, (x, dy, v, m, sizes, first, count))
            planes = SUMS + 1 if bias_sums.size > 0 else SUMS
            parallel_for(plane_task, planes * (O // BLOCK), (v, m, du, bias_sums, C, O, first, count))

    return rounds_kernel


GROUPS = {
    (form, shape): _make_groups(form, shape)
    for form in schedule.FORMS.values()
    for shape in (schedule.WINOGRAD_DW, schedule.WINOGRAD_DW_THIN)
}
ROUNDS = {form: _make_rounds(form) for form in schedule.FORMS.values()}
