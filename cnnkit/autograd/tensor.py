"""Tensor: an array that remembers what it was computed from."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnkit import kernels
from cnnkit.autograd import tape
from cnnkit.autograd.tape import Node
from cnnkit.errors import ShapeError, UsageError
from cnnkit.kernels.shared.array import Array, Host, is_array

if TYPE_CHECKING:
    from cnnkit.kernels.shared.scalar import Activation


class Tensor:
    """An array, its gradient, and the way back to what it was computed from.

    Numbers become float32 and go where new arrays go (`kernels.home`); an array of a device stays there. NumPy's
    float64 stays as it is and is computed by the definitions (`kernels.reference`).
    `grad` is filled by `backward` where `requires_grad` was asked for, and added to until it is set to None.
    """

    __slots__ = ("__weakref__", "_index", "_node", "data", "grad", "requires_grad")
    # An operator between an array and a Tensor is the Tensor's: numpy would compute it without a tape.
    __array_ufunc__ = None

    def __init__(self, data: Any, requires_grad: bool = False) -> None:
        if isinstance(data, Tensor):
            data = data.data
        if not is_array(data) or data.dtype not in (np.float32, np.float64):
            data = np.asarray(data, dtype=np.float32)
        here = isinstance(data, np.ndarray) and data.dtype == np.float32
        self.data: Array = kernels.home().put(data) if here else data
        self.grad: Array | None = None
        self.requires_grad = requires_grad
        self._node: Node | None = None
        self._index = 0

    @classmethod
    def recorded(cls, data: Array, node: Node | None, index: int = 0) -> "Tensor":
        """Output `index` of a recorded call; a plain result where node is None."""
        tensor = Tensor.__new__(Tensor)
        tensor.data = data
        tensor.grad = None
        tensor.requires_grad = node is not None
        tensor._node = node
        tensor._index = index
        return tensor

    def activation(self) -> "Activation | None":
        """The activation in which the call ended that made this tensor."""
        return None if self._node is None else self._node.activation

    def edge(self, gate: "Activation | None" = None) -> "tuple[Node | Tensor, int]":
        """Where this tensor's gradient goes: to the call that made it (before its activation), or to the tensor."""
        if self._node is None:
            return self, 0
        if gate is not None:
            return self._node, 1
        self._node.keep(self.data)
        return self._node, self._index

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    @property
    def ndim(self) -> int:
        return self.data.ndim

    @property
    def size(self) -> int:
        return self.data.size

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.data.dtype

    def numpy(self) -> Host:
        """The numbers as a NumPy array: the array itself, not a copy, unless it lies on a device."""
        host: Host = kernels.of(self.data).fetch(self.data)
        return host

    def later(self) -> Callable[[], Host]:
        """`numpy`, to be called when it is wanted: a device is sent for the numbers now, and waited for alone."""
        return kernels.later(self.data)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Host:
        """The numbers, for `np.asarray(tensor)`: the array itself, unless another dtype or a copy is asked for."""
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def item(self) -> float:
        """The number of a tensor that holds one."""
        if self.data.size != 1:
            raise ShapeError(f"item expects a tensor of one number, but this one has shape {self.shape}. Use numpy().")
        return float(self.numpy().reshape(())[()])

    def detach(self) -> "Tensor":
        """The same array without a past."""
        return Tensor.recorded(self.data, None)

    def backward(self, dy: Any = None) -> None:
        """Add the gradient of this tensor (weighted by dy, 1 for a single number) to the `grad` of all it rests on."""
        if not self.requires_grad:
            raise UsageError(
                "backward was called on a tensor that depends on nothing with a gradient. Give a parameter "
                "requires_grad=True, and compute outside no_grad()."
            )
        gradient = self._seed(dy)
        if self._node is None:
            self.grad = gradient if self.grad is None else kernels.of(gradient).add(self.grad, gradient)
        else:
            self._node.keep(self.data)
            dys: list[Array | None] = [None] * self._node.outputs
            dys[self._index] = gradient
            tape.backward(self._node, dys)

    def _seed(self, dy: Any) -> Array:
        if dy is None:
            if self.data.size != 1:
                raise ShapeError(
                    f"backward starts from a single number, but this tensor has shape {self.shape}. "
                    "Reduce it first (mean, sum), or pass dy of that shape."
                )
            dy = np.ones(self.shape, self.dtype)
        elif isinstance(dy, Tensor):
            dy = dy.data
        elif not is_array(dy):
            dy = np.asarray(dy, self.dtype)
        if dy.shape != self.shape:
            raise ShapeError(
                f"backward expects dy of shape {self.shape}, that of the tensor, but received {dy.shape}. "
                "A gradient has the shape of what it belongs to."
            )
        k = kernels.of(self.data)
        seed: Array = k.empty(self.shape, self.dtype)
        k.copy_into(seed, dy)
        return seed

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("a Tensor of one number has no length")
        return self.shape[0]

    def __repr__(self) -> str:
        note = ", requires_grad=True" if self.requires_grad else ""
        numbers = np.array2string(self.numpy(), separator=", ", threshold=20, prefix="Tensor(")
        return f"Tensor({numbers}, {self.data.dtype}{note})"

    if TYPE_CHECKING:  # installed by ops/arithmetic.py

        def __add__(self, other: Any) -> "Tensor": ...
        def __radd__(self, other: Any) -> "Tensor": ...
        def __sub__(self, other: Any) -> "Tensor": ...
        def __rsub__(self, other: Any) -> "Tensor": ...
        def __mul__(self, other: Any) -> "Tensor": ...
        def __rmul__(self, other: Any) -> "Tensor": ...
        def __truediv__(self, other: Any) -> "Tensor": ...
        def __rtruediv__(self, other: Any) -> "Tensor": ...
        def __neg__(self) -> "Tensor": ...
        def __matmul__(self, other: Any) -> "Tensor": ...
        def __rmatmul__(self, other: Any) -> "Tensor": ...
