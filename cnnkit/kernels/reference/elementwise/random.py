"""Random numbers by counter, defined: a pure function of seed, stream and place."""

import numpy as np

from cnnkit.kernels.reference.store import deliver
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.philox import BLOCKS, GROUP, dropout_scale, dropout_threshold, philox_block


def count_up(counter: Host, *, out: Host | None = None) -> Host:
    """The whole number (one int64) that a counter holds, which then counts one up, in place.

    So a stream of random numbers is found in memory, where the counter lies: the same call again has the next stream.
    """
    stream = deliver(counter.copy(), out)
    counter += 1
    return stream


def dropout(x: Host, rate: float, key: tuple[int, Host], *, out: Host | None = None) -> Host:
    """Each element is dropped with probability `rate`; those kept are multiplied by 1 / (1 - rate), so the mean stays.

    Element i (in the order of memory) is kept if word i of the random words of key = (seed, stream) is at least
    rate·2^32. The seed is a number, the stream an array of one int64, such as `count_up` gives. The same call on dy
    gives the gradient. A dropped NaN stays NaN: it is multiplied by zero.

    Source: Srivastava et al. 2014, JMLR 15, 1929-1958; Philox 4x32-10 (`shared/philox.py`).
    """
    seed, stream = key
    kept = words(x.size, (seed, stream.item())) >= dropout_threshold(rate)
    return deliver(x * np.where(kept, dropout_scale(rate), 0.0).reshape(x.shape), out)


def uniform(shape: tuple[int, ...], key: tuple[int, int], *, out: Host | None = None) -> Host:
    """Numbers in [0, 1), multiples of 2^-24: the upper 24 bits of the random words of key = (seed, stream)."""
    count = 1
    for size in shape:
        count *= size
    return deliver((words(count, key) >> 8).reshape(shape) * 2.0**-24, out)


def words(count: int, key: tuple[int, int]) -> Host:
    """The first `count` random words of 32 bits that key = (seed, stream) names."""
    seed, stream = np.uint64(key[0]), np.uint64(key[1])
    groups = -(-count // GROUP)
    blocks = [philox_block(np.uint64(block), stream, seed) for block in range(groups * BLOCKS)]
    return np.array(blocks, np.int64).reshape(groups, BLOCKS, 4).transpose(0, 2, 1).reshape(-1)[:count]
