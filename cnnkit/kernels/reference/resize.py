"""Images made larger or smaller, pixel by pixel from their nearest neighbours."""

import numpy as np

from cnnkit.kernels.reference.store import deliver
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.resizing import sources


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
