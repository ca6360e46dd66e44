"""All numbers of a list of arrays judged by one: what the host asks of gradients and weights, and so waits for.

Clipping is not asked for: the norm stays on the device, where the factor is computed and applied. Squares are summed in
float64, as gradients that explode are beyond float32's range when they are squared: two such operations for each number
that memory brings take less time than memory does, also on chips that have one unit of float64 for 64 of float32.
"""

from collections.abc import Sequence

import numpy as np

from cnnkit.kernels.cuda.elementwise.lists import launch, piece, pieces_of
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.functions import isfinite, sqrt
from cnnkit.kernels.cuda.machine.home import empty, fetch
from cnnkit.kernels.cuda.machine.launch import THREADS, cuda, float32, float64, int32, kernel
from cnnkit.kernels.cuda.machine.operands import changed, single
from cnnkit.kernels.cuda.machine.ptx import number_at, put_at
from cnnkit.kernels.cuda.softmax.lanes import summed


@kernel(threads=THREADS)
def survey_kernel(places, pieces, arrays, found, squares):
    """found[block] = Σ x² over its piece, or how many of it are not finite."""
    shared = cuda.shared.array(THREADS, float64)
    which, first, last = piece(pieces)
    x, total, one = places[which], float64(0), float64(1)
    for i in range(first, last, THREADS):
        value = number_at(x, i)
        if squares:
            total += float64(value) * float64(value)
        elif not isfinite(value):
            total += one
    total = summed(shared, total, int32(cuda.threadIdx.x), int32(THREADS))
    if cuda.threadIdx.x == 0:
        found[cuda.blockIdx.x] = total


@kernel(threads=THREADS)
def total_kernel(found, total, count):
    """total[0] = the sum of what the blocks found, by one block."""
    shared = cuda.shared.array(THREADS, float64)
    thread = int32(cuda.threadIdx.x)
    own = float64(0)
    for i in range(thread, count, THREADS):
        own += found[i]
    own = summed(shared, own, thread, int32(THREADS))
    if thread == 0:
        total[0] = own


@kernel(threads=THREADS)
def clip_kernel(places, pieces, arrays, total, most):
    """total: the sum of all squares."""
    which, first, last = piece(pieces)
    x, squares = places[which], total[0]
    if isfinite(squares) and squares > most * most:
        factor = float32(most / sqrt(squares))
        for i in range(first, last, THREADS):
            put_at(x, i, number_at(x, i) * factor)


def square_sum(x: Sequence[DeviceArray]) -> float:
    """Σ x² over all arrays."""
    return float(fetch(_survey(x, 1))[0])


def clip_norm(x: Sequence[DeviceArray], most: float) -> None:
    """x ← x · most / norm where their norm √(Σ x²) over all arrays is more than `most`, and finite: nobody waits."""
    launch(clip_kernel, [[changed(array) for array in x]], _survey(x, 1), np.float64(most))


def all_finite(x: Sequence[DeviceArray]) -> bool:
    """Whether no element of any array is NaN or infinite."""
    return not fetch(_survey(x, 0))[0]


def _survey(arrays: Sequence[DeviceArray], squares: int) -> DeviceArray:
    """One number for all of them, on the device: of squares the sum, else how many are not finite."""
    pieces, total = pieces_of(arrays), empty((1,), np.float64)
    found = empty((pieces,), np.float64)
    launch(survey_kernel, [[single(array) for array in arrays]], found, squares)
    total_kernel(1, THREADS, found, total, pieces)
    return total
