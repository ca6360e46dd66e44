"""The roof: how many floating point operations a second this machine can do at most."""

from functools import cache

from cnnkit import kernels


@cache
def fma_peak(threads: int) -> float:
    """GFLOP/s of `threads` threads that do nothing but fused multiply-adds in registers; about half a second."""
    from cnnkit.bench.timer import in_turn
    from cnnkit.kernels.cpu.simd.peak import multiply_add_forever

    steps = 2_000_000
    flop = multiply_add_forever(threads, 1000)
    timing = in_turn([lambda: multiply_add_forever(threads, steps)], seconds=0.5, least=3)[0]
    return flop / 1000 * steps / timing.best / 1e9


@cache
def copy_seconds(size: int, threads: int) -> float:
    """What it takes to read `size` bytes and write as many that are where they were last used, without the call."""
    return max(0.0, _moved(size // 4) - _moved(1))


def _moved(floats: int) -> float:
    """The shortest time of a kernel that reads, compares and writes."""
    from cnnkit.bench.timer import in_turn

    k = kernels.home()
    x = k.zeros((floats,))
    y = k.empty((floats,))
    return in_turn([lambda: k.activate(x, kernels.RELU, out=y)], seconds=0.01, least=5)[0].best
