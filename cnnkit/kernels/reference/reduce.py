"""Sums, means and maxima over some axes, defined."""

import numpy as np

from cnnkit.kernels.reference.store import deliver
from cnnkit.kernels.shared.array import Host


def sum_over(x: Host, axes: tuple[int, ...], keepdims: bool = False, *, out: Host | None = None) -> Host:
    """The sum over `axes` (counted from the end where negative); over no elements it is 0."""
    return deliver(np.asarray(x.astype(np.float64).sum(axis=axes, keepdims=keepdims)), out)


def mean_over(x: Host, axes: tuple[int, ...], keepdims: bool = False, *, out: Host | None = None) -> Host:
    """The mean over `axes`; NaN over no elements."""
    count = 1
    for axis in axes:
        count *= x.shape[axis]
    total = sum_over(x, axes, keepdims)
    return deliver(np.asarray(total / count) if count else np.full(total.shape, np.nan), out)


def max_over(x: Host, axes: tuple[int, ...], keepdims: bool = False, *, out: Host | None = None) -> Host:
    """The greatest element over `axes`, NaN where one is NaN; over no elements it is -inf."""
    return deliver(np.asarray(x.astype(np.float64).max(axis=axes, keepdims=keepdims, initial=-np.inf)), out)
