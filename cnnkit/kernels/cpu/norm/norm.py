"""Batch normalisation: one pass for the statistics, one that normalises, adds the residual and applies the activation.

A task sums squares of what differs from m, the mean of the first eighth of its pixels. However far the channel lies
from 0, no more than three bits are lost: where m misses the mean by d, that eighth alone adds d²/8 to the variance, so
the mean of (x - m)² is at most eight times the variance. Such sums are float32, of a hundred rows or so; the tasks join
in float64, in their order.
"""

from typing import NamedTuple

import numpy as np

from cnnkit.kernels.cpu.elementwise.chunks import streams
from cnnkit.kernels.cpu.epilogue import NOTHING, activate_later, bounded, bounds
from cnnkit.kernels.cpu.machine.buffers import empty, flat, result, side_by_side
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for, workers
from cnnkit.kernels.cpu.norm.dx import batch_norm_dx
from cnnkit.kernels.cpu.norm.pixels import clear, cut_pixels, fold, place, spread
from cnnkit.kernels.cpu.simd.partial import load_upto, put, store_upto
from cnnkit.kernels.cpu.simd.vector import LANES, fill, fma
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.out import Outs, check_out, outs
from cnnkit.kernels.shared.scalar import IDENTITY, Activation

__all__ = ["batch_norm", "batch_norm_dx", "batch_norm_frozen"]

F32 = np.float32


class Averages(NamedTuple):
    """The running averages of a layer, their shares, and what makes a variance of the batch an unbiased one."""

    mean: Host
    var: Host
    keep: F32
    take: F32
    unbiased: F32


