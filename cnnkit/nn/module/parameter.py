"""Parameter: a tensor that is learned."""

from typing import Any

import numpy as np

from cnnkit import kernels
from cnnkit.autograd import Tensor
from cnnkit.kernels.shared.array import Array


class Parameter(Tensor):
    """A tensor that is learned. It owns its array, a copy that starts on a cache line.

    An array that cannot be written to, as `init.without_values` makes, is kept as it is until a state is loaded.
    """

    __slots__ = ()

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.requires_grad = True
        if has_memory(self.data):
            self.take(self.data)

    def take(self, data: Array) -> None:
        """Copy these numbers in; memory is taken where there is none yet."""
        k = kernels.of(self.data)
        if not has_memory(self.data) or data is self.data:
            self.data = k.empty(data.shape, self.data.dtype)
        k.copy_into(self.data, data)


def has_memory(array: Array) -> bool:
    """Whether an array can be written to; what `init.without_values` makes cannot."""
    return not isinstance(array, np.ndarray) or bool(array.flags.writeable)
