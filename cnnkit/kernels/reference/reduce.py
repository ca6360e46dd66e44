"""Sums, means and maxima over some axes, defined."""

import numpy as np

from cnnkit.kernels.shared.array import Array


def sum_over(x: Array, axes: tuple[int, ...], keepdims: bool = False) -> Array:
    """The sum over `axes` (counted from the end where negative); over no elements it is 0."""
    return np.asarray(x.astype(np.float64).sum(axis=axes, keepdims=keepdims))


def mean_over(x: Array, axes: tuple[int, ...], keepdims: bool = False) -> Array:
    """The mean over `axes`; NaN over no elements."""
    count = 1
    for axis in axes:
        count *= x.shape[axis]
    total = sum_over(x, axes, keepdims)
    return total / count if count else np.full(total.shape, np.nan)


def max_over(x: Array, axes: tuple[int, ...], keepdims: bool = False) -> Array:
    """The greatest element over `axes`, NaN where one is NaN; over no elements it is -inf."""
    return np.asarray(x.astype(np.float64).max(axis=axes, keepdims=keepdims, initial=-np.inf))
