"""The type of every tensor that a kernel takes or returns; shapes and dtypes are checked in `ops`."""

from typing import Any, TypeAlias

from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
