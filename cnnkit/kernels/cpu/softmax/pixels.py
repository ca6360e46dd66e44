"""Softmax and cross-entropy of many rows of few classes, as maps of labels have them: a lane for each row (a pixel).

A row of 2 or 11 classes fills no vector, and its sum would be taken across lanes. So LANES rows are turned about their
diagonal: then each vector holds one class of LANES pixels, and maximum, exponentials, sum and logarithm are ordinary
arithmetic. The scores are turned back before they are stored.

A store of a whole vector at the end of a row spoils the beginning of the next ones, which are written after it; only
the last rows of a task end in masked stores, for what follows belongs to another.
"""

import numpy as np

from cnnkit.kernels.cpu.machine import threads
from cnnkit.kernels.cpu.machine.buffers import empty
from cnnkit.kernels.cpu.machine.jit import inlined, inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.math import vexp_down, vlog1p
from cnnkit.kernels.cpu.simd.vector import (
    LANES,
    fill,
    fma,
    load,
    load_first,
    select_equal,
    store,
    store_first,
    tile,
    transpose,
    vmax,
    zero,
)
from cnnkit.kernels.shared.array import Host

F = np.float32
# Floats of logits that a task reads.
TASK_FLOATS = 16384
LOWEST, ONE = F(-np.inf), F(1)


@inlined
def load_within(x, i, count, end):
    """At least `count` floats from x[i] on: a whole vector, also beyond the row, where x goes on before `end`."""
    return load(x, i) if i + LANES <= end else load_first(x, i, count)


@inlined
def store_within(y, i, v, count, end):
    """`count` floats to y[i] on, and where the task owns what follows up to `end`, the whole vector."""
    if i + LANES <= end:
        store(y, i, v)
    else:
        store_first(y, i, v, count)


@inner
def turn_in(x, first, rows, K, turned):
    """turned[k·LANES + lane] = x[first + lane·K + k] for `rows` rows; returns the greatest of each."""
    t, best = tile(LANES, 1), fill(LOWEST)
    for block in range(0, K, LANES):
        for lane in range(LANES):
            row = first + lane * K + block
            t[lane, 0] = load_within(x, row, K - block, len(x)) if lane < rows else zero()
        transpose(t)
        for k in range(LANES):
            if block + k < K:
                best = vmax(best, t[k, 0])
                store(turned, (block + k) * LANES, t[k, 0])
    return best


@inner
def turn_out(turned, scale, y, first, rows, K, end):
    """y[first + lane·K + k] = turned[k·LANES + lane] · scale[lane]; the end of the rows first, their beginning last."""
    t = tile(LANES, 1)
    last = (K - 1) // LANES * LANES
    for step in range(0, K, LANES):
        block = last if step == 0 else step - LANES
        for k in range(LANES):
            t[k, 0] = load(turned, (block + k) * LANES) * scale if block + k < K else zero()
        transpose(t)
        for lane in range(LANES):
            if lane < rows:
                store_within(y, first + lane * K + block, t[lane, 0], K - block, end)


@inner
def softmax_pixels_task(x, y, scratch, K, per_task, pixels, worker, task):
    turned = scratch[worker * K * LANES : (worker + 1) * K * LANES]
    end = min(pixels, (task + 1) * per_task)
    for p in range(task * per_task, end, LANES):
        rows = min(LANES, end - p)
        best, total = turn_in(x, p * K, rows, K, turned), zero()
        for k in range(K):
            power = vexp_down(load(turned, k * LANES) - best)
            total = total + power
            store(turned, k * LANES, power)
        turn_out(turned, fill(ONE) / total, y, p * K, rows, K, end * K)


@kernel
def softmax_pixels_kernel(x, y, scratch, K, per_task, pixels, tasks):
    parallel_for(softmax_pixels_task, tasks, (x, y, scratch, K, per_task, pixels))


@inner
def pixels_task(logits, labels, hard, share, spread, ignore, losses, scores, scratch, K, per_task, worker, task):
    turned = scratch[worker * (K + 3) * LANES : (worker + 1) * (K + 3) * LANES]
    bests, logs, smooth = K * LANES, (K + 1) * LANES, (K + 2) * LANES
    end = min(len(labels), (task + 1) * per_task)
    for p in range(task * per_task, end, LANES):
        rows = min(LANES, end - p)
        best = turn_in(logits, p * K, rows, K, turned)
        # The greatest is e^0 = 1 and left out of the sum: so log(1 + others) keeps what a certain answer still doubts.
        others, greatest, spread_sum = zero(), zero(), zero()
        for k in range(K):
            below = load(turned, k * LANES) - best
            power = vexp_down(below)
            others = others + select_equal(below, zero(), zero(), power)
            greatest = greatest + select_equal(below, zero(), fill(ONE), zero())
            if share[k] > 0:
                spread_sum = fma(fill(share[k]), below, spread_sum)
            store(turned, k * LANES, power)
        others = others + (greatest - fill(ONE))
        log_sum = vlog1p(others)
        store(turned, bests, best)
        store(turned, logs, log_sum)
        store(turned, smooth, fill(spread) * log_sum - spread_sum)
        for lane in range(rows):
            label, loss = np.int64(labels[p + lane]), F(0)
            if label != ignore:
                loss = turned[smooth + lane]
                if hard[label] > 0:
                    below_best = logits[(p + lane) * K + label] - turned[bests + lane]
                    loss += hard[label] * (turned[logs + lane] - below_best)
            losses[p + lane] = loss
        turn_out(turned, fill(ONE) / (fill(ONE) + others), scores, p * K, rows, K, end * K)


@kernel
def pixels_kernel(logits, labels, hard, share, spread, ignore, losses, scores, scratch, K, per_task, tasks):
    args = logits, labels, hard, share, spread, ignore, losses, scores, scratch, K, per_task
    parallel_for(pixels_task, tasks, args)


@inner
def pixels_dx_task(scores, labels, dlosses, hard, share, spread, ignore, dlogits, K, per_task, worker, task):
    end = min(len(labels), (task + 1) * per_task)
    for p in range(task * per_task, end):
        label, first = np.int64(labels[p]), p * K
        counts = label != ignore
        dloss = dlosses[p] if counts else F(0)
        weight = hard[label] + spread if counts else F(0)
        for k in range(0, K, LANES):
            v = load_within(scores, first + k, K - k, len(scores)) * fill(weight) - load(share, k)
            v = v * fill(dloss) if counts else zero()
            store_within(dlogits, first + k, v, K - k, end * K)
        if counts:
            at = first + label
            dlogits[at] = dloss * (scores[at] * weight - share[label] - hard[label])


@kernel
def pixels_dx_kernel(scores, labels, dlosses, hard, share, spread, ignore, dlogits, K, per_task, tasks):
    args = scores, labels, dlosses, hard, share, spread, ignore, dlogits, K, per_task
    parallel_for(pixels_dx_task, tasks, args)


def scratch_of(rows: int) -> Host:
    """So many vectors for each worker."""
    return empty(threads.workers() * rows * LANES)


def cut(count: int, K: int) -> tuple[int, int]:
    """(pixels of one task, tasks); whole vectors of pixels."""
    per_task = max(1, TASK_FLOATS // (max(K, 1) * LANES)) * LANES
    return per_task, -(-count // per_task)
