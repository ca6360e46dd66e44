"""Softmax, log-softmax and cross-entropy over the last axis: one row of classes at a time."""

import math

import numpy as np

from cnnkit.kernels.cpu.machine.buffers import flat, result
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.math import vexp, vexp_down
from cnnkit.kernels.cpu.simd.partial import load_upto, store_upto
from cnnkit.kernels.cpu.simd.vector import (
    LANES,
    fill,
    load,
    load_first,
    reduce_add,
    reduce_max,
    store,
    store_first,
    vmax,
    zero,
)
from cnnkit.kernels.cpu.softmax import pixels
from cnnkit.kernels.shared.array import Host

TASK_FLOATS = 4096
F32 = np.float32
LOWEST = F32(-np.inf)
ADDED = 8 * LANES  # numbers of a row that are added as float32


@inner
def row_maximum(x, first, K):
    """The greatest number of a row; a NaN may be passed over, for it turns the sum of the row into NaN by itself."""
    whole = K - K % LANES
    many = K - K % (4 * LANES)
    a, b, c, d = fill(LOWEST), fill(LOWEST), fill(LOWEST), fill(LOWEST)  # four chains: one waits for each comparison
    for k in range(first, first + many, 4 * LANES):
        a, b = vmax(a, load(x, k)), vmax(b, load(x, k + LANES))
        c, d = vmax(c, load(x, k + 2 * LANES)), vmax(d, load(x, k + 3 * LANES))
    for k in range(first + many, first + whole, LANES):
        a = vmax(a, load(x, k))
    greatest = reduce_max(vmax(vmax(a, b), vmax(c, d)))
    for k in range(first + whole, first + K):
        greatest = x[k] if x[k] > greatest else greatest
    return greatest


@inner
def softmax_row(x, y, first, K):
    """y = e^(x - greatest) / Σ of one row of K; returns (greatest, log Σ e^(x - greatest)) as float64.

    The two are not added up: beside a huge x the logarithm would be lost, and all that a certain answer is still
    uncertain of. So the greatest is taken off x first, then the logarithm.
    """
    greatest = row_maximum(x, first, K)
    whole = K - K % LANES
    total = np.float64(0)
    for begin in range(first, first + whole, ADDED):
        powers = zero()  # of few vectors, then the lanes in float64
        for k in range(begin, min(begin + ADDED, first + whole), LANES):
            power = vexp_down(load(x, k) - fill(greatest))
            store(y, k, power)
            powers = powers + power
        total += reduce_add(powers)
    if whole < K:
        store_first(y, first + whole, vexp_down(load_first(x, first + whole, K - whole) - fill(greatest)), K - whole)
    for k in range(first + whole, first + K):
        total += y[k]
    scale = fill(F32(1 / total))
    for k in range(0, K, LANES):
        store_upto(y, first + k, load_upto(y, first + k, K - k) * scale, K - k)
    return np.float64(greatest), math.log(total)


@inner
def softmax_task(x, y, K, logarithm, per_task, worker, task):
    for first in range(task * per_task * K, min((task + 1) * per_task * K, len(x)), K):
        greatest, log_sum = softmax_row(x, y, first, K)
        if logarithm:
            for k in range(first, first + K):
                y[k] = x[k] - greatest - log_sum


@kernel
def softmax_kernel(x, y, K, logarithm, per_task, tasks):
    parallel_for(softmax_task, tasks, (x, y, K, logarithm, per_task))


@inner
def softmax_dx_task(dy, y, dx, K, logarithm, per_task, worker, task):
    for first in range(task * per_task * K, min((task + 1) * per_task * K, len(y)), K):
        sum_of_row = np.float64(0)
        for k in range(0, K, LANES):
            d = load_upto(dy, first + k, K - k)
            sum_of_row += reduce_add(d if logarithm else d * load_upto(y, first + k, K - k))
        total = fill(F32(sum_of_row))
        for k in range(0, K, LANES):
            d, v = load_upto(dy, first + k, K - k), load_upto(y, first + k, K - k)
            v = d - vexp(v) * total if logarithm else v * (d - total)
            store_upto(dx, first + k, v, K - k)


@kernel
def softmax_dx_kernel(dy, y, dx, K, logarithm, per_task, tasks):
    parallel_for(softmax_dx_task, tasks, (dy, y, dx, K, logarithm, per_task))


@inner
def cross_entropy_task(logits, labels, losses, scores, K, smoothing, per_task, worker, task):
    for n in range(task * per_task, min((task + 1) * per_task, len(labels))):
        greatest, log_sum = softmax_row(logits, scores, n * K, K)
        loss = log_sum - (logits[n * K + labels[n]] - greatest)
        if smoothing > 0:
            total = np.float64(0)
            for k in range(n * K, n * K + K):
                total += log_sum - (logits[k] - greatest)
            loss = (1 - smoothing) * loss + smoothing / K * total
        losses[n] = loss


@kernel
def cross_entropy_kernel(logits, labels, losses, scores, K, smoothing, per_task, tasks):
    parallel_for(cross_entropy_task, tasks, (logits, labels, losses, scores, K, smoothing, per_task))


@inner
def cross_entropy_dx_task(scores, labels, dlosses, dlogits, K, smoothing, per_task, worker, task):
    for n in range(task * per_task, min((task + 1) * per_task, len(labels))):
        for k in range(K):
            target = smoothing / K + (1 - smoothing if k == labels[n] else 0.0)
            dlogits[n * K + k] = dlosses[n] * (scores[n * K + k] - target)


@kernel
def cross_entropy_dx_kernel(scores, labels, dlosses, dlogits, K, smoothing, per_task, tasks):
    parallel_for(cross_entropy_dx_task, tasks, (scores, labels, dlosses, dlogits, K, smoothing, per_task))


def softmax(x: Host, *, out: Host | None = None) -> Host:
    """e^x / Σ e^x over the last axis, from differences to the greatest x; of maps a lane for each pixel."""
    return _softmax(x, False, out)


def softmax_dx(dy: Host, y: Host, *, out: Host | None = None) -> Host:
    """dx[k] = y[k] · (dy[k] - Σ dy[j]·y[j])."""
    return _softmax_dx(dy, y, False, out)


def log_softmax(x: Host, *, out: Host | None = None) -> Host:
    """x - log Σ e^x over the last axis."""
    return _softmax(x, True, out)


def log_softmax_dx(dy: Host, y: Host, *, out: Host | None = None) -> Host:
    """dx[k] = dy[k] - e^y[k] · Σ dy[j]."""
    return _softmax_dx(dy, y, True, out)


def _softmax(x: Host, logarithm: bool, out: Host | None) -> Host:
    y, K = result(x.shape, out), x.shape[-1]
    if x.ndim > 2 and not logarithm:
        per_task, tasks = pixels.cut(x.size // max(K, 1), K)
        pixels.softmax_pixels_kernel(
            flat(x), y.reshape(-1), pixels.scratch_of(K), K, per_task, x.size // max(K, 1), tasks
        )
        return y
    softmax_kernel(flat(x), y.reshape(-1), K, logarithm, *cut(x.size // max(K, 1), K))
    return y


def _softmax_dx(dy: Host, y: Host, logarithm: bool, out: Host | None) -> Host:
    dx, K = result(y.shape, out), y.shape[-1]
    softmax_dx_kernel(flat(dy), flat(y), dx.reshape(-1), K, logarithm, *cut(y.size // max(K, 1), K))
    return dx


def cut(rows: int, K: int) -> tuple[int, int]:
    """(rows of one task, tasks)."""
    per_task = max(1, TASK_FLOATS // max(K, 1))
    return per_task, -(-rows // per_task)
