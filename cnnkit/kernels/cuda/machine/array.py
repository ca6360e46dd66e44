"""The class of this home's arrays: a shape and a type, and memory on the device that only kernels look into."""

from math import prod
from typing import Any, final

import numpy as np

from cnnkit.errors import DeviceError, ShapeError


@final
class DeviceArray:
    """Numbers on a CUDA device, in C's order; or some channels of such an array.

    flat: the memory from the first number to the last, as kernels take it; None in a walk through shapes.
    step: numbers from one pixel to the next; more than the last size where it is some channels of a larger array.
    """

    __slots__ = ("_flat", "dtype", "ndim", "shape", "size", "step")
    __array_ufunc__ = None

    def __init__(self, flat: Any, shape: tuple[int, ...], dtype: np.dtype[Any], step: int | None = None) -> None:
        self._flat, self.shape, self.dtype = flat, shape, dtype
        self.ndim, self.size = len(shape), prod(shape)
        self.step = (shape[-1] if shape else 1) if step is None else step

    @property
    def flat(self) -> Any:
        if self._flat is None:
            raise DeviceError("A result of a walk through shapes has no numbers: compute it outside shapes_only().")
        return self._flat

    @property
    def has_memory(self) -> bool:
        """Whether it has numbers: results of a walk through shapes have none."""
        return self._flat is not None

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    @property
    def reach(self) -> int:
        """How far behind its first number its last may lie."""
        return self.size if self.whole else self.size // self.shape[-1] * self.step

    @property
    def whole(self) -> bool:
        """Whether its numbers lie side by side."""
        return not self.shape or self.step == self.shape[-1] or self.size == self.shape[-1] or not self.size

    def reshape(self, shape: tuple[int, ...]) -> "DeviceArray":
        """The same numbers seen in another shape, of which one size may be -1."""
        shape = tuple(int(n) for n in ((shape,) if isinstance(shape, int) else shape))
        if -1 in shape:
            rest = -prod(shape)
            shape = tuple(self.size // max(rest, 1) if n == -1 else n for n in shape)
        if prod(shape) != self.size:
            raise ShapeError(f"An array of shape {self.shape} cannot be seen in shape {shape}.")
        if not self.whole:
            raise ShapeError("Some channels of an array cannot be seen in another shape. Copy them first.")
        return DeviceArray(self._flat, shape, self.dtype)

    def __array_function__(self, function: Any, *rest: Any) -> Any:
        raise DeviceError(f"numpy.{function.__name__} cannot read an array on a CUDA device: fetch it first.")

    def __array__(self, *rest: Any, **options: Any) -> Any:
        raise DeviceError("NumPy cannot read an array on a CUDA device: tensor.numpy() brings it here.")

    def __repr__(self) -> str:
        return f"<array of shape {self.shape}, {self.dtype}, on a CUDA device>"
