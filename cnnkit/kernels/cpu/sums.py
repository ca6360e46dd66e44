"""Sums that come beside other work: of rows that a kernel has just laid out, and of what its tasks summed apart."""

from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.partial import load_upto, store_upto
from cnnkit.kernels.cpu.simd.vector import LANES, load, zero

ADD_CHUNK = 4096


@inner
def add_rows(x, at, step, count, y, to, width, first):
    """y[to + i] += Σ q < count  x[at + q·step + i],  i < width; `first` overwrites y. Whole vectors of x are read."""
    for i in range(0, width, LANES):
        a, b, c, d = zero(), zero(), zero(), zero()  # four chains of sums: one alone would wait for each addition
        q = at + i
        for _ in range(count // 4):
            a, b = a + load(x, q), b + load(x, q + step)
            c, d = c + load(x, q + 2 * step), d + load(x, q + 3 * step)
            q += 4 * step
        for _ in range(count % 4):
            a = a + load(x, q)
            q += step
        total = (a + b) + (c + d)
        if not first:
            total = total + load_upto(y, to + i, width - i)
        store_upto(y, to + i, total, width - i)


@inner
def add_task(parts, y, count, shares, worker, task):
    end = min(count, (task + 1) * ADD_CHUNK)
    for i in range(task * ADD_CHUNK, end, LANES):
        v = load_upto(parts, i, end - i)
        for k in range(1, shares):
            v = v + load_upto(parts, k * count + i, end - i)
        store_upto(y, i, v, end - i)


@kernel
def add_shares(parts, y, count, shares):
    """y = the shares' sums, added in order."""
    parallel_for(add_task, (count + ADD_CHUNK - 1) // ADD_CHUNK, (parts, y, count, shares))
