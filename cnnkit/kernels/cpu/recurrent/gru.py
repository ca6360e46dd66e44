"""The gated recurrent unit over rows or columns of images.

What the input adds to the gates of all steps is one convolution, made before. Left is a step that must wait for the one
before: the states of some sequences times the recurrent weights. The sums of all three gates of LANES units are in
registers together, and from them the gates and the new state are computed before the next units have their turn.
"""

from cnnkit.kernels.cpu.machine import threads
from cnnkit.kernels.cpu.machine.buffers import contiguous, empty, flat, result
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.recurrent.rows import (
    GATES,
    ROWS,
    add_three_products,
    first_cells,
    gate_panels,
    moment,
    sizes_of,
    tasks_of,
)
from cnnkit.kernels.cpu.simd.math import vsigmoid, vtanh
from cnnkit.kernels.cpu.simd.partial import load_upto, store_upto
from cnnkit.kernels.cpu.simd.vector import LANES, fma, load, store, tile, zero
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.out import Outs, outs


@inner
def sum_gates(y, panels, bias, cells, before, first, U, j, sums):
    """sums[i, gate] = bias + the state of sequence i times the weights of LANES units; no state at the first step."""
    acc, b0 = tile(ROWS, GATES), j * GATES * LANES
    for i in range(ROWS):
        for g in range(GATES):
            acc[i, g] = load(bias, b0 + g * LANES)
    if not first:
        add_three_products(acc, y, cells, before, U, panels, b0 * U, LANES, GATES * LANES)
    for i in range(ROWS):
        for g in range(GATES):
            store(sums, (i * GATES + g) * LANES, acc[i, g])


@inner
def step(p, sums, y, gates, now, before, first, U, u, keep):
    """The new state of one sequence's units u to u + LANES, from cell `before` to cell `now`."""
    room, at = U - u, now * GATES * U + u
    r = vsigmoid(load_upto(p, at, room) + load(sums, 0))
    z = vsigmoid(load_upto(p, at + U, room) + load(sums, LANES))
    q = load(sums, 2 * LANES)
    n = vtanh(fma(r, q, load_upto(p, at + 2 * U, room)))
    h = zero() if first else load_upto(y, before * U + u, room)
    store_upto(y, now * U + u, fma(z, h - n, n), room)
    if keep:
        to = now * (GATES + 1) * U + u
        store_upto(gates, to, r, room)
        store_upto(gates, to + U, z, room)
        store_upto(gates, to + 2 * U, n, room)
        store_upto(gates, to + 3 * U, q, room)


@inner
def gru_task(p, panels, bias, y, gates, cells, scratch, sizes, keep, worker, task):
    U, vectors = sizes.U, sizes.vectors
    own, sums = cells[worker], scratch[worker]
    d, count = first_cells(own, task, sizes)
    for turn in range(sizes.T):
        now, before = moment(turn, d, sizes), moment(turn - 1, d, sizes)
        for j in range(vectors):
            sum_gates(y, panels, bias, own, before, turn == 0, U, d * vectors + j, sums)
            for i in range(count):
                ours = sums[i * GATES * LANES :]
                step(p, ours, y, gates, own[i] + now, own[i] + before, turn == 0, U, j * LANES, keep)


@kernel
def gru_kernel(p, panels, bias, y, gates, cells, scratch, sizes, keep, tasks):
    parallel_for(gru_task, tasks, (p, panels, bias, y, gates, cells, scratch, sizes, keep))


def gru(
    p: Host, u: Host, b: Host, axis: int, *, keep: bool = False, out: Outs | None = None
) -> tuple[Host, Host | None]:
    """The states (N, H, W, D·U), and the gates (N, H, W, D·4·U) that the gradient needs where `keep` asks for them."""
    D, U, _ = u.shape
    into, into_gates = outs(out, 2)
    y = result((*p.shape[:3], D * U), into)
    gates = result((*p.shape[:3], D * (GATES + 1) * U), into_gates) if keep else None
    if y.size:
        sizes, workers = sizes_of(p.shape, D, U, axis), threads.workers()
        gru_kernel(
            flat(p),
            gate_panels(contiguous(u), sizes),
            gate_panels(contiguous(b), sizes),
            y.reshape(-1),
            empty(0) if gates is None else gates.reshape(-1),
            empty((workers, ROWS), "int64"),
            empty((workers, ROWS * GATES * LANES)),
            sizes,
            keep,
            tasks_of(sizes),
        )
    return y, gates
