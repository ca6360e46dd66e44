"""The fully connected layer: a product of matrices, and its two gradients."""

import numpy as np

from cnnkit.kernels.reference.conv import epilogue
from cnnkit.kernels.reference.elementwise.activation import activate_dx
from cnnkit.kernels.reference.store import deliver
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.out import Outs, outs
from cnnkit.kernels.shared.scalar import IDENTITY, Activation


def dense(
    x: Host, w: Host, *, bias: Host | None = None, activation: Activation = IDENTITY, out: Host | None = None
) -> Host:
    """y[n, m] = Σ k  x[n, k] · w[k, m]  (+ bias[m], then the activation);  x (N, K), w (K, M).

    Cost: N·K·M multiply-adds.
    """
    return deliver(epilogue(_product(x, w), bias, None, activation), out)


def dense_dx(
    dy: Host,
    w: Host,
    *,
    x: Host | None = None,
    activation: Activation = IDENTITY,
    out: Host | None = None,
) -> Host:
    """dx[n, k] = Σ m  dy[n, m] · w[k, m];  where x = act(z) is given, the gradient by z, dx · act'(x)."""
    dx = _product(dy, w.T)
    return deliver(dx if x is None else activate_dx(dx, x, activation), out)


def dense_dw(dy: Host, x: Host, *, needs_db: bool = False, out: Outs | None = None) -> tuple[Host, Host | None]:
    """dw[k, m] = Σ n  x[n, k] · dy[n, m];  where `needs_db` says so db[m] = Σ n  dy[n, m], else None."""
    into, into_db = outs(out, 2)
    dw = deliver(_product(x.T, dy), into)
    return dw, deliver(dy.sum(axis=0, dtype=np.float64), into_db) if needs_db else None


def _product(a: Host, b: Host) -> Host:
    y = np.zeros((a.shape[0], b.shape[1]))
    for i, j in np.ndindex(*y.shape):
        for k in range(a.shape[1]):
            y[i, j] += float(a[i, k]) * float(b[k, j])
    return y
