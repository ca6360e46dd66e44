"""Activation functions, defined: one number in, one number out."""

import numpy as np

from cnnkit.kernels.reference.store import deliver
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.scalar import Activation, activate_scalar, activate_slope, activate_slope_at


def activate(x: Host, activation: Activation, *, out: Host | None = None) -> Host:
    """y = act(x), element by element."""
    y = np.zeros(x.shape)
    for i in np.ndindex(*x.shape):
        y[i] = activate_scalar(float(x[i]), *activation)
    return deliver(y, out)


def activate_dx(dy: Host, y: Host, activation: Activation, *, out: Host | None = None) -> Host:
    """dx = dy · act'(x), where the slope is told from the OUTPUT y: such an activation need not keep its input."""
    dx = np.zeros(y.shape)
    for i in np.ndindex(*y.shape):
        dx[i] = float(dy[i]) * activate_slope(float(y[i]), *activation)
    return deliver(dx, out)


def activate_dx_at(dy: Host, z: Host, activation: Activation, *, out: Host | None = None) -> Host:
    """dz = dy · act'(z), where the slope is computed at the INPUT z: for every kind."""
    dz = np.zeros(z.shape)
    for i in np.ndindex(*z.shape):
        dz[i] = float(dy[i]) * activate_slope_at(float(z[i]), *activation)
    return deliver(dz, out)
