"""Philox 4x32-10: random numbers by counter, the same on every machine and for any number of threads.

Source: Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3", SC11, section 3.3.
"""

import numpy as np

from cnnkit.kernels.shared.inner import inlined

# Everything is uint64 that holds 32 bits: a product of two then fits, and Numba and numpy agree on its type.
MULTIPLIER_0, MULTIPLIER_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
WEYL_0, WEYL_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
LOW, HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
ROUNDS = 10


@inlined
def philox(c0, c1, c2, c3, k0, k1):
    """Four random words of 32 bits from a counter of four words and a key of two, all uint64."""
    for _ in range(ROUNDS):
        p0, p1 = c0 * MULTIPLIER_0, c2 * MULTIPLIER_1
        c0, c1, c2, c3 = (p1 >> HALF) ^ c1 ^ k0, p1 & LOW, (p0 >> HALF) ^ c3 ^ k1, p0 & LOW
        k0, k1 = (k0 + WEYL_0) & LOW, (k1 + WEYL_1) & LOW
    return c0, c1, c2, c3


@inlined
def philox_block(block, stream, seed):
    """The four random words that block number `block` of (seed, stream) holds; all uint64."""
    return philox(block & LOW, block >> HALF, stream & LOW, stream >> HALF, seed & LOW, seed >> HALF)


# Sixteen blocks share the 64 elements of a group: word k of block b belongs to element 16·k + b of it. So a vector of
# neighbouring elements is word k of neighbouring blocks, and blocks are computed side by side.
BLOCKS = 16
GROUP = 4 * BLOCKS


def dropout_threshold(rate: float) -> int:
    """A word drops its element if it is below this: rate·2^32, so rate 0 keeps and rate 1 drops every element."""
    return round(rate * 2**32)


def dropout_scale(rate: float) -> float:
    """What a kept element is multiplied by, so that the mean stays: 1 / (1 - rate)."""
    return 1 / (1 - rate) if rate < 1 else 0.0
