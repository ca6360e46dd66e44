"""The gradient of the gated recurrent unit: through time the other way, from gates that were kept.

A step's gradient by its state is that of its result, and what the next step hands back: `carry`, which waits in the
worker's scratch. Sequences, directions and tasks are those of gru.py.
"""

import numpy as np

from cnnkit.kernels.cpu.machine import threads
from cnnkit.kernels.cpu.machine.buffers import contiguous, empty, flat, result
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.recurrent.rows import (
    GATES,
    ROWS,
    add_products,
    add_three_products,
    first_cells,
    moment,
    sizes_of,
    tasks_of,
    turned_panels,
)
from cnnkit.kernels.cpu.simd.partial import load_upto, store_upto
from cnnkit.kernels.cpu.simd.vector import LANES, fill, load, store, tile, zero
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.out import Outs, outs

ONE = np.float32(1)


@inner
def step_back(dy, y, gates, dp, dq, carry, now, before, first, U, u):
    """The gradients by what made one sequence's units u to u + LANES at cell `now`; z's share of the carry."""
    room, one = U - u, fill(ONE)
    at = now * (GATES + 1) * U + u
    r, z = load_upto(gates, at, room), load_upto(gates, at + U, room)
    n, q = load_upto(gates, at + 2 * U, room), load_upto(gates, at + 3 * U, room)
    h = zero() if first else load_upto(y, before * U + u, room)
    dh = load_upto(dy, now * U + u, room) + load(carry, u)
    dn = dh * (one - z) * (one - n * n)
    dz = dh * (h - n) * z * (one - z)
    dr = dn * q * r * (one - r)
    to = now * GATES * U + u
    store_upto(dp, to, dr, room)
    store_upto(dp, to + U, dz, room)
    store_upto(dp, to + 2 * U, dn, room)
    store_upto(dq, to, dr, room)
    store_upto(dq, to + U, dz, room)
    store_upto(dq, to + 2 * U, dn * r, room)
    store(carry, u, dh * z)


@inner
def carry_back(dq, turned, cells, now, d, sizes, carry):
    """carry[i] += dq at this step · uᵀ: three vectors of units at once, then those that are left."""
    U, vectors = sizes.U, sizes.vectors
    width, length = vectors * LANES, GATES * U * LANES
    whole = vectors - vectors % 3
    for j in range(0, whole, 3):
        acc = tile(ROWS, 3)
        for i in range(ROWS):
            for v in range(3):
                acc[i, v] = load(carry, i * width + (j + v) * LANES)
        add_three_products(acc, dq, cells, now, GATES * U, turned, (d * vectors + j) * length, length, LANES)
        for i in range(ROWS):
            for v in range(3):
                store(carry, i * width + (j + v) * LANES, acc[i, v])
    for j in range(whole, vectors):
        one = tile(ROWS, 1)
        for i in range(ROWS):
            one[i, 0] = load(carry, i * width + j * LANES)
        add_products(one, dq, cells, now, GATES * U, turned, (d * vectors + j) * length, length, LANES)
        for i in range(ROWS):
            store(carry, i * width + j * LANES, one[i, 0])


@inner
def gru_dx_task(dy, y, gates, turned, dp, dq, cells, scratch, sizes, worker, task):
    U, width = sizes.U, sizes.vectors * LANES
    own, carry = cells[worker], scratch[worker]
    d, count = first_cells(own, task, sizes)
    carry[:] = 0
    for back in range(sizes.T):
        turn = sizes.T - 1 - back
        now, before = moment(turn, d, sizes), moment(turn - 1, d, sizes)
        for i in range(count):
            for u in range(0, U, LANES):
                ours = carry[i * width :]
                step_back(dy, y, gates, dp, dq, ours, own[i] + now, own[i] + before, turn == 0, U, u)
        if turn > 0:
            carry_back(dq, turned, own, now, d, sizes, carry)


@kernel
def gru_dx_kernel(dy, y, gates, turned, dp, dq, cells, scratch, sizes, tasks):
    parallel_for(gru_dx_task, tasks, (dy, y, gates, turned, dp, dq, cells, scratch, sizes))


def gru_dx(dy: Host, y: Host, gates: Host, u: Host, axis: int, *, out: Outs | None = None) -> tuple[Host, Host]:
    """(dp, dq): the gradients by p and by the recurrent products, both (N, H, W, D·3·U)."""
    D, U, _ = u.shape
    shape = (*y.shape[:3], D * GATES * U)
    into, into_dq = outs(out, 2)
    dp, dq = result(shape, into), result(shape, into_dq)
    if y.size:
        sizes, workers = sizes_of(y.shape, D, U, axis), threads.workers()
        gru_dx_kernel(
            flat(dy),
            flat(y),
            flat(gates),
            turned_panels(contiguous(u), sizes),
            dp.reshape(-1),
            dq.reshape(-1),
            empty((workers, ROWS), "int64"),
            empty((workers, ROWS * sizes.vectors * LANES)),
            sizes,
            tasks_of(sizes),
        )
    return dp, dq
