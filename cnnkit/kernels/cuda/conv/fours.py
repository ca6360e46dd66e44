"""Channels brought to a multiple of four, so that one load reads four of them, and tensor cores can multiply.

What is read one by one costs two divisions for each number, and a load of its own. A copy of both operands, with zeros
in the channels that are not there, goes over memory once.
"""

from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.launch import SIMULATED
from cnnkit.kernels.cuda.shape.move import pad

# Products from which on it pays.
WORTH = 1 << (12 if SIMULATED else 24)


def pays(channels: int, groups: int, products: int) -> bool:
    """Whether the channels that a sum runs over are to be brought to a multiple of four."""
    return channels % 4 != 0 and groups == 1 and products >= WORTH


def in_fours(x: DeviceArray, axis: int) -> DeviceArray:
    """The array with zeros behind what it has along an axis, up to a multiple of four."""
    return pad(x, [(0, -size % 4 if number == axis else 0) for number, size in enumerate(x.shape)])
