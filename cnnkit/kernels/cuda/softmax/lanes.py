"""Threads that share a row: what each has found of it meets in shared memory, two by two, always in one order."""

import math

from cnnkit.kernels.cuda.machine.functions import exp
from cnnkit.kernels.cuda.machine.launch import THREADS, cuda, device, float32, int32
from cnnkit.kernels.cuda.machine.ptx import div


def lanes_for(classes: int) -> int:
    """How many threads a row of so many classes gets: a power of two, four classes or more for each."""
    return min(THREADS, 1 << max((classes - 1) // 4, 0).bit_length())


def grid_for(rows: int, lanes: int) -> int:
    """Blocks for so many rows."""
    return -(-rows * lanes // THREADS)


@device
def own_row(rows, classes, lanes):
    """(row, lane, place of the row's first number, classes) of this thread; no classes where there is no such row."""
    thread = int32(cuda.threadIdx.x)
    own = div(thread, lanes)
    row = int32(cuda.blockIdx.x * div(THREADS, lanes) + own)
    return row, int32(thread - own * lanes), int32(row * classes), classes if row < rows else int32(0)


@device
def top_and_total(shared, x, first, last, lane, lanes):
    """The greatest of a row, and Σ e^(x - greatest); all threads of the block call this."""
    top, total = float32(-math.inf), float32(0)
    for k in range(lane, last, lanes):
        value = x[first + k]
        if value > top or value != value:
            top = value
    top = greatest(shared, top, lane, lanes)
    for k in range(lane, last, lanes):
        total += exp(x[first + k] - top)
    return top, summed(shared, total, lane, lanes)


@device
def summed(shared, value, lane, lanes):
    """The sum of what the threads of a row have; all threads of the block call this."""
    thread = int32(cuda.threadIdx.x)
    shared[thread] = value
    cuda.syncthreads()
    half = int32(lanes >> 1)
    while half > 0:
        if lane < half:
            shared[thread] += shared[thread + half]
        cuda.syncthreads()
        half = int32(half >> 1)
    found = shared[thread - lane]
    cuda.syncthreads()
    return found


@device
def greatest(shared, value, lane, lanes):
    """The greatest of it; NaN where one is."""
    thread = int32(cuda.threadIdx.x)
    shared[thread] = value
    cuda.syncthreads()
    half = int32(lanes >> 1)
    while half > 0:
        if lane < half:
            other = shared[thread + half]
            if other > shared[thread] or other != other:
                shared[thread] = other
        cuda.syncthreads()
        half = int32(half >> 1)
    found = shared[thread - lane]
    cuda.syncthreads()
    return found
