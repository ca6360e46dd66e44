"""Threads that share a row: what each has found of it meets in shared memory, two by two, always in one order."""

from cnnkit.kernels.cuda.machine.launch import THREADS, cuda, device, int32


def lanes_for(classes: int) -> int:
    """How many threads a row of so many classes gets: a power of two, four classes or more for each."""
    return min(THREADS, 1 << max((classes - 1) // 4, 0).bit_length())


def grid_for(rows: int, lanes: int) -> int:
    """Blocks for so many rows."""
    return -(-rows * lanes // THREADS)


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
