"""Steps of the optimisers, defined, in place on lists of parameters. A call is a step, however many there are.

What changes from step to step (lr, step, decay, factor) is a number of the call. What differs between parameters
(`factors` of the rate, `weight_decay`) is a list, the same at every step; a parameter that rests is in no list.
"""

import math
from collections.abc import Sequence

import numpy as np

from cnnkit.kernels.shared.array import Host


def sgd(
    w: Sequence[Host],
    dw: Sequence[Host],
    velocity: Sequence[Host] | None,
    *,
    lr: float,
    factors: Sequence[float] | None = None,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: Sequence[float] | None = None,
) -> None:
    """Gradient descent: g = dw + weight_decay·w;  v ← momentum·v + g;  w ← w - lr·factor·v.

    Nesterov steps by g + momentum·v in place of v.

    Args:
        velocity: of the shapes of w, changed in place; None without momentum.
        factors, weight_decay: one for each parameter; None is 1 and 0.

    Source: Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning", section 2.
    """
    moves: Sequence[Host | None] = velocity or [None] * len(w)
    each = zip(w, dw, moves, factors or _all(1, w), weight_decay or _all(0, w), strict=True)
    for weight, gradient, moving, factor, decay in each:
        step = gradient.astype(np.float64) + decay * weight.astype(np.float64)
        if moving is not None:
            plain = step
            step = momentum * moving.astype(np.float64) + plain
            moving[...] = step
            if nesterov:
                step = plain + momentum * step
        weight[...] = weight.astype(np.float64) - lr * factor * step


def adam(
    w: Sequence[Host],
    dw: Sequence[Host],
    m: Sequence[Host],
    v: Sequence[Host],
    *,
    lr: float,
    factors: Sequence[float] | None = None,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: Sequence[float] | None = None,
    decoupled: bool = False,
    step: int,
) -> None:
    """Adam: m ← β1·m + (1-β1)·g;  v ← β2·v + (1-β2)·g²;  w ← w - rate·m̂ / (√v̂ + eps),  rate = lr·factor.

    m̂ = m / (1-β1^step), v̂ alike. Weight decay is added to the gradient, or (`decoupled`, AdamW) shrinks w by
    rate·weight_decay before the step.

    Args:
        m, v: running means of the gradients and of their squares, changed in place.
        factors, weight_decay: one for each parameter; None is 1 and 0.
        step: counts from 1.

    Source: Kingma & Ba 2014, arXiv:1412.6980, algorithm 1; Loshchilov & Hutter 2017, arXiv:1711.05101, algorithm 2.
    """
    each = zip(w, dw, m, v, factors or _all(1, w), weight_decay or _all(0, w), strict=True)
    for parameter, dparameter, means, squares, factor, decay in each:
        rate = lr * factor
        weight, gradient = parameter.astype(np.float64), dparameter.astype(np.float64)
        if decoupled:
            weight = weight * (1 - rate * decay)
        else:
            gradient = gradient + decay * weight
        mean = beta1 * means.astype(np.float64) + (1 - beta1) * gradient
        square = beta2 * squares.astype(np.float64) + (1 - beta2) * gradient**2
        means[...], squares[...] = mean, square
        parameter[...] = weight - rate * (mean / (1 - beta1**step)) / (np.sqrt(square / (1 - beta2**step)) + eps)


def ema(average: Sequence[Host], w: Sequence[Host], decay: float) -> None:
    """The running mean of the weights: average ← decay·average + (1 - decay)·w."""
    for mean, now in zip(average, w, strict=True):
        mean[...] = decay * mean.astype(np.float64) + (1 - decay) * now.astype(np.float64)


def scale(x: Sequence[Host], factor: float) -> None:
    """x ← factor·x."""
    for array in x:
        array[...] = array.astype(np.float64) * factor


def square_sum(x: Sequence[Host]) -> float:
    """Σ x² over all arrays."""
    return float(sum(math.fsum((array.astype(np.float64) ** 2).reshape(-1)) for array in x))


def clip_norm(x: Sequence[Host], most: float) -> None:
    """x ← x · most / norm where their norm √(Σ x²) over all arrays is more than `most`, and finite."""
    total = square_sum(x)
    if math.isfinite(total) and total > most * most:
        scale(x, most / math.sqrt(total))


def all_finite(x: Sequence[Host]) -> bool:
    """Whether no element of any array is NaN or infinite."""
    return all(bool(np.isfinite(array).all()) for array in x)


def _all(number: float, w: Sequence[Host]) -> list[float]:
    return [float(number)] * len(w)
