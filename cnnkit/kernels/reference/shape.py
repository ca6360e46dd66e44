"""Moving elements about, defined. Integers stay what they are."""

import builtins
from collections.abc import Sequence

import numpy as np

from cnnkit.kernels.reference.store import deliver
from cnnkit.kernels.shared.array import Host


def concat(xs: Sequence[Host], axis: int, *, out: Host | None = None) -> Host:
    """The arrays one behind the other along `axis`."""
    return deliver(_exact(np.concatenate(xs, axis=axis)), out)


def pad(x: Host, widths: Sequence[tuple[int, int]], value: float = 0.0, *, out: Host | None = None) -> Host:
    """x with widths[axis] = (before, after) elements of `value` around it."""
    shape = [before + size + after for size, (before, after) in zip(x.shape, widths, strict=True)]
    y = np.full(shape, value, _exact(x).dtype)
    y[tuple(builtins.slice(before, before + size) for size, (before, _) in zip(x.shape, widths, strict=True))] = x
    return deliver(y, out)


def slice(
    x: Host, starts: Sequence[int], stops: Sequence[int], steps: Sequence[int], *, out: Host | None = None
) -> Host:
    """x[start:stop:step] on every axis, by Python's rules of slicing."""
    return deliver(_exact(x[_slices(starts, stops, steps)]), out)


def slice_dx(
    dy: Host,
    x_shape: tuple[int, ...],
    starts: Sequence[int],
    stops: Sequence[int],
    steps: Sequence[int],
    *,
    out: Host | None = None,
) -> Host:
    """dy at the elements that were taken, zero elsewhere."""
    dx = np.zeros(x_shape)
    dx[_slices(starts, stops, steps)] = dy
    return deliver(dx, out)


def permute(x: Host, axes: Sequence[int], *, out: Host | None = None) -> Host:
    """The axes in another order: axis i of the result is axis axes[i] of x; in memory too, it is no view."""
    return deliver(_exact(x.transpose(axes)), out)


def _exact(x: Host) -> Host:
    """A copy in the type that these definitions give: floats in float64, integers as they are."""
    return np.array(x, x.dtype if x.dtype.kind in "iu" else np.float64, order="C")


def _slices(starts: Sequence[int], stops: Sequence[int], steps: Sequence[int]) -> tuple[builtins.slice, ...]:
    return tuple(builtins.slice(*bounds) for bounds in zip(starts, stops, steps, strict=True))
