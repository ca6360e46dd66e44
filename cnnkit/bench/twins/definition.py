"""Answers beside the definition's, wherever they lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cnnkit import kernels
from cnnkit.autograd import Tensor
from cnnkit.errors import CheckFailed
from cnnkit.kernels.shared.array import Host

# Of the greatest number of an answer: rounding of sums of some thousand terms, and of factors of ten binary digits.
ROUNDING, TF32 = 1e-5, 2e-3


def fetched(answer: Any) -> Host:
    """The numbers of a tensor, of an array of any home, or of one number."""
    array = answer.data if isinstance(answer, Tensor) else answer
    numbers: Host = kernels.of(array).fetch(array) if hasattr(array, "dtype") else np.asarray(array)
    return numbers


def check_by_definition(name: str, work: Callable[[type], Sequence[Any]]) -> None:
    """CheckFailed where answers differ from the definition's by more than rounding.

    work: the answers, of operands that are made of this type where new arrays go: float32, and for the definition
    float64.
    """
    found = list(map(fetched, work(np.float32)))
    with kernels.use(backend="reference"):
        exact = list(map(fetched, work(np.float64)))
    error = max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in zip(found, exact, strict=True))
    if not error <= (TF32 if kernels.precision() == "tf32" else ROUNDING):
        raise CheckFailed(f"{name} differs from its definition by {error:.2g}.")
