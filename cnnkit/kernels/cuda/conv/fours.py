"""Channels of each group brought to a multiple of four: one load reads four of them, and tensor cores can multiply.

What is read one by one costs two divisions for each number, and a load of its own. A copy of both operands, with zeros
in the channels that are not there, goes over memory once.
"""

from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.launch import SIMULATED
from cnnkit.kernels.cuda.shape.move import pad

# Products from which on it pays.
WORTH = 1 << (12 if SIMULATED else 24)


def pays(channels: int, products: int) -> bool:
    """Whether the channels that a sum runs over, of one group, are to be brought to a multiple of four."""
    return channels % 4 != 0 and products >= WORTH


def in_fours(x: DeviceArray, axis: int, groups: int = 1) -> DeviceArray:
    """The array with zeros behind what each group has along an axis, up to a multiple of four."""
    each = x.shape[axis] // groups
    apart = x.reshape((*x.shape[:axis], groups, each, *x.shape[axis + 1 :]))
    more = pad(apart, [(0, -each % 4 if number == axis + 1 else 0) for number in range(apart.ndim)])
    return more.reshape((*x.shape[:axis], groups * more.shape[axis + 1], *x.shape[axis + 1 :]))
