"""All numbers of a list of arrays judged by one: what the host asks of gradients and weights, and so waits for."""

import math
from collections.abc import Sequence

from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.home import channels, empty, fetch
from cnnkit.kernels.cuda.machine.operands import single
from cnnkit.kernels.cuda.reduce import NOT_FINITE, SQUARES, reduced


def square_sum(x: Sequence[DeviceArray]) -> float:
    """Σ x² over all arrays."""
    return math.fsum(_numbers(x, SQUARES))


def all_finite(x: Sequence[DeviceArray]) -> bool:
    """Whether no element of any array is NaN or infinite."""
    return not any(_numbers(x, NOT_FINITE))


def _numbers(arrays: Sequence[DeviceArray], kind: int) -> list[float]:
    """One number for each array, fetched together."""
    found = empty((len(arrays),))
    for place, array in enumerate(arrays):
        reduced(single(array), (1, array.size, 1), kind, channels(found, place, 1))
    return [float(number) for number in fetch(found)]
