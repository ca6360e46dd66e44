"""Random numbers by counter: dropout and uniform numbers, equal to the reference's word for word."""

import numpy as np

from cnnkit.kernels.cpu.elementwise.chunks import CHUNK, chunks
from cnnkit.kernels.cpu.machine.buffers import empty, flat, result
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for, workers
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.philox import BLOCKS, GROUP, dropout_scale, dropout_threshold, philox_block

UNIT, DROP = np.float32(2.0**-24), np.uint32(8)


@inner
def draw_group(group, stream, seed, words):
    """The GROUP words of elements group·GROUP and following; the blocks side by side, as LLVM's vectors want it."""
    first = np.uint64(group * BLOCKS)
    for b in range(BLOCKS):
        w0, w1, w2, w3 = philox_block(first + np.uint64(b), stream, seed)
        words[b] = w0
        words[BLOCKS + b] = w1
        words[2 * BLOCKS + b] = w2
        words[3 * BLOCKS + b] = w3


@inner
def dropout_task(x, y, threshold, scale, stream, seed, scratch, worker, task):
    words = scratch[worker * GROUP : (worker + 1) * GROUP]
    size = min(len(x), (task + 1) * CHUNK)
    for first in range(task * CHUNK, size, GROUP):
        draw_group(first // GROUP, stream, seed, words)
        # Slices, because their indices cannot be negative: with that doubt LLVM makes no vectors of these loops.
        source, target = x[first : min(first + GROUP, size)], y[first : min(first + GROUP, size)]
        for i in range(len(source)):
            target[i] = source[i] * (scale if words[i] >= threshold else np.float32(0))


@kernel
def dropout_kernel(x, y, threshold, scale, streams, seed, scratch, tasks):
    stream = np.uint64(streams[0])
    parallel_for(dropout_task, tasks, (x, y, threshold, scale, stream, seed, scratch))


@kernel
def count_up_kernel(counter, streams):
    streams[0] = counter[0]
    counter[0] += 1


@inner
def uniform_task(y, stream, seed, scratch, worker, task):
    words = scratch[worker * GROUP : (worker + 1) * GROUP]
    size = min(len(y), (task + 1) * CHUNK)
    for first in range(task * CHUNK, size, GROUP):
        draw_group(first // GROUP, stream, seed, words)
        target = y[first : min(first + GROUP, size)]
        for i in range(len(target)):
            target[i] = UNIT * np.float32(np.int32(words[i] >> DROP))


@kernel
def uniform_kernel(y, stream, seed, scratch, tasks):
    parallel_for(uniform_task, tasks, (y, stream, seed, scratch))


def count_up(counter: Host, *, out: Host | None = None) -> Host:
    """The whole number that a counter holds, which then counts one up, in place."""
    stream = result(counter.shape, out, np.int64)
    count_up_kernel(counter.reshape(-1), stream.reshape(-1))
    return stream


def dropout(x: Host, rate: float, key: tuple[int, Host], *, out: Host | None = None) -> Host:
    """Each element is dropped with probability `rate`, the others are multiplied by 1 / (1 - rate)."""
    y, (seed, stream) = result(x.shape, out), key
    threshold, scale = np.uint64(dropout_threshold(rate)), np.float32(dropout_scale(rate))
    drawing = flat(stream, np.int64), np.uint64(seed), _scratch()
    dropout_kernel(flat(x), y.reshape(-1), threshold, scale, *drawing, chunks(x.size))
    return y


def uniform(shape: tuple[int, ...], key: tuple[int, int], *, out: Host | None = None) -> Host:
    """Numbers in [0, 1), multiples of 2^-24."""
    y = result(shape, out)
    uniform_kernel(y.reshape(-1), np.uint64(key[1]), np.uint64(key[0]), _scratch(), chunks(y.size))
    return y


def _scratch() -> Host:
    """A group of words for each worker."""
    return empty(workers() * GROUP, np.uint32)
