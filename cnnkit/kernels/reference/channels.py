"""One factor for each channel of each image, defined: how squeeze-and-excitation weighs channels."""

import numpy as np

from cnnkit.kernels.reference.store import deliver
from cnnkit.kernels.shared.array import Array


def scale_channels(x: Array, s: Array, *, out: Array | None = None) -> Array:
    """y[n, y, x, c] = x[n, y, x, c] · s[n, c].

    Source: Hu et al. 2017, arXiv:1709.01507, equation 4.
    """
    y = np.zeros(x.shape)
    for n in range(len(x)):
        y[n] = x[n].astype(np.float64) * s[n]
    return deliver(y, out)


def scale_channels_dx(dy: Array, x: Array, s: Array) -> tuple[Array, Array]:
    """dx = dy · s, and ds[n, c] = Σ y, x  dy[n, y, x, c] · x[n, y, x, c]."""
    products = dy.astype(np.float64) * x
    return scale_channels(dy, s), products.sum(axis=(1, 2))
