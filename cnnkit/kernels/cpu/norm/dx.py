"""The gradients of batch normalisation: one pass for two sums of each channel, one for dx."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from cnnkit.kernels.cpu.elementwise.activation import activate, slope_at_vector, slope_vector
from cnnkit.kernels.cpu.elementwise.chunks import streams
from cnnkit.kernels.cpu.epilogue import NOTHING, bounds
from cnnkit.kernels.cpu.machine.buffers import empty, flat, result, side_by_side
from cnnkit.kernels.cpu.machine.jit import inlined, inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for, workers
from cnnkit.kernels.cpu.norm.pixels import clear, cut_pixels, fold, place, spread
from cnnkit.kernels.cpu.simd.partial import load_upto, put, store_upto
from cnnkit.kernels.cpu.simd.vector import LANES, fill, fma, select_less, zero
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.out import Outs, outs
from cnnkit.kernels.shared.scalar import IDENTITY, RELU6, Activation

# Where dz = dy · act' comes from: it is dy; act' is computed from x; or told from the result y, and dz is stored.
# What only bounds its values is told apart: to ask for each register of what kind it is took half of the time.
SAME, BOUNDED_X, FROM_X, FROM_Y, BOUNDED_Y = range(5)
ONE = np.float32(1)


class Slopes(NamedTuple):
    """An activation on its way back: its kind and its slope, and where it bounds its values, the bounds.

    top: the slope from the upper bound on.
    """

    low: np.float32
    high: np.float32
    top: np.float32
    kind: int
    slope: np.float32


@inlined
def slope_between(z, ends):
    """The slope at z of what only bounds its values."""
    return select_less(fill(ends.low), z, select_less(z, fill(ends.high), fill(ONE), fill(ends.top)), zero())


@inner
def dz_sums_task(dy, x, y, dz, wide, parts, scratch, source, ends, cut, worker, task):
    """parts[task] = for each channel Σ dz and Σ dz·(x - mean) of the task's pixels; dz is stored where it is told."""
    first, end, channels = place(cut, task)
    width = channels * cut.together
    mean = task % cut.blocks * cut.cols
    scale, shift = mean + cut.row, mean + 2 * cut.row
    sums, to = worker * 2 * cut.cols, task * 2 * cut.channels
    products = sums + cut.cols
    clear(scratch, sums, 2 * cut.cols)
    for at in range(first, end, cut.row):
        count = min(width, end - at)
        for i in range(0, count, LANES):
            left = count - i
            d = load_upto(dy, at + i, left)
            v = load_upto(x, at + i, left) - load_upto(wide, mean + i, left)
            if source != SAME:
                if source >= FROM_Y:
                    z = load_upto(y, at + i, left)
                else:
                    z = fma(v, load_upto(wide, scale + i, left), load_upto(wide, shift + i, left))
                if source in (BOUNDED_X, BOUNDED_Y):
                    slope = slope_between(z, ends)
                elif source == FROM_X:
                    slope = slope_at_vector(z, ends.kind, ends.slope)
                else:
                    slope = slope_vector(z, ends.kind, ends.slope)
                d = d * slope
                if source >= FROM_Y:
                    store_upto(dz, at + i, d, left)
            store_upto(scratch, sums + i, load_upto(scratch, sums + i, left) + d, left)
            store_upto(scratch, products + i, fma(d, v, load_upto(scratch, products + i, left)), left)
    fold(scratch, sums, channels, cut.together, parts, to)
    fold(scratch, products, channels, cut.together, parts, to + cut.channels)


