"""The roof: how many floating point operations a second this machine can do at most."""

from functools import cache


@cache
def fma_peak(threads: int) -> float:
    """GFLOP/s of `threads` threads that do nothing but fused multiply-adds in registers; about half a second."""
    from cnnkit.bench.timer import in_turn
    from cnnkit.kernels.cpu.simd.peak import multiply_add_forever

    steps = 2_000_000
    flop = multiply_add_forever(threads, 1000)
    timing = in_turn([lambda: multiply_add_forever(threads, steps)], seconds=0.5, least=3)[0]
    return flop / 1000 * steps / timing.best / 1e9
