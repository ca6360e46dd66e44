"""The roof of this machine: fused multiply-adds in registers and nothing else."""

import numpy as np

from cnnkit.kernels.cpu.machine import buffers
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.vector import LANES, fma, load, store, tile

# Independent sums in flight: more than latency x units of any CPU (4 x 2), fewer than the 16 registers of AVX2.
CHAINS = 12


@inner
def multiply_add_task(x, steps, worker, task):
    at = task * 4 * LANES
    a, b = load(x, at), load(x, at + LANES)
    acc = tile(CHAINS, 1)
    for i in range(CHAINS):
        acc[i, 0] = load(x, at)
    for _ in range(steps):
        for i in range(CHAINS):
            acc[i, 0] = fma(acc[i, 0], a, b)
    total = acc[0, 0]
    for i in range(1, CHAINS):
        total = total + acc[i, 0]
    store(x, at + 2 * LANES, total)


@kernel
def multiply_add(x, steps, tasks):
    parallel_for(multiply_add_task, tasks, (x, steps))


def multiply_add_forever(threads: int, steps: int) -> float:
    """Run `steps` rounds on each of `threads` threads; returns the floating point operations that were done."""
    x = buffers.empty((threads * 4 * LANES,))
    x[:] = np.float32(0.5)
    multiply_add(x, steps, threads)
    return 2.0 * CHAINS * LANES * steps * threads
