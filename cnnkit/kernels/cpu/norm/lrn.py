"""Local response normalisation: every channel divided by a power of how strong its neighbours are."""

import numpy as np

from cnnkit.kernels.cpu.machine.buffers import empty, flat, result
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for, workers
from cnnkit.kernels.cpu.norm.pixels import clear
from cnnkit.kernels.cpu.simd.partial import load_upto, store_upto
from cnnkit.kernels.cpu.simd.vector import LANES, fill, fma, sqrt, zero
from cnnkit.kernels.shared.array import Host

TASK_FLOATS = 16384
F32 = np.float32
ONE = F32(1)


@inner
def powers(s, to, count, quarters, beta):
    """s[to : to + count] to the power -beta; where beta is `quarters` / 4 (else -1), by square roots."""
    if quarters < 0:
        for c in range(to, to + count):
            s[c] = s[c] ** -beta
        return
    for c in range(to, to + count, LANES):
        v = load_upto(s, c, to + count - c)
        half, power = sqrt(v), fill(ONE)
        if quarters & 1:
            power = power * sqrt(half)
        if quarters & 2:
            power = power * half
        for _ in range(quarters // 4):
            power = power * v
        store_upto(s, c, fill(ONE) / power, to + count - c)


@inner
def window_sums(row, start, size, count, factor, k, sums, to):
    """sums[to + c] = k + factor · Σ j < size  row[start + c + j]"""
    for c in range(0, count, LANES):
        total = zero()
        for j in range(size):
            total = total + load_upto(row, start + c + j, count - c)
        store_upto(sums, to + c, fma(total, fill(factor), fill(k)), count - c)


@inner
def lrn_task(x, y, scratch, C, size, factor, beta, quarters, k, per_task, worker, task):
    """Each pixel's squares lie in scratch with zeros around them, so that no window asks where the channels end."""
    squares = worker * 3 * (C + size)
    clear(scratch, squares, C + size)
    for at in range(task * per_task * C, min(len(x), (task + 1) * per_task * C), C):
        for c in range(0, C, LANES):
            v = load_upto(x, at + c, C - c)
            store_upto(scratch, squares + size // 2 + c, v * v, C - c)
        window_sums(scratch, squares, size, C, factor, k, y, at)
        powers(y, at, C, quarters, beta)
        for c in range(0, C, LANES):
            store_upto(y, at + c, load_upto(x, at + c, C - c) * load_upto(y, at + c, C - c), C - c)


@inner
def lrn_dx_task(dy, x, dx, scratch, C, size, factor, beta, quarters, k, per_task, worker, task):
    room = C + size
    padded, strengths, wanted = worker * 3 * room, (worker * 3 + 1) * room, (worker * 3 + 2) * room
    for at in range(task * per_task * C, min(len(x), (task + 1) * per_task * C), C):
        clear(scratch, padded, room)
        for c in range(0, C, LANES):
            v = load_upto(x, at + c, C - c)
            store_upto(scratch, padded + size // 2 + c, v * v, C - c)
        window_sums(scratch, padded, size, C, factor, k, scratch, strengths)
        for c in range(0, C, LANES):
            store_upto(scratch, wanted + c, load_upto(scratch, strengths + c, C - c), C - c)
        powers(scratch, wanted, C, quarters, beta)
        clear(scratch, padded, room)
        for c in range(0, C, LANES):
            left = C - c
            part = load_upto(dy, at + c, left) * load_upto(scratch, wanted + c, left)
            share = part * load_upto(x, at + c, left) / load_upto(scratch, strengths + c, left)
            store_upto(scratch, padded + (size - 1) // 2 + c, share, left)
            store_upto(scratch, wanted + c, part, left)
        window_sums(scratch, padded, size, C, F32(-2) * beta * factor, F32(0), scratch, strengths)
        for c in range(0, C, LANES):
            left = C - c
            part, v = load_upto(scratch, wanted + c, left), load_upto(x, at + c, left)
            store_upto(dx, at + c, fma(v, load_upto(scratch, strengths + c, left), part), left)


@kernel
def lrn_kernel(x, y, scratch, C, size, factor, beta, quarters, k, per_task, tasks):
    parallel_for(lrn_task, tasks, (x, y, scratch, C, size, factor, beta, quarters, k, per_task))


@kernel
def lrn_dx_kernel(dy, x, dx, scratch, C, size, factor, beta, quarters, k, per_task, tasks):
    parallel_for(lrn_dx_task, tasks, (dy, x, dx, scratch, C, size, factor, beta, quarters, k, per_task))


def local_response_norm(x: Host, size: int, alpha: float, beta: float, k: float, *, out: Host | None = None) -> Host:
    """y[c] = x[c] / (k + alpha / size · Σ x²)^beta, the sum over `size` channels around c."""
    y = result(x.shape, out)
    lrn_kernel(flat(x), y.reshape(-1), *_how(x, size, alpha, beta, k))
    return y


def local_response_norm_dx(
    dy: Host, x: Host, size: int, alpha: float, beta: float, k: float, *, out: Host | None = None
) -> Host:
    """dx[j] = dy[j] / s[j]^beta - 2·alpha·beta / size · x[j] · Σ dy[c]·y[c] / s[c] over the c whose s rests on j."""
    dx = result(x.shape, out)
    lrn_dx_kernel(flat(dy), flat(x), dx.reshape(-1), *_how(x, size, alpha, beta, k))
    return dx


def _how(x: Host, size: int, alpha: float, beta: float, k: float) -> tuple[object, ...]:
    C = x.shape[-1]
    quarters = round(4 * beta) if beta > 0 and 4 * beta == round(4 * beta) else -1
    per_task = max(1, TASK_FLOATS // max(C, 1))
    tasks = -(-(x.size // max(C, 1)) // per_task)
    scratch = empty(workers() * 3 * (C + size))
    return scratch, C, size, F32(alpha / size), F32(beta), quarters, F32(k), per_task, tasks
