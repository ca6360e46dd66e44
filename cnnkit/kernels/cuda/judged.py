"""All numbers of a list of arrays judged by one: what the host asks of gradients and weights, and so waits for.

Clipping is not asked for: the norm stays on the device, where the factor is computed and applied.
"""

from collections.abc import Sequence

from cnnkit.kernels.cuda.elementwise.lists import launch, piece, pieces_of
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.functions import isfinite, sqrt
from cnnkit.kernels.cuda.machine.home import empty, fetch
from cnnkit.kernels.cuda.machine.launch import THREADS, cuda, float32, int32, kernel
from cnnkit.kernels.cuda.machine.operands import changed, single
from cnnkit.kernels.cuda.machine.ptx import number_at, put_at
from cnnkit.kernels.cuda.reduce import SUM, reduced


@kernel(threads=THREADS)
def survey_kernel(places, pieces, arrays, found, squares):
    """found[block] = Σ x² over its piece, or how many of it are not finite."""
    shared = cuda.shared.array(THREADS, float32)
    thread = int32(cuda.threadIdx.x)
    which, first, last = piece(pieces)
    x, total, one = places[which], float32(0), float32(1)
    for i in range(first, last, THREADS):
        value = number_at(x, i)
        if squares:
            total += value * value
        elif not isfinite(value):
            total += one
    shared[thread] = total
    cuda.syncthreads()
    half = int32(THREADS >> 1)
    while half > 0:
        if thread < half:
            shared[thread] += shared[thread + half]
        cuda.syncthreads()
        half = int32(half >> 1)
    if thread == 0:
        found[cuda.blockIdx.x] = shared[0]


@kernel(threads=THREADS)
def clip_kernel(places, pieces, arrays, total, most):
    """total: the sum of all squares."""
    which, first, last = piece(pieces)
    x, norm = places[which], sqrt(total[0])
    if isfinite(norm) and norm > most:
        factor = most / norm
        for i in range(first, last, THREADS):
            put_at(x, i, number_at(x, i) * factor)


def square_sum(x: Sequence[DeviceArray]) -> float:
    """Σ x² over all arrays."""
    return float(fetch(_survey(x, 1))[0])


def clip_norm(x: Sequence[DeviceArray], most: float) -> None:
    """x ← x · most / norm where their norm √(Σ x²) over all arrays is more than `most`, and finite: nobody waits."""
    launch(clip_kernel, [[changed(array) for array in x]], _survey(x, 1), float(most))


def all_finite(x: Sequence[DeviceArray]) -> bool:
    """Whether no element of any array is NaN or infinite."""
    return not fetch(_survey(x, 0))[0]


def _survey(arrays: Sequence[DeviceArray], squares: int) -> DeviceArray:
    """One number for all of them, on the device: of squares the sum, else how many are not finite."""
    pieces, total = pieces_of(arrays), empty((1,))
    found = empty((pieces,))
    launch(survey_kernel, [[single(array) for array in arrays]], found, squares)
    return reduced(found, (1, pieces, 1), SUM, total)
