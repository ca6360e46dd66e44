"""The fully connected layer: a product of matrices, and its two gradients."""

import numpy as np

from cnnkit.kernels.reference.activation import activate_dx
from cnnkit.kernels.reference.conv import epilogue
from cnnkit.kernels.reference.store import deliver
from cnnkit.kernels.shared.array import Array
from cnnkit.kernels.shared.scalar import IDENTITY, Activation


def dense(
    x: Array, w: Array, *, bias: Array | None = None, activation: Activation = IDENTITY, out: Array | None = None
) -> Array:
    """y[n, m] = Σ k  x[n, k] · w[k, m]  (+ bias[m], then the activation);  x (N, K), w (K, M).

    Cost: N·K·M multiply-adds.
    """
    return deliver(epilogue(_product(x, w), bias, None, activation), out)


def dense_dx(
    dy: Array,
    w: Array,
    *,
    x: Array | None = None,
    activation: Activation = IDENTITY,
    out: Array | None = None,
) -> Array:
    """dx[n, k] = Σ m  dy[n, m] · w[k, m];  where x = act(z) is given, the gradient by z, dx · act'(x)."""
    dx = _product(dy, w.T)
    return deliver(dx if x is None else activate_dx(dx, x, activation), out)


def dense_dw(dy: Array, x: Array, *, db: Array | None = None, out: Array | None = None) -> Array:
    """dw[k, m] = Σ n  x[n, k] · dy[n, m];  db (M,), where given, is filled with the sums of dy over its rows."""
    if db is not None:
        db[...] = dy.sum(axis=0, dtype=np.float64)
    return deliver(_product(x.T, dy), out)


def _product(a: Array, b: Array) -> Array:
    y = np.zeros((a.shape[0], b.shape[1]))
    for i, j in np.ndindex(*y.shape):
        for k in range(a.shape[1]):
            y[i, j] += float(a[i, k]) * float(b[k, j])
    return y