@inner
def sums_task(x, parts, scratch, cut, worker, task):
    """parts[task] = for each channel a number m near its mean, Σ (x - m) and Σ (x - m)² of the task's pixels."""
    first, end, channels = place(cut, task)
    width = channels * cut.together
    means, to = worker * 3 * cut.cols, task * 3 * cut.channels
    sums, squares = means + cut.cols, means + 2 * cut.cols
    clear(scratch, sums, 2 * cut.cols)
    some = -(-cut.rows // 8)
    for at in range(first, min(end, first + some * cut.row), cut.row):
        count = min(width, end - at)
        for i in range(0, count, LANES):
            left = count - i
            total = load_upto(scratch, sums + i, left) + load_upto(x, at + i, left)
            store_upto(scratch, sums + i, total, left)
    fold(scratch, sums, channels, cut.together, parts, to)
    share = fill(F32(1 / pixels_of(cut, task, some)))
    for c in range(0, channels, LANES):
        store_upto(parts, to + c, load_upto(parts, to + c, channels - c) * share, channels - c)
    spread(parts, to, channels, scratch, means, cut.together)
    clear(scratch, sums, cut.cols)
    for at in range(first, end, cut.row):
        count = min(width, end - at)
        for i in range(0, count, LANES):
            left = count - i
            d = load_upto(x, at + i, left) - load_upto(scratch, means + i, left)
            store_upto(scratch, sums + i, load_upto(scratch, sums + i, left) + d, left)
            store_upto(scratch, squares + i, fma(d, d, load_upto(scratch, squares + i, left)), left)
    fold(scratch, sums, channels, cut.together, parts, to + cut.channels)
    fold(scratch, squares, channels, cut.together, parts, to + 2 * cut.channels)


@inner
def pixels_of(cut, task, rows):
    """How many pixels the first `rows` rows of a task hold."""
    first_row = task // cut.blocks * cut.rows
    return (min(cut.size, (first_row + rows) * cut.row) - first_row * cut.row) / cut.C


@inner
def join_task(parts, weight, bias, mean, var, scale, shift, totals, eps, cut, worker, task):
    """Mean and variance of the channels of one block from what its tasks summed, and y = (x - mean)·scale + shift."""
    begin, end, count = task * cut.cols, min((task + 1) * cut.cols, cut.C), cut.size // cut.C
    # Slices, because their indices cannot be negative: with that doubt LLVM makes no vectors of the loops over them.
    centers, squares = totals[begin:end], totals[cut.C + begin : cut.C + end]
    centers[:] = 0
    squares[:] = 0
    for part in range(task, cut.tasks, cut.blocks):
        at, pixels = part * 3 * cut.channels, pixels_of(cut, part, cut.rows)
        means, sums = parts[at:], parts[at + cut.channels :]
        for c in range(len(centers)):
            centers[c] += np.float64(means[c]) * pixels + sums[c]
    for c in range(len(centers)):
        centers[c] /= count
    for part in range(task, cut.tasks, cut.blocks):
        at, pixels = part * 3 * cut.channels, pixels_of(cut, part, cut.rows)
        means, sums, own = parts[at:], parts[at + cut.channels :], parts[at + 2 * cut.channels :]
        for c in range(len(centers)):
            # Σ (x - center)² = Σ (x - m)² + 2 (m - center) Σ (x - m) + pixels · (m - center)²
            off = means[c] - centers[c]
            squares[c] += own[c] + off * (2 * np.float64(sums[c]) + pixels * off)
    for c in range(len(centers)):
        variance = max(squares[c], 0.0) / count
        factor = weight[begin + c] / np.sqrt(variance + eps)
        mean[begin + c] = centers[c]
        var[begin + c] = variance
        scale[begin + c] = factor
        shift[begin + c] = bias[begin + c] - (centers[c] - np.float64(mean[begin + c])) * factor


@inner
def scale_task(x, residual, y, wide, adds, ends, streamed, cut, worker, task):
    """y = act((x - wide[0])·wide[1] + wide[2] + residual), the three being as long as a row of x.

    The last task comes first: what was read last for the sums is still in the cache.
    """
    task = cut.tasks - 1 - task
    first, end, channels = place(cut, task)
    width = channels * cut.together
    mean = task % cut.blocks * cut.cols
    scale, shift = mean + cut.row, mean + 2 * cut.row
    low, high = fill(ends.low), fill(ends.high)
    for at in range(first, end, cut.row):
        count = min(width, end - at)
        for i in range(0, count, LANES):
            left = count - i
            v = load_upto(x, at + i, left) - load_upto(wide, mean + i, left)
            v = fma(v, load_upto(wide, scale + i, left), load_upto(wide, shift + i, left))
            if adds:
                v = v + load_upto(residual, at + i, left)
            put(y, at + i, bounded(v, low, high), left, streamed)
        if ends.later:
            activate_later(y, at, count, ends.later, ends.slope)


@inner
def follow(average, now, factor, keep, take):
    """average ← keep·average + take·(factor·now); an average of no channels is none."""
    for c in range(0, len(average), LANES):
        left = len(average) - c
        fresh = load_upto(now, c, left) * fill(factor)
        store_upto(average, c, fma(fill(take), fresh, fill(keep) * load_upto(average, c, left)), left)


@kernel
def batch_norm_kernel(
    x,
    weight,
    bias,
    residual,
    y,
    mean,
    var,
    scale,
    shift,
    averages,
    wide,
    parts,
    totals,
    scratch,
    eps,
    adds,
    ends,
    streamed,
    cut,
):
    parallel_for(sums_task, cut.tasks, (x, parts, scratch, cut))
    parallel_for(join_task, cut.blocks, (parts, weight, bias, mean, var, scale, shift, totals, eps, cut))
    follow(averages.mean, mean, F32(1), averages.keep, averages.take)
    follow(averages.var, var, averages.unbiased, averages.keep, averages.take)
    spread(mean, 0, cut.C, wide, 0, cut.together)
    spread(scale, 0, cut.C, wide, cut.row, cut.together)
    spread(shift, 0, cut.C, wide, 2 * cut.row, cut.together)
    parallel_for(scale_task, cut.tasks, (x, residual, y, wide, adds, ends, streamed, cut))


@kernel
def scale_shift_kernel(x, scale, shift, residual, y, wide, adds, ends, streamed, cut):
    clear(wide, 0, cut.row)
    spread(scale, 0, cut.C, wide, cut.row, cut.together)
    spread(shift, 0, cut.C, wide, 2 * cut.row, cut.together)
    parallel_for(scale_task, cut.tasks, (x, residual, y, wide, adds, ends, streamed, cut))


def batch_norm(
    x: Host,
    weight: Host,
    bias: Host,
    eps: float,
    *,
    running: tuple[Host, Host] | None = None,
    momentum: float = 0.1,
    activation: Activation = IDENTITY,
    residual: Host | None = None,
    out: Outs | None = None,
) -> tuple[Host, Host, Host]:
    """y = act((x - mean)·rstd·weight + bias + residual) over the last axis, and the batch's mean and biased var."""
    C = x.shape[-1]
    cut = cut_pixels(x.size // max(C, 1), C)
    y, mean, var = map(result, (x.shape, (C,), (C,)), outs(out, 3))
    scale, shift, wide, parts, scratch = side_by_side(
        C, C, 3 * cut.row, cut.tasks * 3 * cut.channels, workers() * 3 * cut.cols
    )
    adds = residual is not None
    batch_norm_kernel(
        flat(x),
        flat(weight),
        flat(bias),
        flat(residual) if residual is not None else NOTHING,
        y.reshape(-1),
        mean,
        var,
        scale,
        shift,
        _averages(running, 1 - momentum, x.size // max(C, 1), C),
        wide,
        parts,
        empty(2 * C, np.float64),
        scratch,
        float(eps),
        adds,
        bounds(activation),
        streams(y, cut.row) and not bounds(activation).later,
        cut,
    )
    return y, mean, var


def _averages(running: tuple[Host, Host] | None, keep: float, count: int, C: int) -> Averages:
    mean, var = (NOTHING, NOTHING) if running is None else [check_out(average, (C,), F32) for average in running]
    return Averages(mean, var, F32(keep), F32(1 - keep), F32(count / max(count - 1, 1)))


def batch_norm_frozen(
    x: Host,
    weight: Host,
    bias: Host,
    mean: Host,
    var: Host,
    eps: float,
    *,
    activation: Activation = IDENTITY,
    residual: Host | None = None,
    out: Host | None = None,
) -> Host:
    """`batch_norm` by a mean and a variance that are known beforehand: y = act(x · scale + shift + residual)."""
    scale = weight / np.sqrt(var + np.asarray(eps, var.dtype))
    shift = bias - mean * scale
    C = x.shape[-1]
    cut = cut_pixels(x.size // max(C, 1), C)
    y = result(x.shape, out)
    adds = residual is not None
    scale_shift_kernel(
        flat(x),
        flat(scale),
        flat(shift),
        flat(residual) if residual is not None else NOTHING,
        y.reshape(-1),
        empty(3 * cut.row),
        adds,
        bounds(activation),
        streams(y, cut.row) and not bounds(activation).later,
        cut,
    )
    return y
