"""Normalisation, defined: over a batch for each channel, and across neighbouring channels."""

import math

import numpy as np

from cnnkit.kernels.reference.elementwise.activation import activate, activate_dx, activate_dx_at
from cnnkit.kernels.reference.elementwise.update import ema
from cnnkit.kernels.reference.store import deliver
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.out import Outs, outs
from cnnkit.kernels.shared.scalar import IDENTITY, Activation


def batch_norm(
    x: Host,
    weight: Host,
    bias: Host,
    eps: float,
    *,
    running: tuple[Host, Host] | None = None,
    momentum: float = 0.1,
    activation: Activation = IDENTITY,
    residual: Host | None = None,
    out: Outs | None = None,
) -> tuple[Host, Host, Host]:
    """Every channel shifted and scaled to mean 0 and variance 1 over the batch, then to what was learned.

    y = act((x - mean[c]) · rstd[c] · weight[c] + bias[c] + residual),   rstd = 1 / √(var + eps)

    Args:
        x: (..., C); mean and variance are over all axes but the last.
        weight, bias: (C,).
        eps: keeps a channel that never changes from being divided by zero.
        running: averages (C,) of mean and unbiased variance, changed in place:
            average ← (1 - momentum)·average + momentum·batch.
        residual: of the shape of x.

    Returns:
        y, mean (C,), var (C,): the biased variance, Σ (x - mean)² / count.

    Source: Ioffe & Szegedy 2015, arXiv:1502.03167, algorithm 1.
    """
    pixels = _pixels(x)
    mean = pixels.sum(axis=0) / len(pixels)
    var = ((pixels - mean) ** 2).sum(axis=0) / len(pixels)
    if running is not None:
        ema(running, [mean, var * (len(pixels) / max(len(pixels) - 1, 1))], 1 - momentum)
    scale = weight / np.sqrt(var + eps)
    y = _scaled(x - mean, scale, bias, activation, residual)
    y, mean, var = map(deliver, (y, mean, var), outs(out, 3))
    return y, mean, var


def batch_norm_dx(
    dy: Host,
    x: Host,
    weight: Host,
    bias: Host,
    mean: Host,
    var: Host,
    eps: float,
    *,
    activation: Activation = IDENTITY,
    y: Host | None = None,
    frozen: bool = False,
    out: Outs | None = None,
) -> tuple[Host, Host, Host, Host | None]:
    """The gradients of batch_norm by its operands, with x̂ = (x - mean) · rstd.

    dz = dy · act'(z)     dbias = Σ dz     dweight = Σ dz · x̂
    dx = weight · rstd · (dz - dbias / count - x̂ · dweight / count)

    Args:
        mean, var: as batch_norm returned them.
        y: its result, given where a residual was added: the slope is then told from it, else from x.
        frozen: mean and var are constants, whatever x is: dx = weight · rstd · dz.

    Returns:
        dx, dweight, dbias, and dz, the gradient of the residual, where y was given (else None).
    """
    rstd = 1 / np.sqrt(var.astype(np.float64) + eps)
    normal = (x - mean.astype(np.float64)) * rstd
    dz = activate_dx_at(dy, normal * weight + bias, activation) if y is None else activate_dx(dy, y, activation)
    dbias = _pixels(dz).sum(axis=0)
    dweight = _pixels(dz * normal).sum(axis=0)
    count = math.prod(x.shape[:-1])
    dx = dz if frozen else dz - (dbias + normal * dweight) / max(count, 1)
    into = outs(out, 4)
    dx, dweight, dbias = map(deliver, (dx * (weight * rstd), dweight, dbias), into)
    return dx, dweight, dbias, None if y is None else deliver(dz, into[3])


def batch_norm_frozen(
    x: Host,
    weight: Host,
    bias: Host,
    mean: Host,
    var: Host,
    eps: float,
    *,
    activation: Activation = IDENTITY,
    residual: Host | None = None,
    out: Host | None = None,
) -> Host:
    """`batch_norm` by a mean and a variance that are known beforehand: y = act(x · scale + shift + residual)."""
    scale = weight / np.sqrt(var + np.asarray(eps, var.dtype))
    shift = bias - mean * scale
    return deliver(_scaled(x, scale, shift, activation, residual), out)


def _scaled(x: Host, scale: Host, shift: Host, activation: Activation, residual: Host | None) -> Host:
    z = x.astype(np.float64) * scale + shift
    return activate(z if residual is None else z + residual, activation)


def local_response_norm(x: Host, size: int, alpha: float, beta: float, k: float, *, out: Host | None = None) -> Host:
    """Every channel divided by a power of how strong its neighbours are.

    y[c] = x[c] / s[c]^beta,   s[c] = k + alpha / size · Σ x[j]²,   c - size//2 <= j <= c + (size - 1)//2, 0 <= j < C

    Source: Krizhevsky et al. 2012, ImageNet classification with deep convolutional neural networks, section 3.3
    (whose alpha is not divided by size).
    """
    return deliver(x.astype(np.float64) * _strength(x, size, alpha, k) ** -beta, out)


def local_response_norm_dx(
    dy: Host, x: Host, size: int, alpha: float, beta: float, k: float, *, out: Host | None = None
) -> Host:
    """dx[j] = dy[j] / s[j]^beta - 2·alpha·beta / size · x[j] · Σ dy[c]·y[c] / s[c] over the c whose s rests on j."""
    s = _strength(x, size, alpha, k)
    y = x.astype(np.float64) * s**-beta
    shares = _window_sum(dy.astype(np.float64) * y / s, (size - 1) // 2, size // 2)
    return deliver(dy.astype(np.float64) * s**-beta - 2 * alpha * beta / size * x.astype(np.float64) * shares, out)


def _strength(x: Host, size: int, alpha: float, k: float) -> Host:
    return k + alpha / size * _window_sum(x.astype(np.float64) ** 2, size // 2, (size - 1) // 2)


def _window_sum(v: Host, before: int, after: int) -> Host:
    """The sum of each channel and its neighbours, `before` of them in front and `after` behind."""
    C = v.shape[-1]
    sums = np.zeros(v.shape)
    for c in range(C):
        for j in range(max(0, c - before), min(C, c + after + 1)):
            sums[..., c] += v[..., j]
    return sums


def _pixels(x: Host) -> Host:
    """(..., C) as (count, C) in float64."""
    return x.astype(np.float64).reshape(math.prod(x.shape[:-1]), x.shape[-1])
