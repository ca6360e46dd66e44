"""The gradients of batch normalisation: one pass for two sums of each channel, one for dx."""

import numpy as np

from cnnkit.kernels.cpu.elementwise.activation import activate, slope_at_vector, slope_vector
from cnnkit.kernels.cpu.epilogue import NOTHING
from cnnkit.kernels.cpu.machine.buffers import empty, flat, result
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for, workers
from cnnkit.kernels.cpu.norm.pixels import clear, cut_pixels, fold, place, spread
from cnnkit.kernels.cpu.simd.partial import load_upto, store_upto
from cnnkit.kernels.cpu.simd.vector import LANES, fma
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.out import Outs, outs
from cnnkit.kernels.shared.scalar import IDENTITY, Activation

# Where dz = dy · act' comes from: it is dy; act' is computed from x; or told from the result y, and dz is stored.
SAME, FROM_X, FROM_Y = range(3)


@inner
def dz_sums_task(dy, x, y, dz, wide, parts, scratch, source, kind, slope, cut, worker, task):
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
            if source == FROM_X:
                z = fma(v, load_upto(wide, scale + i, left), load_upto(wide, shift + i, left))
                d = d * slope_at_vector(z, kind, slope)
            elif source == FROM_Y:
                d = d * slope_vector(load_upto(y, at + i, left), kind, slope)
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
def norm_dx_task(dz, x, dx, wide, source, kind, slope, cut, worker, task):
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
            if source == FROM_X:
                z = fma(v, factor, load_upto(wide, shift + i, left))
                d = d * slope_at_vector(z, kind, slope)
            rest = fma(v, load_upto(wide, by_x + i, left), load_upto(wide, constant + i, left))
            store_upto(dx, at + i, fma(d, factor, rest), left)


@kernel
def batch_norm_dx_kernel(dy, x, y, weight, bias, mean, var, dx, dz, dweight, dbias, rows, wide, parts, totals, scratch,
                         eps, frozen, source, kind, slope, cut):  # fmt: skip
    C, row, times = cut.C, cut.row, cut.together
    for c in range(C):
        rows[c] = weight[c] / np.sqrt(np.float64(var[c]) + eps)
    spread(mean, 0, C, wide, 0, times)
    spread(rows, 0, C, wide, row, times)
    spread(bias, 0, C, wide, 2 * row, times)
    parallel_for(dz_sums_task, cut.tasks, (dy, x, y, dz, wide, parts, scratch, source, kind, slope, cut))
    parallel_for(dz_join_task, cut.blocks, (parts, weight, var, dweight, dbias, rows, totals, eps, frozen, cut))
    spread(rows, 0, C, wide, 3 * row, times)
    spread(rows, C, C, wide, 4 * row, times)
    known = dz if source == FROM_Y else dy
    parallel_for(norm_dx_task, cut.tasks, (known, x, dx, wide, source, kind, slope, cut))


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
    source = SAME if activation == IDENTITY else FROM_X if y is None else FROM_Y
    into, into_dweight, into_dbias, into_dz = outs(out, 4)
    dx, dweight, dbias = result(x.shape, into), result((C,), into_dweight), result((C,), into_dbias)
    dz = result(x.shape, into_dz) if source == FROM_Y else None
    batch_norm_dx_kernel(
        flat(dy),
        flat(x),
        flat(y) if source == FROM_Y and y is not None else NOTHING,
        flat(weight),
        flat(bias),
        flat(mean),
        flat(var),
        dx.reshape(-1),
        NOTHING if dz is None else dz.reshape(-1),
        dweight,
        dbias,
        empty(2 * C),
        empty(5 * cut.row),
        empty(cut.tasks * 2 * cut.channels),
        empty(2 * C, np.float64),
        empty(workers() * 2 * cut.cols),
        float(eps),
        frozen,
        source,
        activation.kind,
        np.float32(activation.slope),
        cut,
    )
    if y is not None and dz is None:
        dz = dy if into_dz is None else activate(dy, activation, out=into_dz)
    return dx, dweight, dbias, dz
