"""What an array is above the kernels, and what a NumPy array is called where only one of those will do.

Code above the kernels knows no more of an array than `Array` says: no arithmetic, no index. It asks `kernels.of(x)`,
and so it runs on arrays of any machine. What is looked at, or written to a file, is fetched first and is then a `Host`.
"""

from typing import Any, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cnnkit.kernels.shared import homes

# In this machine's memory: what the kernels `cpu` and `reference` take, what files and pictures become.
Host: TypeAlias = NDArray[Any]


class Array(Protocol):
    """Numbers of one type in the memory of some machine."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    @property
    def ndim(self) -> int: ...

    @property
    def size(self) -> int: ...

    @property
    def nbytes(self) -> int: ...

    def reshape(self, shape: tuple[int, ...], /) -> Self: ...


def is_array(value: Any) -> bool:
    """Whether this is an array of any home."""
    return isinstance(value, np.ndarray) or type(value) in homes.OF_CLASS
