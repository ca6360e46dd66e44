"""Steps of the optimisers, defined. All work in place on the parameter's own array, float32 or float64."""

import math

import numpy as np

from cnnkit.kernels.shared.array import Array


def sgd(
    w: Array,
    dw: Array,
    velocity: Array | None,
    *,
    lr: float,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
) -> None:
    """Gradient descent: g = dw + weight_decay·w;  v ← momentum·v + g;  w ← w - lr·v.

    Nesterov steps by g + momentum·v in place of v.

    Args:
        velocity: of the shape of w, changed in place; None without momentum.

    Source: Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning", section 2.
    """
    step = dw.astype(np.float64) + weight_decay * w.astype(np.float64)
    if velocity is not None:
        gradient = step
        step = momentum * velocity.astype(np.float64) + gradient
        velocity[...] = step
        if nesterov:
            step = gradient + momentum * step
    w[...] = w.astype(np.float64) - lr * step


def adam(
    w: Array,
    dw: Array,
    m: Array,
    v: Array,
    *,
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    decoupled: bool = False,
    step: int,
) -> None:
    """Adam: m ← β1·m + (1-β1)·g;  v ← β2·v + (1-β2)·g²;  w ← w - lr·m̂ / (√v̂ + eps),  m̂ = m / (1-β1^step), v̂ alike.

    Weight decay is added to the gradient, or (`decoupled`, AdamW) shrinks w by lr·weight_decay before the step.

    Args:
        m, v: running means of the gradient and of its square, changed in place.
        step: counts from 1.

    Source: Kingma & Ba 2014, arXiv:1412.6980, algorithm 1; Loshchilov & Hutter 2017, arXiv:1711.05101, algorithm 2.
    """
    weight, gradient = w.astype(np.float64), dw.astype(np.float64)
    if decoupled:
        weight = weight * (1 - lr * weight_decay)
    else:
        gradient = gradient + weight_decay * weight
    mean = beta1 * m.astype(np.float64) + (1 - beta1) * gradient
    square = beta2 * v.astype(np.float64) + (1 - beta2) * gradient**2
    m[...], v[...] = mean, square
    w[...] = weight - lr * (mean / (1 - beta1**step)) / (np.sqrt(square / (1 - beta2**step)) + eps)


def ema(average: Array, w: Array, decay: float) -> None:
    """The running mean of the weights: average ← decay·average + (1 - decay)·w."""
    average[...] = decay * average.astype(np.float64) + (1 - decay) * w.astype(np.float64)


def scale(x: Array, factor: float) -> None:
    """x ← factor·x."""
    x[...] = x.astype(np.float64) * factor


def square_sum(x: Array) -> float:
    """Σ x²."""
    return math.fsum((x.astype(np.float64) ** 2).reshape(-1))


def all_finite(x: Array) -> bool:
    """Whether no element is NaN or infinite."""
    return bool(np.isfinite(x).all())
