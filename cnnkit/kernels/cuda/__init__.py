"""CUDA: the kernels of this package run on an NVIDIA device, or without one in Numba's simulator.

They have been compiled and simulated, not yet run on a chip.

machine/      kernels and memory: all that is numba-cuda's own
elementwise/  one number from one number
conv/         filters that slide            epilogue.py   what becomes of a sum
lacking.py    kernels that are not written yet
"""

import sys
from collections.abc import Callable
from typing import Any

from cnnkit.errors import DeviceError
from cnnkit.kernels.cuda.conv.conv import conv2d, conv2d_dx, conv_transpose2d, pack, unpack
from cnnkit.kernels.cuda.elementwise.activation import activate, activate_dx, activate_dx_at
from cnnkit.kernels.cuda.elementwise.pointwise import (
    add,
    clip,
    divide,
    equal,
    exp,
    log,
    maximum,
    minimum,
    multiply,
    negate,
    softplus,
    sqrt,
    subtract,
    where,
)
from cnnkit.kernels.cuda.lacking import LACKING
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.home import (
    channels,
    copy,
    copy_into,
    empty,
    facts,
    fetch,
    prepare,
    program,
    put,
    roundtrip,
    same_memory,
    shapes_only,
    zeros,
)
from cnnkit.kernels.cuda.machine.launch import chip
from cnnkit.kernels.shared import homes

__all__ = [
    "activate",
    "activate_dx",
    "activate_dx_at",
    "add",
    "channels",
    "clip",
    "conv2d",
    "conv2d_dx",
    "conv_transpose2d",
    "copy",
    "copy_into",
    "divide",
    "empty",
    "equal",
    "exp",
    "facts",
    "fetch",
    "log",
    "maximum",
    "minimum",
    "multiply",
    "negate",
    "pack",
    "prepare",
    "program",
    "put",
    "roundtrip",
    "same_memory",
    "shapes_only",
    "softplus",
    "sqrt",
    "subtract",
    "unpack",
    "where",
    "zeros",
]

choose_device, description = chip.select, chip.description
homes.register("cuda", DeviceArray, sys.modules[__name__])


def __getattr__(name: str) -> Callable[..., Any]:
    """A kernel of the contract that is not written yet: whoever calls it is told so."""
    if name not in LACKING:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def lacking(*args: Any, **options: Any) -> Any:
        raise DeviceError(f"CUDA has no kernel {name!r} yet, which this needs. Use --backend cpu.")

    return lacking
