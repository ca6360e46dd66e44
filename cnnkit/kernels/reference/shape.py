"""Arrays of another shape, defined: elements moved about (integers stay what they are), and images resized."""

import builtins
from collections.abc import Sequence

import numpy as np

from cnnkit.kernels.reference.store import deliver
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.resizing import sources


def concat(xs: Sequence[Host], axis: int, *, out: Host | None = None) -> Host:
    """The arrays one behind the other along `axis`."""
    return deliver(_exact(np.concatenate(xs, axis=axis)), out, channels=True)


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


def resize(
    x: Host, size: tuple[int, int], *, nearest: bool = False, align_corners: bool = False, out: Host | None = None
) -> Host:
    """Each pixel of the result is the mean of the four around its place in x, weighed by how near they are; or one.

    y[n, oy, ox, c] = Σ over 2x2 pixels  down · across · x[n, iy, ix, c]

    Args:
        x: (N, H, W, C), of at least one pixel.
        size: (OH, OW).
        nearest: one pixel alone, so that no new number appears.
        align_corners: see shared/resizing.py.

    Returns:
        (N, OH, OW, C).
    """
    y = np.zeros((x.shape[0], *size, x.shape[3]))
    for oy, ox, iy, ix, weight in _links(x.shape, size, nearest, align_corners):
        y[:, oy, ox] += weight * x[:, iy, ix]
    return deliver(y, out)


def resize_dx(
    dy: Host,
    x_shape: tuple[int, ...],
    *,
    nearest: bool = False,
    align_corners: bool = False,
    out: Host | None = None,
) -> Host:
    """Each dy goes back to the pixels it was made of, by the same weights."""
    dx = np.zeros(x_shape)
    for oy, ox, iy, ix, weight in _links(x_shape, dy.shape[1:3], nearest, align_corners):
        dx[:, iy, ix] += weight * dy[:, oy, ox]
    return deliver(dx, out)


def _links(
    x_shape: tuple[int, ...], size: tuple[int, ...], nearest: bool, align_corners: bool
) -> list[tuple[int, int, int, int, float]]:
    """(oy, ox, iy, ix, weight) of every pixel that counts in an output."""
    down, across = (
        [
            (o, int(pixel), float(weight))
            for o, (low, high, share) in enumerate(zip(*sources(*sizes, nearest, align_corners), strict=True))
            for pixel, weight in ((low, 1 - share), (high, share))
            if weight
        ]
        for sizes in zip(x_shape[1:3], size, strict=True)
    )
    return [(oy, ox, iy, ix, a * b) for oy, iy, a in down for ox, ix, b in across]
