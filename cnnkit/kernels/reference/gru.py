"""The gated recurrent unit over an axis of images, defined: one step after the other."""

from collections.abc import Iterator

import numpy as np

from cnnkit.kernels.reference.store import deliver
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.out import Outs, outs
from cnnkit.kernels.shared.scalar import SIGMOID, activate_scalar

_sigmoid = np.vectorize(lambda x: activate_scalar(x, *SIGMOID), otypes=[np.float64])


def gru(
    p: Host, u: Host, b: Host, axis: int, *, keep: bool = False, out: Outs | None = None
) -> tuple[Host, Host | None]:
    """States of D directions of U units along an axis; the first goes with it, the second against it.

    With h the state of the step before, 0 at first, and (p_r, p_z, p_n) what the input of this step gives:

        r = σ(p_r + h·u_r + b_r)                 how much of the state the candidate sees (reset)
        z = σ(p_z + h·u_z + b_z)                 how much of the state stays (update)
        n = tanh(p_n + r ⊙ q),  q = h·u_n + b_n  the candidate
        state = (1 - z) ⊙ n + z ⊙ h

    The reset gate is applied to the product, as in PyTorch and cuDNN; the paper multiplies h before it.

    Args:
        p: (N, H, W, D·3·U), for each direction r, z and n, one after the other.
        u: (D, U, 3·U), the recurrent weights in that order.
        b: (D·3·U,).
        axis: 1 to go from row to row, 2 to go from column to column.
        keep: also return the gates, which the gradient needs.

    Returns:
        The states (N, H, W, D·U), and the gates (N, H, W, D·4·U), r, z, n and q of each direction, or None.

    Source: Cho et al. 2014, arXiv:1406.1078, section 2.3.
    """
    D, U, _ = u.shape
    y, gates = np.zeros((*p.shape[:3], D, U)), np.zeros((*p.shape[:3], D, 4, U))
    weights, bias = u.reshape(D, U, 3, U), b.reshape(D, 3, U)
    for d in range(D):
        h = np.zeros(())
        for t in _order(p.shape[axis], d):
            at = _at(axis, t)
            r_in, z_in, n_in = np.moveaxis(p.reshape(*p.shape[:3], D, 3, U)[at][:, :, d], 2, 0).astype(np.float64)
            h = np.broadcast_to(h, n_in.shape)
            products = [_product(h, weights[d, :, gate]) + bias[d, gate] for gate in range(3)]
            r, z, q = _sigmoid(r_in + products[0]), _sigmoid(z_in + products[1]), products[2]
            n = np.tanh(n_in + r * q)
            h = (1 - z) * n + z * h
            y[at][:, :, d] = h
            gates[at][:, :, d] = np.stack([r, z, n, q], axis=2)
    into, into_gates = outs(out, 2)
    kept = deliver(gates.reshape(*p.shape[:3], D * 4 * U), into_gates) if keep else None
    return deliver(y.reshape(*p.shape[:3], D * U), into), kept


def gru_dx(dy: Host, y: Host, gates: Host, u: Host, axis: int, *, out: Outs | None = None) -> tuple[Host, Host]:
    """(dp, dq), both (N, H, W, D·3·U): the gradients by p, and by the products h·u + b of all three gates.

    They differ by the reset gate: dq_n = r ⊙ dp_n. What goes back to the step before is dh ⊙ z + dq · uᵀ.
    """
    D, U, _ = u.shape
    shape = y.shape[:3]
    states, kept, dys = y.reshape(*shape, D, U), gates.reshape(*shape, D, 4, U), dy.reshape(*shape, D, U)
    dp, dq = np.zeros((*shape, D, 3, U)), np.zeros((*shape, D, 3, U))
    for d in range(D):
        carry = np.zeros(())
        order = list(_order(y.shape[axis], d))
        for turn in reversed(range(len(order))):
            at = _at(axis, order[turn])
            h = states[_at(axis, order[turn - 1])][:, :, d] if turn else 0.0
            r, z, n, q = np.moveaxis(kept[at][:, :, d], 2, 0).astype(np.float64)
            dh = dys[at][:, :, d] + carry
            dn = dh * (1 - z) * (1 - n * n)
            dz = dh * (h - n) * z * (1 - z)
            dr = dn * q * r * (1 - r)
            dp[at][:, :, d] = np.stack([dr, dz, dn], axis=2)
            dq[at][:, :, d] = np.stack([dr, dz, dn * r], axis=2)
            carry = dh * z + _product(dq[at][:, :, d].reshape(*dh.shape[:2], 3 * U), u[d].T)
    into, into_dq = outs(out, 2)
    flat = (*shape, D * 3 * U)
    return deliver(dp.reshape(flat), into), deliver(dq.reshape(flat), into_dq)


def _order(steps: int, direction: int) -> Iterator[int]:
    return iter(range(steps)) if direction == 0 else reversed(range(steps))


def _at(axis: int, t: int) -> tuple[slice | int, ...]:
    """All images and sequences at step t."""
    return (slice(None), t) if axis == 1 else (slice(None), slice(None), t)


def _product(a: Host, b: Host) -> Host:
    """c[n, s, m] = Σ k  a[n, s, k] · b[k, m]."""
    c = np.zeros((*a.shape[:2], b.shape[1]))
    for k in range(a.shape[2]):
        c += a[:, :, k, None].astype(np.float64) * b[k]
    return c
