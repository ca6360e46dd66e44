"""Random numbers by counter, the same as on every other machine. A thread draws the four words of a block.

Words 0 to 3 of block b lie 16 elements apart (`shared/philox.py`): neighbouring threads write neighbouring elements.
"""

import numpy as np

from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.launch import adopted, cuda, device, float32, int32, int64, kernel, uint64
from cnnkit.kernels.cuda.machine.operands import result, single, whole
from cnnkit.kernels.shared.philox import BLOCKS, GROUP, dropout_scale, dropout_threshold, philox_block

words_of = adopted(philox_block)
# 2^-24, and how many bits of a word are left out for it.
SHARE, SHIFT = np.float32(2.0**-24), np.uint64(8)


@device
def kept(x, y, i, count, word, threshold, scale):
    if i < count:
        y[i] = x[i] * (scale if word >= threshold else float32(0))


@kernel
def count_up_kernel(counter, streams):
    if cuda.grid(1) == 0:
        stream = counter[0]
        streams[0] = stream
        counter[0] = stream + int64(1)


@kernel
def dropout_kernel(x, y, count, blocks, seed, streams, threshold, scale):
    stream = uint64(streams[0])
    for block in range(cuda.grid(1), blocks, cuda.gridsize(1)):
        c0, c1, c2, c3 = words_of(uint64(block), stream, seed)
        first = int32((block // BLOCKS) * GROUP + block % BLOCKS)
        kept(x, y, first, count, c0, threshold, scale)
        kept(x, y, first + BLOCKS, count, c1, threshold, scale)
        kept(x, y, first + 2 * BLOCKS, count, c2, threshold, scale)
        kept(x, y, first + 3 * BLOCKS, count, c3, threshold, scale)


@device
def drawn(y, i, count, word):
    if i < count:
        y[i] = float32(word >> SHIFT) * SHARE


@kernel
def uniform_kernel(y, count, blocks, seed, stream):
    for block in range(cuda.grid(1), blocks, cuda.gridsize(1)):
        c0, c1, c2, c3 = words_of(uint64(block), stream, seed)
        first = int32((block // BLOCKS) * GROUP + block % BLOCKS)
        drawn(y, first, count, c0)
        drawn(y, first + BLOCKS, count, c1)
        drawn(y, first + 2 * BLOCKS, count, c2)
        drawn(y, first + 3 * BLOCKS, count, c3)


def count_up(counter: DeviceArray, *, out: DeviceArray | None = None) -> DeviceArray:
    """The whole number that a counter holds, which then counts one up, in place."""
    stream = result(counter.shape, out, np.int64)
    count_up_kernel(1, 1, counter, stream)
    return stream


def dropout(
    x: DeviceArray, rate: float, key: tuple[int, DeviceArray], *, out: DeviceArray | None = None
) -> DeviceArray:
    """Each element is dropped with probability `rate`; those kept are multiplied by 1 / (1 - rate)."""
    y = result(x.shape, out)
    blocks, (seed, stream) = -(-x.size // GROUP) * BLOCKS, key
    numbers = np.uint64(dropout_threshold(rate)), dropout_scale(rate)
    dropout_kernel.over(blocks, single(x), y, x.size, blocks, np.uint64(seed), whole(stream), *numbers)
    return y


def uniform(shape: tuple[int, ...], key: tuple[int, int], *, out: DeviceArray | None = None) -> DeviceArray:
    """Numbers in [0, 1), multiples of 2^-24."""
    y = result(shape, out)
    blocks = -(-y.size // GROUP) * BLOCKS
    uniform_kernel.over(blocks, y, y.size, blocks, np.uint64(key[0]), np.uint64(key[1]))
    return y
