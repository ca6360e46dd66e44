"""Kernels that are measured themselves: how fast a device multiplies and adds at most, and how fast it copies.

peak   p ← p·a + b in registers, CHAINS of them in each thread, so that none waits for the one before
copy   y ← x, four numbers at a time
"""

from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.launch import SIMULATED, THREADS, chip, cuda, device, float32, int32, kernel
from cnnkit.kernels.cuda.machine.ptx import ld4, st4

CHAINS, ROUNDS = 8, 8
# Blocks for each multiprocessor: 2,048 threads, as many as one has room for.
BLOCKS = 8
A, B = 0.5, 0.25  # p stays near 0.5


@device
def chains(p, q, r, s, t, u, v, w, a, b):
    return (
        p * a + b,
        q * a + b,
        r * a + b,
        s * a + b,
        t * a + b,
        u * a + b,
        v * a + b,
        w * a + b,
    )


@kernel
def peak_kernel(y, steps, a, b):
    i = cuda.grid(1)
    p = float32(i)
    q, r, s, t, u, v, w = p + a, p + b, p - a, p - b, p + a + a, p + b + b, p + a + b
    for _ in range(steps):
        p, q, r, s, t, u, v, w = chains(p, q, r, s, t, u, v, w, a, b)
        p, q, r, s, t, u, v, w = chains(p, q, r, s, t, u, v, w, a, b)
        p, q, r, s, t, u, v, w = chains(p, q, r, s, t, u, v, w, a, b)
        p, q, r, s, t, u, v, w = chains(p, q, r, s, t, u, v, w, a, b)
        p, q, r, s, t, u, v, w = chains(p, q, r, s, t, u, v, w, a, b)
        p, q, r, s, t, u, v, w = chains(p, q, r, s, t, u, v, w, a, b)
        p, q, r, s, t, u, v, w = chains(p, q, r, s, t, u, v, w, a, b)
        p, q, r, s, t, u, v, w = chains(p, q, r, s, t, u, v, w, a, b)
    y[i] = p + q + r + s + t + u + v + w


@kernel
def copy_kernel(x, y, fours):
    for i in range(cuda.grid(1), fours, cuda.gridsize(1)):
        p, q, r, s = ld4(x, int32(4 * i))
        st4(y, int32(4 * i), p, q, r, s)


def threads_of_all() -> int:
    """Threads that fill the device."""
    return THREADS * (1 if SIMULATED else BLOCKS * chip.multiprocessors())


def multiply_add(y: DeviceArray, steps: int) -> float:
    """Launch a thread for each number of y, a multiple of THREADS; the floating point operations that they do."""
    peak_kernel(y.size // THREADS, THREADS, y, steps, A, B)
    return 2.0 * CHAINS * ROUNDS * steps * y.size


def copy_fours(x: DeviceArray, y: DeviceArray) -> int:
    """y ← x, of a multiple of four numbers; the bytes that are read and written."""
    copy_kernel.over(x.size // 4, x, y, x.size // 4)
    return x.nbytes + y.nbytes
