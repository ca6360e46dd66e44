"""Sums, means and maxima over some axes.

Axes that lie side by side are one, so the operand is (A, R, B), R of which is reduced; otherwise the axes to reduce
are first moved to the end. R is cut into short runs: each is reduced in float32, the runs join in float64, in order.
"""

import math
from typing import NamedTuple

import numpy as np

from cnnkit.kernels.cpu.machine.buffers import empty, flat, result
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.shape.move import permute
from cnnkit.kernels.cpu.simd.partial import load_upto, store_upto
from cnnkit.kernels.cpu.simd.vector import LANES, reduce_add, zero
from cnnkit.kernels.shared.array import Host

SUM, MAX = range(2)
# Elements of a run: neighbours in memory (B = 1), or rows of B.
NEIGHBOURS, ROWS = 1024, 128
# Floats that a task reads, at least.
TASK_FLOATS = 16384


class Sizes(NamedTuple):
    """(A, R, B) with R cut into `runs` of `run`, the last one shorter."""

    A: int
    R: int
    B: int
    runs: int
    run: int


@inner
def greater(v, best):
    """max(v, best), NaN where either is."""
    return v if v > best or v != v else best


@inner
def reduce_run(x, first, count, B, parts, into, op):
    """parts[into : into + B] from `count` rows of B floats at x[first]."""
    if op == MAX:
        for b in range(B):
            best = np.float32(-np.inf)
            for i in range(first + b, first + count * B, B):
                best = greater(x[i], best)
            parts[into + b] = best
    elif B == 1:
        total = zero()
        for i in range(0, count, LANES):
            total = total + load_upto(x, first + i, count - i)
        parts[into] = reduce_add(total)
    else:
        for b in range(0, B, LANES):
            total = zero()
            for i in range(first + b, first + count * B, B):
                total = total + load_upto(x, i, B - b)
            store_upto(parts, into + b, total, B - b)


@inner
def runs_task(x, parts, sizes, per_task, op, worker, task):
    _, R, B, runs, run = sizes
    for part in range(task * per_task, min((task + 1) * per_task, sizes.A * runs)):
        first = part % runs * run
        reduce_run(x, (part // runs * R + first) * B, min(run, R - first), B, parts, part * B, op)


@kernel
def reduce_kernel(x, y, parts, sizes, per_task, op, factor):
    A, _, B, runs, _ = sizes
    parallel_for(runs_task, -(-A * runs // per_task), (x, parts, sizes, per_task, op))
    for a in range(A):
        for b in range(B):
            total = 0.0 if op == SUM else -np.inf
            for i in range(a * runs, (a + 1) * runs):
                v = np.float64(parts[i * B + b])
                total = total + v if op == SUM else greater(v, total)
            y[a * B + b] = total * factor


def sum_over(x: Host, axes: tuple[int, ...], keepdims: bool = False, *, out: Host | None = None) -> Host:
    """The sum over `axes`."""
    return _reduce(x, axes, keepdims, SUM, 1.0, out)


def mean_over(x: Host, axes: tuple[int, ...], keepdims: bool = False, *, out: Host | None = None) -> Host:
    """The mean over `axes`; NaN over no elements."""
    count = math.prod(x.shape[axis] for axis in axes)
    return _reduce(x, axes, keepdims, SUM, 1 / count if count else math.nan, out)


def max_over(x: Host, axes: tuple[int, ...], keepdims: bool = False, *, out: Host | None = None) -> Host:
    """The greatest element over `axes`, NaN where one is NaN."""
    return _reduce(x, axes, keepdims, MAX, 1.0, out)


def _reduce(x: Host, axes: tuple[int, ...], keepdims: bool, op: int, factor: float, out: Host | None) -> Host:
    reduced = sorted(axis % x.ndim for axis in axes)
    kept = [axis for axis in range(x.ndim) if axis not in reduced]
    shape = tuple(1 if axis in reduced else x.shape[axis] for axis in range(x.ndim) if keepdims or axis in kept)
    y = result(shape, out)
    first, last = (reduced[0], reduced[-1] + 1) if reduced else (x.ndim, x.ndim)
    if last - first > len(reduced):
        x, first, last = permute(x, kept + reduced), len(kept), x.ndim
    A, R, B = math.prod(x.shape[:first]), math.prod(x.shape[first:last]), math.prod(x.shape[last:])
    run = NEIGHBOURS if B == 1 else ROWS
    sizes = Sizes(A, R, B, -(-R // run), run)
    per_task = max(1, TASK_FLOATS // max(min(run, R) * B, 1))
    reduce_kernel(flat(x), y.reshape(-1), empty(A * sizes.runs * B), sizes, per_task, op, factor)
    return y
