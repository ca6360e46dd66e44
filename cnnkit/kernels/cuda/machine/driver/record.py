"""A compiled kernel with room for its arguments, kept from launch to launch, as the driver reads them.

Numba makes a list of ctypes anew at each launch and asks each argument for its type: 100 us for three arrays and two
tuples (Emerald Rapids, shared). Here the types are known, and one call packs all numbers.
"""

import ctypes
import threading
from collections.abc import Iterator, Sequence
from struct import Struct, calcsize
from struct import error as StructError  # noqa: N812 - it is a class
from typing import Any, final

import numpy as np
from numba import types
from numba.cuda.cudadrv import driver as api

from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.driver.device import handle

# What a number is in a structure.
CODES = {
    types.int32: "i",
    types.uint32: "I",
    types.int64: "q",
    types.uint64: "Q",
    types.float32: "f",
    types.float64: "d",
}
# An array is the words of its `Flat`.
ARRAY = "q" * 7


@final
class Record:
    """compiled: Numba's kernel, for arguments of the types in `signature`."""

    def __init__(self, compiled: Any, signature: Sequence[Any]) -> None:
        self._function = compiled._codelibrary.get_cufunc().handle
        self._arguments = Arguments(signature)
        # The driver has read them when a launch returns; until then they are one Python thread's.
        self._alone = threading.Lock()

    def launch(self, blocks: int | tuple[int, ...], threads: int, args: Sequence[Any]) -> None:
        """So many blocks, in the order of this Python thread's stream."""
        x, y, z = (blocks, 1, 1) if isinstance(blocks, int) else (*blocks, 1, 1)[:3]
        with self._alone:
            self._arguments.fill(args)
            api.driver.cuLaunchKernel(self._function, x, y, z, threads, 1, 1, 0, handle(), self._arguments.address, 0)


@final
class Arguments:
    """Arguments of these types one behind the other, and where each lies.   address: of the list of places."""

    def __init__(self, signature: Sequence[Any]) -> None:
        codes = list(_codes(signature))
        self._struct = Struct("".join(codes))
        self.memory = ctypes.create_string_buffer(max(self._struct.size, 1))
        begins = ctypes.addressof(self.memory)
        ends = (calcsize("".join(codes[: count + 1])) for count in range(len(codes)))
        places = [begins + end - calcsize(code) for end, code in zip(ends, codes, strict=True)]
        self._places = (ctypes.c_void_p * len(places))(*places)
        self.address = ctypes.addressof(self._places)

    def fill(self, args: Sequence[Any]) -> None:
        """Put what a launch is given there.

        Raises:
            OverflowError: a whole number is larger than its type.
        """
        numbers: list[Any] = []
        _add(args, numbers)
        try:
            self._struct.pack_into(self.memory, 0, *numbers)
        except (OverflowError, StructError):  # of floats of Python's, too: beyond float32 is infinity
            with np.errstate(over="ignore"):
                numbers = [float(np.float32(n)) if type(n) is float else n for n in numbers]
            try:
                self._struct.pack_into(self.memory, 0, *numbers)
            except StructError as error:
                raise OverflowError(f"A kernel was given a number that its type does not hold: {error}.") from error


def _add(args: Sequence[Any], numbers: list[Any]) -> None:
    """Of an array the words of its memory, of a tuple what is in it."""
    for arg in args:
        if type(arg) is DeviceArray:
            numbers += arg.flat.words
        elif isinstance(arg, tuple):
            _add(arg, numbers)
        else:
            numbers.append(arg)


def _codes(signature: Sequence[Any]) -> Iterator[str]:
    for kind in signature:
        if isinstance(kind, types.Array):
            yield from ARRAY
        elif isinstance(kind, types.BaseTuple):
            yield from _codes(tuple(kind))
        else:
            yield CODES[kind]