@inner
def dz_join_task(parts, weight, var, dweight, dbias, rows, totals, eps, frozen, cut, worker, task):
    """dweight and dbias of the channels of one block, and dx = scale·dz + rows[0]·(x - mean) + rows[1]."""
    begin, end, count = task * cut.cols, min((task + 1) * cut.cols, cut.C), max(cut.size // cut.C, 1)
    sums, products = totals[begin:end], totals[cut.C + begin : cut.C + end]
    sums[:] = 0
    products[:] = 0
    for part in range(task, cut.tasks, cut.blocks):
        at = part * 2 * cut.channels
        own_sums, own_products = parts[at:], parts[at + cut.channels :]
        for c in range(len(sums)):
            sums[c] += own_sums[c]
            products[c] += own_products[c]
    for c in range(len(sums)):
        rstd = 1 / np.sqrt(np.float64(var[begin + c]) + eps)
        dbias[begin + c] = sums[c]
        dweight[begin + c] = products[c] * rstd
        share = 0.0 if frozen else -weight[begin + c] * rstd / count
        rows[begin + c] = share * rstd * rstd * products[c]
        rows[cut.C + begin + c] = share * sums[c]


@inner
def norm_dx_task(dz, x, dx, wide, source, ends, streamed, cut, worker, task):
    """dx, last task first: what was read last for the sums is still in the cache."""
    task = cut.tasks - 1 - task
    first, end, channels = place(cut, task)
    width = channels * cut.together
    mean = task % cut.blocks * cut.cols
    scale, shift = mean + cut.row, mean + 2 * cut.row
    by_x, constant = mean + 3 * cut.row, mean + 4 * cut.row
    for at in range(first, end, cut.row):
        count = min(width, end - at)
        for i in range(0, count, LANES):
            left = count - i
            d = load_upto(dz, at + i, left)
            v = load_upto(x, at + i, left) - load_upto(wide, mean + i, left)
            factor = load_upto(wide, scale + i, left)
            if source != SAME:
                z = fma(v, factor, load_upto(wide, shift + i, left))
                slope = slope_between(z, ends) if source == BOUNDED_X else slope_at_vector(z, ends.kind, ends.slope)
                d = d * slope
            rest = fma(v, load_upto(wide, by_x + i, left), load_upto(wide, constant + i, left))
            put(dx, at + i, fma(d, factor, rest), left, streamed)


@kernel
def batch_norm_dx_kernel(dy, x, y, weight, bias, mean, var, dx, dz, dweight, dbias, rows, wide, parts, totals, scratch,
                         eps, frozen, source, ends, streamed, cut):  # fmt: skip
    C, row, times = cut.C, cut.row, cut.together
    for c in range(C):
        rows[c] = weight[c] / np.sqrt(np.float64(var[c]) + eps)
    spread(mean, 0, C, wide, 0, times)
    spread(rows, 0, C, wide, row, times)
    spread(bias, 0, C, wide, 2 * row, times)
    parallel_for(dz_sums_task, cut.tasks, (dy, x, y, dz, wide, parts, scratch, source, ends, cut))
    parallel_for(dz_join_task, cut.blocks, (parts, weight, var, dweight, dbias, rows, totals, eps, frozen, cut))
    spread(rows, 0, C, wide, 3 * row, times)
    spread(rows, C, C, wide, 4 * row, times)
    known = dz if source >= FROM_Y else dy
    left = SAME if source >= FROM_Y else source
    parallel_for(norm_dx_task, cut.tasks, (known, x, dx, wide, left, ends, streamed, cut))


def batch_norm_dx(
    dy: Host,
    x: Host,
    weight: Host,
    bias: Host,
    mean: Host,
    var: Host,
    eps: float,
    *,
    activation: Activation = IDENTITY,
    y: Host | None = None,
    frozen: bool = False,
    out: Outs | None = None,
) -> tuple[Host, Host, Host, Host | None]:
    """dx, dweight, dbias, and where y is given the gradient dz of the residual; frozen: mean and var are constants."""
    C = x.shape[-1]
    cut = cut_pixels(x.size // max(C, 1), C)
    source, ends = _way_back(activation, y is not None)
    into, into_dweight, into_dbias, into_dz = outs(out, 4)
    dx, dweight, dbias = result(x.shape, into), result((C,), into_dweight), result((C,), into_dbias)
    dz = result(x.shape, into_dz) if source >= FROM_Y else None
    rows, wide, parts, scratch = side_by_side(
        2 * C, 5 * cut.row, cut.tasks * 2 * cut.channels, workers() * 2 * cut.cols
    )
    batch_norm_dx_kernel(
        flat(dy),
        flat(x),
        flat(y) if source >= FROM_Y and y is not None else NOTHING,
        flat(weight),
        flat(bias),
        flat(mean),
        flat(var),
        dx.reshape(-1),
        NOTHING if dz is None else dz.reshape(-1),
        dweight,
        dbias,
        rows,
        wide,
        parts,
        empty(2 * C, np.float64),
        scratch,
        float(eps),
        frozen,
        source,
        ends,
        streams(dx, cut.row),
        cut,
    )
    if y is not None and dz is None:
        dz = dy if into_dz is None else activate(dy, activation, out=into_dz)
    return dx, dweight, dbias, dz


@lru_cache(maxsize=64)
def _way_back(activation: Activation, from_output: bool) -> tuple[int, Slopes]:
    """Where dz comes from."""
    ends = bounds(activation)
    top = np.float32(0 if activation == RELU6 else 1)
    slopes = Slopes(ends.low, ends.high, top, activation.kind, np.float32(activation.slope))
    if activation == IDENTITY:
        return SAME, slopes
    if ends.later:
        return FROM_Y if from_output else FROM_X, slopes
    return BOUNDED_Y if from_output else BOUNDED_X, slopes
