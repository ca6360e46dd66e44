"""Parameter: a tensor that is learned."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from cnnkit import kernels
from cnnkit.autograd import Tensor
from cnnkit.kernels.shared.array import Array


class Parameter(Tensor):
    """A tensor that is learned. It owns its array, a copy that starts on a cache line.

    An array that cannot be written to, as `init.without_values` makes, is kept as it is until a state is loaded.

    given: an object that is another one whenever another array is given to `data`.
    """

    __slots__ = ("_array", "_back", "_shape", "given")
    _array: Array | None
    _back: Callable[[], Array] | None
    _shape: tuple[int, ...]
    given: object

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.requires_grad = True
        if has_memory(self.data):
            self.take(self.data)

    @property
    def data(self) -> Array:
        """The numbers; those that somebody else keeps are asked for anew."""
        if self._array is None:
            assert self._back is not None
            self._array = self._back()
        return self._array

    @data.setter
    def data(self, array: Array) -> None:
        self._array, self._back, self._shape, self.given = array, None, array.shape, object()

    @property
    def shape(self) -> tuple[int, ...]:
        return self._shape

    @property
    def size(self) -> int:
        return math.prod(self._shape)

    def leave_to(self, back: Callable[[], Array]) -> None:
        """Hold the array no longer: somebody else keeps its numbers, and gives them back when they are asked for."""
        self._array, self._back = None, back

    def take(self, data: Array) -> None:
        """Copy these numbers in; memory is taken where there is none yet."""
        k = kernels.of(self.data)
        if not has_memory(self.data) or data is self.data:
            self.data = k.empty(data.shape, self.data.dtype)
        k.copy_into(self.data, data)


def has_memory(array: Array) -> bool:
    """Whether an array can be written to; what `init.without_values` makes cannot."""
    return not isinstance(array, np.ndarray) or bool(array.flags.writeable)
