"""Channels as a whole, defined: weighed by a factor for each image, or dealt out in another order."""

import numpy as np

from cnnkit.kernels.reference.store import deliver
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.out import Outs, outs


def scale_channels(x: Host, s: Host, *, out: Host | None = None) -> Host:
    """y[n, y, x, c] = x[n, y, x, c] · s[n, c].

    Source: Hu et al. 2017, arXiv:1709.01507, equation 4.
    """
    y = np.zeros(x.shape)
    for n in range(len(x)):
        y[n] = x[n].astype(np.float64) * s[n]
    return deliver(y, out)


def scale_channels_dx(dy: Host, x: Host, s: Host, *, out: Outs | None = None) -> tuple[Host, Host]:
    """dx = dy · s, and ds[n, c] = Σ y, x  dy[n, y, x, c] · x[n, y, x, c]."""
    products = dy.astype(np.float64) * x
    into, into_ds = outs(out, 2)
    return scale_channels(dy, s, out=into), deliver(products.sum(axis=(1, 2)), into_ds)


def channel_shuffle(x: Host, groups: int, *, out: Host | None = None) -> Host:
    """Channels of x (..., C), dealt out: y[..., i·groups + g] = x[..., g·(C / groups) + i].

    Its gradient is the same with C / groups in place of groups.

    Source: Zhang et al. 2017, arXiv:1707.01083, section 3.1.
    """
    C = x.shape[-1]
    y = np.zeros(x.shape)
    for g in range(groups):
        for i in range(C // groups):
            y[..., i * groups + g] = x[..., g * (C // groups) + i]
    return deliver(y, out)


def pick_channels(x: Host, places: tuple[int, ...], *, out: Host | None = None) -> Host:
    """Channels of x (..., C) in another order, some of them left out or taken again: y[..., i] = x[..., places[i]]."""
    y = np.zeros((*x.shape[:-1], len(places)))
    for i, place in enumerate(places):
        y[..., i] = x[..., place]
    return deliver(y, out)
