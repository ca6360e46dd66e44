"""Random numbers by counter: dropout and uniform numbers, equal to the reference's word for word."""

import numpy as np

from cnnkit.kernels.cpu.chunks import CHUNK, chunks
from cnnkit.kernels.cpu.jit import inner, kernel
from cnnkit.kernels.cpu.memory import empty, flat
from cnnkit.kernels.cpu.threads import get_threads, parallel_for
from cnnkit.kernels.shared.array import Array
from cnnkit.kernels.shared.philox import BLOCKS, GROUP, dropout_scale, dropout_threshold, philox_block

UNIT, DROP = np.float32(2.0**-24), np.int64(8)


@inner
def draw_group(group, stream, seed, words, scratch):
    """The words of elements group·GROUP to (group + 1)·GROUP - 1, into `words` from `scratch` on."""
    first = np.uint64(group * BLOCKS)
    for b in range(BLOCKS):
        w = philox_block(first + np.uint64(b), stream, seed)
        words[scratch + b] = w[0]
        words[scratch + BLOCKS + b] = w[1]
        words[scratch + 2 * BLOCKS + b] = w[2]
        words[scratch + 3 * BLOCKS + b] = w[3]


@inner
def dropout_task(x, y, threshold, scale, stream, seed, words, worker, task):
    scratch = worker * GROUP
    size = min(len(x), (task + 1) * CHUNK)
    for group in range(task * CHUNK // GROUP, -(-size // GROUP)):
        draw_group(group, stream, seed, words, scratch)
        first = group * GROUP
        for i in range(min(GROUP, size - first)):
            y[first + i] = x[first + i] * (scale if words[scratch + i] >= threshold else np.float32(0))


@kernel
def dropout_kernel(x, y, threshold, scale, stream, seed, words, tasks):
    parallel_for(dropout_task, tasks, (x, y, threshold, scale, stream, seed, words))


@inner
def uniform_task(y, stream, seed, words, worker, task):
    scratch = worker * GROUP
    size = min(len(y), (task + 1) * CHUNK)
    for group in range(task * CHUNK // GROUP, -(-size // GROUP)):
        draw_group(group, stream, seed, words, scratch)
        first = group * GROUP
        for i in range(min(GROUP, size - first)):
            y[first + i] = UNIT * np.float32(np.int64(words[scratch + i]) >> DROP)


@kernel
def uniform_kernel(y, stream, seed, words, tasks):
    parallel_for(uniform_task, tasks, (y, stream, seed, words))


def dropout(x: Array, rate: float, key: tuple[int, int], *, out: Array | None = None) -> Array:
    """Each element is dropped with probability `rate`, the others are multiplied by 1 / (1 - rate)."""
    y = empty(x.shape) if out is None else out
    threshold, scale = np.uint64(dropout_threshold(rate)), np.float32(dropout_scale(rate))
    dropout_kernel(flat(x), y.reshape(-1), threshold, scale, *_drawing(key), chunks(x.size))
    return y


def uniform(shape: tuple[int, ...], key: tuple[int, int]) -> Array:
    """Numbers in [0, 1), multiples of 2^-24."""
    y = empty(shape)
    uniform_kernel(y.reshape(-1), *_drawing(key), chunks(y.size))
    return y


def _drawing(key: tuple[int, int]) -> tuple[np.uint64, np.uint64, Array]:
    """Stream, seed, and a group of words for each worker."""
    return np.uint64(key[1]), np.uint64(key[0]), empty(get_threads() * GROUP, np.uint32)
