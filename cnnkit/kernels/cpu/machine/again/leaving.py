"""Arrays that a computation gives away: whoever has them may keep them, so each time it makes them somewhere else.

    leaving = Leaving({7: 640, 9: 64})      # bytes by number; each on a line of one piece of memory
    leaving.lies(7, address)                # where the seventh lies as calls are noted
    twin = leaving.twin(array)              # the same place, for a call that is made again
    memory = leaving.renewed()              # from now on all twins lie in here

A call's words hold the address of an array's object, and the kernel finds its numbers through that (`code/kinds.py`).
So to move an array is to write one word of its object, however many calls it is given to.
"""

from collections.abc import Mapping
from ctypes import c_byte, c_void_p
from itertools import accumulate
from typing import Any

import numpy as np

from cnnkit.kernels.cpu.machine import buffers
from cnnkit.kernels.shared.array import Host

DATA = object.__basicsize__  # bytes from the beginning of an array's object to where its data's address stands


class Leaving:
    """sizes: in whole lines.   size: of all."""

    def __init__(self, sizes: Mapping[int, int]) -> None:
        self._sizes = sizes
        ends = list(accumulate(sizes.values()))
        self.size = ends[-1] if ends else 0
        self._places = dict(zip(sizes, [0, *ends], strict=False))
        self._begins: dict[int, int] = {}
        self._moving: list[tuple[c_void_p, int]] = []
        self._twins: list[Host] = []

    def __contains__(self, number: int) -> bool:
        return number in self._sizes

    def lies(self, number: int, begin: int) -> None:
        """For now it has memory of its own, from this address on."""
        self._begins[number] = begin

    def holds(self, array: Host) -> bool:
        """Whether an array is one of these, or a part of one."""
        return self._number(array) is not None

    def twin(self, array: Host) -> Host:
        """The same numbers, in an array that keeps no memory alive, and that moves."""
        number = self._number(array)
        assert number is not None
        within = array.ctypes.data - self._begins[number]
        memory: Any = (c_byte * self._sizes[number]).from_address(self._begins[number])
        twin: Host = np.ndarray(array.shape, array.dtype, memory, within, array.strides)
        self._twins.append(twin)
        self._moving.append((c_void_p.from_address(id(twin) + DATA), self._places[number] + within))
        return twin

    def span(self, array: Host) -> tuple[slice, tuple[int, ...]]:
        """Which floats of all memory are those of an array, and its shape."""
        number = self._number(array)
        assert number is not None
        first = (self._places[number] + array.ctypes.data - self._begins[number]) // buffers.FLOAT.itemsize
        return slice(first, first + array.size), array.shape

    def _number(self, array: Host) -> int | None:
        address = array.ctypes.data
        within = (n for n, begin in self._begins.items() if begin <= address < begin + self._sizes[n])
        return next(within, None)

    def renewed(self) -> Host:
        """New memory for all: floats whose number is that of bytes by four."""
        memory: Host = buffers.empty(self.size // buffers.FLOAT.itemsize)
        begin = memory.ctypes.data
        for address, place in self._moving:
            address.value = begin + place
        return memory
