"""A linear support vector machine: the plane between two classes that keeps the widest margin, few examples excepted.

    minimise over w   ½·|w|² + Σ i  cost[i] · max(0, 1 - y[i] · w·x[i])                 y = ±1

An example gets one more feature, a constant, so that the last number of w is the bias. The dual has a number for each
example, how much it holds the plane, with bounds and nothing else:

    maximise   Σ hold - ½·|w|²      over 0 <= hold[i] <= cost[i],   where w = Σ i  hold[i] · y[i] · x[i] = A'·hold

It is solved from within: a force μ pushes each number away from both of its bounds, and fades. Newton's steps towards
the optimum under that force are, with `low` and `high` the pressures at the bounds,

    (A·A' + D)·step = 1 - A·w + μ/hold - μ/(cost - hold)          D = low/hold + high/(cost - hold)

a system of as many numbers as there are examples; by Woodbury's identity of as many as there are features. Some twenty
steps do, however the features are scaled, and nothing is drawn. Dual <= optimum <= primal: what lies between them
bounds how far the sum is from its least.

Source: Ferris & Munson 2002, Interior-point methods for massive support vector machines, section 3. R-CNN's own code
takes liblinear for the same sum.
"""

from dataclasses import dataclass
from typing import final

import numpy as np

from cnnkit.errors import DataError, NumericError
from cnnkit.kernels.shared.array import Host

# Each step is to leave a tenth of the force, and stops short of a bound by so much of the way to it.
FADE, SHORT = 0.1, 0.995


@final
@dataclass(frozen=True, eq=False)
class LinearSvm:
    """weights: (d,) float64, and the bias: above 0 lies one class, at ±1 the margins."""

    weights: Host
    bias: float

    def scores(self, features: Host) -> Host:
        """(n,) float64 of features (n, d)."""
        scores: Host = features.astype(np.float64) @ self.weights + self.bias
        return scores


def fit(
    features: Host,
    positive: Host,
    *,
    cost: float = 1e-3,
    positive_weight: float = 2.0,
    constant: float = 10.0,
    tolerance: float = 1e-6,
    steps: int = 200,
) -> LinearSvm:
    """The machine that tells positive examples from the others. Defaults are R-CNN's.

    Args:
        features: (n, d); R-CNN scales them so that their norm is 20 on average.
        positive: (n,) of truth values.
        cost: of an example a whole margin on the wrong side; the larger, the less is forgiven.
        positive_weight: how many times that a positive one costs.
        constant: the additional feature; a large one makes a large bias cheap.
        tolerance: how far above its least the sum may end, as a share of it.

    Raises:
        DataError: a feature is no finite number, or one class has no examples.
        NumericError: after so many steps it is not that close.
    """
    x = np.concatenate([features, np.full((len(features), 1), constant)], axis=1, dtype=np.float64)
    y = np.where(positive, 1.0, -1.0)
    if not np.isfinite(x).all():
        raise DataError("A feature is no finite number: was the network that computes them trained?")
    if not (y > 0).any() or not (y < 0).any():
        raise DataError(f"{len(y)} examples are all of one class; there must be some of both.")
    a, top = x * y[:, None], cost * np.where(positive, positive_weight, 1.0)
    gram = a @ a.T if len(a) <= a.shape[1] else None
    hold, low, high = top / 2, np.ones(len(x)), np.ones(len(x))
    for _ in range(steps):
        w = a.T @ hold
        margins = a @ w
        primal = w @ w / 2 + top @ np.maximum(0, 1 - margins)
        dual = hold.sum() - w @ w / 2
        if primal - dual <= tolerance * primal:
            return LinearSvm(w[:-1], float(w[-1] * constant))
        room = top - hold
        force = FADE * (low @ hold + high @ room) / (2 * len(x))
        step = _solved(a, gram, low / hold + high / room, 1 - margins + force / hold - force / room)
        pressures = force / hold - low - low / hold * step, force / room - high + high / room * step
        far = min(_reach(hold, step), _reach(room, -step), _reach(low, pressures[0]), _reach(high, pressures[1]))
        hold, low, high = (v + far * d for v, d in ((hold, step), (low, pressures[0]), (high, pressures[1])))
    raise NumericError(
        f"A support vector machine was not found in {steps} steps: {primal:.6g} is minimised, {dual:.6g} is the bound. "
        "Scale the features so that their norm is about 20, or allow a larger tolerance."
    )


def _solved(a: Host, gram: Host | None, d: Host, right: Host) -> Host:
    """(A·A' + D)⁻¹ · right, by a system of the lesser of A's two sizes. gram: A·A', where that is the lesser."""
    found: Host
    if gram is not None:
        found = np.linalg.solve(gram + np.diag(d), right)
        return found
    over = a / d[:, None]
    found = right / d - over @ np.linalg.solve(np.eye(a.shape[1]) + a.T @ over, over.T @ right)
    return found


def _reach(values: Host, step: Host) -> float:
    """How much of a step all values can take and stay above 0, at most all of it."""
    down = step < 0
    return float(min(1.0, SHORT * np.min(-values[down] / step[down], initial=np.inf)))
