"""Moving elements about, defined. Integers stay what they are."""

import builtins
from collections.abc import Sequence

import numpy as np

from cnnkit.kernels.reference.store import deliver
from cnnkit.kernels.shared.array import Array


def concat(xs: Sequence[Array], axis: int, *, out: Array | None = None) -> Array:
    """The arrays one behind the other along `axis`."""
    return deliver(_exact(np.concatenate(xs, axis=axis)), out)


def pad(x: Array, widths: Sequence[tuple[int, int]], value: float = 0.0, *, out: Array | None = None) -> Array:
    """x with widths[axis] = (before, after) elements of `value` around it."""
    shape = [before + size + after for size, (before, after) in zip(x.shape, widths, strict=True)]
    y = np.full(shape, value, _exact(x).dtype)
    y[tuple(builtins.slice(before, before + size) for size, (before, _) in zip(x.shape, widths, strict=True))] = x
    return deliver(y, out)


def slice(
    x: Array, starts: Sequence[int], stops: Sequence[int], steps: Sequence[int], *, out: Array | None = None
) -> Array:
    """x[start:stop:step] on every axis, by Python's rules of slicing."""
    return deliver(_exact(x[_slices(starts, stops, steps)]), out)


def slice_dx(
    dy: Array,
    x_shape: tuple[int, ...],
    starts: Sequence[int],
    stops: Sequence[int],
    steps: Sequence[int],
    *,
    out: Array | None = None,
) -> Array:
    """dy at the elements that were taken, zero elsewhere."""
    dx = np.zeros(x_shape)
    dx[_slices(starts, stops, steps)] = dy
    return deliver(dx, out)


def permute(x: Array, axes: Sequence[int], *, out: Array | None = None) -> Array:
    """The axes in another order: axis i of the result is axis axes[i] of x; in memory too, it is no view."""
    return deliver(_exact(x.transpose(axes)), out)


def _exact(x: Array) -> Array:
    """A copy in the type that these definitions give: floats in float64, integers as they are."""
    return np.array(x, x.dtype if x.dtype.kind in "iu" else np.float64, order="C")


def _slices(starts: Sequence[int], stops: Sequence[int], steps: Sequence[int]) -> tuple[builtins.slice, ...]:
    return tuple(builtins.slice(*bounds) for bounds in zip(starts, stops, steps, strict=True))
