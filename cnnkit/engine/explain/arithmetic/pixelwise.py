"""What is computed of the numbers that stand at one place: norms, activations, sums and products of maps."""

import math
from collections.abc import Callable

from cnnkit.engine.explain.arithmetic.draft import Draft, Index, at_same_place, number, terms
from cnnkit.engine.explain.walk import Step


def norm(step: Step, at: Index) -> Draft:
    """(x - mean) / √(var + eps) · gamma + beta, + residual."""
    _, gamma, beta, residual, mean, var, eps, _ = step.args
    x, c = at_same_place(step, 0, at), at[-1]
    numbers = {
        "mean": number(mean, c),
        "var": number(var, c),
        "eps": float(eps),
        "gamma": number(gamma, c),
        "beta": number(beta, c),
    }
    told = (x,) if residual is None else (x, at_same_place(step, 3, at))
    scaled = (x.values[0] - numbers["mean"]) / math.sqrt(numbers["var"] + eps)
    total = scaled * numbers["gamma"] + numbers["beta"] + sum(part.total for part in told[1:])
    return Draft("norm", told, numbers, total=total)


def same(step: Step, at: Index) -> Draft:
    """The number itself: what follows is its activation, or nothing."""
    return Draft("weighted", (at_same_place(step, 0, at),))


def add(step: Step, at: Index) -> Draft:
    return Draft("weighted", (at_same_place(step, 0, at), at_same_place(step, 1, at)))


def subtract(step: Step, at: Index) -> Draft:
    return Draft("weighted", (at_same_place(step, 0, at), at_same_place(step, 1, at, -1.0)))


def negate(step: Step, at: Index) -> Draft:
    return Draft("weighted", (at_same_place(step, 0, at, -1.0),))


def multiply(step: Step, at: Index) -> Draft:
    one, other = at_same_place(step, 0, at), at_same_place(step, 1, at)
    return Draft("product", (one, other), total=one.total * other.total)


def scale_channels(step: Step, at: Index) -> Draft:
    n, _, _, c = at
    x, s = at_same_place(step, 0, at), terms(step, 1, [(n, c)])
    return Draft("product", (x, s), total=x.total * s.total)


def divide(step: Step, at: Index) -> Draft:
    one, other = at_same_place(step, 0, at), at_same_place(step, 1, at)
    return Draft("quotient", (one, other), total=one.total / other.total if other.total else math.nan)


def greater(step: Step, at: Index) -> Draft:
    return _one_of(step, at, "greatest", lambda one, other: one >= other)


def lesser(step: Step, at: Index) -> Draft:
    return _one_of(step, at, "least", lambda one, other: one <= other)


def of_one(rule: str, function: Callable[[float], float]) -> Callable[[Step, Index], Draft]:
    """The rule of a function of one number."""

    def draft(step: Step, at: Index) -> Draft:
        x = at_same_place(step, 0, at)
        return Draft(rule, (x,), total=function(x.total))

    return draft


def clip(step: Step, at: Index) -> Draft:
    _, low, high = step.args
    x = at_same_place(step, 0, at)
    return Draft("clip", (x,), {"low": low, "high": high}, total=min(max(x.total, low), high))


def choose(step: Step, at: Index) -> Draft:
    parts = tuple(at_same_place(step, argument, at) for argument in range(3))
    winner = 1 if parts[0].total != 0 else 2
    return Draft("choose", parts, winner=winner, total=parts[winner].total)


def _one_of(step: Step, at: Index, rule: str, first: Callable[[float, float], bool]) -> Draft:
    parts = at_same_place(step, 0, at), at_same_place(step, 1, at)
    winner = 0 if first(parts[0].total, parts[1].total) else 1
    return Draft(rule, parts, winner=winner, total=parts[winner].total)
