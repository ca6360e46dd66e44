"""Compare a backward with central differences, in float64."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cnnkit import kernels
from cnnkit.autograd.tape import no_grad
from cnnkit.autograd.tensor import Tensor
from cnnkit.errors import CheckFailed
from cnnkit.kernels.shared.array import Host


def gradcheck(
    fn: Callable[..., Tensor],
    inputs: Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-7,
    rtol: float = 1e-5,
    name: str | None = None,
) -> None:
    """Raise CheckFailed, naming the element, unless each gradient of fn(*inputs) is that of its values.

    dL/dx[i] ≈ (L(x + eps·e_i) - L(x - eps·e_i)) / (2·eps),   L = Σ fn(*inputs) · dy,  dy drawn once

    The rounding of the difference is about 1e-16·|L|/eps, its curvature error about eps²: both stay below atol for
    values of size 1.
    """
    arrays = [np.array(x, dtype=np.float64) for x in inputs]
    tensors = [Tensor(array, requires_grad=True) for array in arrays]
    y = fn(*tensors)
    dy = np.random.default_rng(0).uniform(0.5, 1.5, y.shape)
    y.backward(dy)
    del y
    what = name or getattr(fn, "__name__", "the function")
    for number, (array, tensor) in enumerate(zip(arrays, tensors, strict=True)):
        got = np.zeros_like(array) if tensor.grad is None else kernels.of(tensor.grad).fetch(tensor.grad)
        for index in np.ndindex(array.shape):
            expected = _central_difference(fn, arrays, array, index, dy, eps)
            if not abs(got[index] - expected) <= atol + rtol * abs(expected):
                raise CheckFailed(
                    f"The gradient of {what} by input {number} at {index} should be {expected:.9g} "
                    f"(central difference), but backward gives {got[index]:.9g}."
                )


def _central_difference(
    fn: Callable[..., Tensor], arrays: Sequence[Host], array: Host, index: tuple[int, ...], dy: Host, eps: float
) -> float:
    middle = array[index]
    losses = []
    for value in (middle + eps, middle - eps):
        array[index] = value
        with no_grad():
            losses.append(float(np.sum(fn(*[Tensor(a) for a in arrays]).data * dy)))
    array[index] = middle
    return (losses[0] - losses[1]) / (2 * eps)
