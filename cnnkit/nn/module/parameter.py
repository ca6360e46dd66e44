"""Parameter: a tensor that is learned."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from cnnkit import kernels
from cnnkit.autograd import Tensor
from cnnkit.kernels.shared.array import Array

_LINE = 64  # bytes


class Parameter(Tensor):
    """A tensor that is learned. It owns its array, a copy that starts on a cache line.

    An array that cannot be written to, as `init.without_values` makes, is kept as it is until a state is loaded.

    given: an object that is another one whenever another array is given to `data`.
    source: what gives the same numbers anew, as the file does that they came from; None where there is none.
    """

    __slots__ = ("_array", "_back", "_shape", "given", "source")
    _array: Array | None
    _back: Callable[[], Array] | None
    _shape: tuple[int, ...]
    given: object
    source: Callable[[], Array] | None

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.requires_grad = True
        if has_memory(self.data):
            self.take(self.data)

    @property
    def data(self) -> Array:
        """The numbers; those that somebody else keeps are asked for anew, but not to learn shapes alone."""
        if self._array is None:
            if kernels.is_walking():
                walked: Array = kernels.home().zeros(self._shape)
                return walked
            assert self._back is not None
            self._array = self._back()
        return self._array

    @data.setter
    def data(self, array: Array) -> None:
        self._array, self._back, self._shape, self.given, self.source = array, None, array.shape, object(), None

    @property
    def shape(self) -> tuple[int, ...]:
        return self._shape

    @property
    def ndim(self) -> int:
        return len(self._shape)

    @property
    def size(self) -> int:
        return math.prod(self._shape)

    def leave_to(self, back: Callable[[], Array]) -> None:
        """Hold the array no longer: somebody else keeps its numbers, and gives them back when they are asked for."""
        self._array, self._back = None, back

    def let_go(self) -> None:
        """Hold the array no longer, if there is a source of its numbers."""
        if self.source is not None:
            self.leave_to(self.source)

    def take(self, data: Array, *, keep: bool = False) -> None:
        """Copy these numbers in; memory is taken where there is none yet.

        keep: whether the very array may be kept in its place, if kernels can take it as it is.
        """
        k = kernels.of(self.data)
        if keep and not has_memory(self.data) and _may_be_kept(data, self.data):
            self.data = data
            return
        if not has_memory(self.data) or data is self.data:
            self.data = k.empty(data.shape, self.data.dtype)
        k.copy_into(self.data, data)


def has_memory(array: Array) -> bool:
    """Whether an array can be written to; what `init.without_values` makes cannot."""
    return not isinstance(array, np.ndarray) or bool(array.flags.writeable)


def _may_be_kept(array: Array, like: Array) -> bool:
    """Whether both are this machine's, and an array of these numbers would be made just so: on a cache line."""
    if not isinstance(array, np.ndarray) or not isinstance(like, np.ndarray) or array.dtype != like.dtype:
        return False
    return array.flags.carray and array.ctypes.data % _LINE == 0
