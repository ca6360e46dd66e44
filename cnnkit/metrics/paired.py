"""Whether one network does better than another on the same images, or whether chance may have made the difference.

Each image is answered by both, so they are compared image by image: what both know, and what neither knows, says
nothing about which is better.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import numpy.typing as npt

from cnnkit.metrics.interval import Z95, wilson

Flags = npt.NDArray[np.bool_]
Weights = npt.NDArray[np.int64]
# value(a, b): a metric over a mixture of answers: a[i] times the first network's to image i, b[i] times the second's.
Value = Callable[[Weights, Weights], float]

# Below it a difference is called more than chance.
LEVEL = 0.05
RESAMPLES = 1000
# Two values are equal where only the order of a sum makes them differ.
_ROUNDING = 1e-12


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p-value of McNemar's test: how likely chance makes two networks differ as much, or more.

    Of the b + c images that one of two networks alone answers right, each is the first's or the second's like a fair
    coin, if both are equally good:

        p = min(1, 2 · Σ_{k ≤ min(b, c)} C(b + c, k) / 2^(b + c))

    only_first: b, images that the first alone answers right.   only_second: c.   1 where there are none.

    Source: McNemar 1947, Note on the sampling error of the difference between correlated proportions or percentages,
    Psychometrika 12; its exact form: the sign test of Arbuthnot 1710.
    """
    n, fewer = only_first + only_second, min(only_first, only_second)
    if only_first == only_second:
        return 1.0
    # Logarithms, as 2^-n is no float for n above 1,074.
    most = math.lgamma(n + 1) - n * math.log(2)
    terms = (math.exp(most - math.lgamma(k + 1) - math.lgamma(n - k + 1)) for k in range(fewer + 1))
    return min(1.0, 2 * math.fsum(terms))


def difference_interval(both: int, only_first: int, only_second: int, neither: int) -> tuple[float, float]:
    """(low, high): where the difference of two paired shares, first - second, lies with a confidence of 95 %.

    The shares p₁ = (a + b) / n and p₂ = (a + c) / n have Wilson's intervals (l₁, u₁) and (l₂, u₂), which are joined by
    the correlation φ of the answers:

        low  = p₁ - p₂ - √((p₁ - l₁)² - 2 φ (p₁ - l₁)(u₂ - p₂) + (u₂ - p₂)²)
        high = p₁ - p₂ + √((u₁ - p₁)² - 2 φ (u₁ - p₁)(p₂ - l₂) + (p₂ - l₂)²)

        φ = m / √((a + b)(c + d)(a + c)(b + d)), 0 where that is 0 / 0;   m = ad - bc, but max(ad - bc - n/2, 0) above 0

    both, only_first, only_second, neither: a, b, c, d, the images that are answered right.   (-1, 1) for no images.

    Source: Newcombe 1998, Improved confidence intervals for the difference between binomial proportions based on paired
    data, Statistics in Medicine 17, method 10.
    """
    a, b, c, d = both, only_first, only_second, neither
    n = a + b + c + d
    if not n:
        return -1.0, 1.0
    root = math.sqrt(a + b) * math.sqrt(c + d) * math.sqrt(a + c) * math.sqrt(b + d)
    mixed = a * d - b * c
    phi = (max(mixed - n / 2, 0.0) if mixed > 0 else mixed) / root if root else 0.0
    (p1, p2), (low1, high1), (low2, high2) = ((a + b) / n, (a + c) / n), wilson(a + b, n, Z95), wilson(a + c, n, Z95)

    def joined(one: float, other: float) -> float:
        return math.sqrt(max(0.0, one * one - 2 * phi * one * other + other * other))

    below, above = joined(p1 - low1, high2 - p2), joined(high1 - p1, p2 - low2)
    return max(-1.0, p1 - p2 - below), min(1.0, p1 - p2 + above)


@final
@dataclass(frozen=True)
class Paired:
    """Two networks on the same images.

    first, second: the metric of each.   low, high: first - second lies between them, with a confidence of 95 %.
    p_value: of the test, "mcnemar" or "permutation".   exact: it counts all cases, of which none were drawn.
    only_first, only_second: images that one alone answers right; None where answers are neither right nor wrong.
    resamples: that were drawn, for the interval and for a test that is not exact; 0: none.
    """

    images: int
    first: float
    second: float
    low: float
    high: float
    p_value: float
    test: str
    exact: bool
    only_first: int | None = None
    only_second: int | None = None
    resamples: int = 0


def paired_answers(first: Flags, second: Flags) -> Paired:
    """McNemar's test, and Newcombe's interval.   first, second: (n,), whether each network answers an image right."""
    n, right, theirs = len(first), int(first.sum()), int(second.sum())
    both = int((first & second).sum())
    only_first, only_second = right - both, theirs - both
    low, high = difference_interval(both, only_first, only_second, n - right - theirs + both)
    p_value = mcnemar(only_first, only_second)
    shares = right / max(1, n), theirs / max(1, n)
    return Paired(n, *shares, low, high, p_value, "mcnemar", True, only_first, only_second)


def paired_metric(value: Value, images: int, *, resamples: int = RESAMPLES, seed: int = 0) -> Paired:
    """The permutation test, and the bootstrap's interval, of any metric."""
    every, none = np.ones(images, np.int64), np.zeros(images, np.int64)
    tested = permutation_test(value, images, resamples=resamples, seed=seed)
    low, high = bootstrap_interval(value, images, resamples=resamples, seed=seed)
    values = value(every, none), value(none, every)
    return Paired(images, *values, low, high, tested.p_value, "permutation", tested.exact, resamples=resamples)


@final
@dataclass(frozen=True)
class Permuted:
    """p_value: of the test.   resamples: how many exchanges were looked at.   exact: these were all that there are."""

    p_value: float
    resamples: int
    exact: bool


def permutation_test(value: Value, images: int, *, resamples: int = RESAMPLES, seed: int = 0) -> Permuted:
    """How likely chance makes a metric of two networks differ as much as it does, or more, for any metric.

    If both are equally good, it does not matter whose answer to an image is whose. So the answers to some of the images
    are exchanged, and the difference d* of the metric is measured again:

        p = #{ |d*| ≥ |d| } / 2^n            over all exchanges of n images, where these are no more than `resamples`
        p = (1 + #{ |d*| ≥ |d| }) / (1 + R)  over R of them, drawn by the seed

    value: the metric over a mixture of answers.   seed: of Philox.

    Sources: Fisher 1935, The Design of Experiments, section 21; Phipson and Smyth 2010, Permutation p-values should
    never be zero, for the ones that are added.
    """

    def difference(exchanged: Flags) -> float:
        theirs = exchanged.astype(np.int64)
        return value(1 - theirs, theirs) - value(theirs, 1 - theirs)

    least = abs(difference(np.zeros(images, bool))) - _ROUNDING
    if images < 60 and 2**images <= resamples:
        total = 2**images
        reached = sum(abs(difference(_bits(k, images))) >= least for k in range(total))
        return Permuted(reached / total, total, True)
    rng = _generator(seed, 0)
    reached = sum(abs(difference(rng.random(images) < 0.5)) >= least for _ in range(resamples))
    return Permuted((1 + reached) / (1 + resamples), resamples, False)


def bootstrap_interval(value: Value, images: int, *, resamples: int = RESAMPLES, seed: int = 0) -> tuple[float, float]:
    """(low, high): where the difference of a metric, first - second, lies with a confidence of 95 %, for any metric.

    n of the n images are drawn, with replacement, and both networks are measured on them; of many such draws the
    interval holds all but the lowest and the highest 2.5 %. Of few images it is too narrow.

    Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, section 13.3, the percentile interval.
    """
    if not images:
        return -1.0, 1.0
    rng, none = _generator(seed, 1), np.zeros(images, np.int64)
    found = []
    for _ in range(resamples):
        drawn = np.bincount(rng.integers(0, images, images), minlength=images)
        found.append(value(drawn, none) - value(none, drawn))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values of several tests at once, so that all of them together mislead as rarely as one alone.

    The i-th smallest of m is multiplied by m - i + 1, is at least the one before it, and at most 1.

    Source: Holm 1979, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6.
    """
    adjusted, least = [0.0] * len(p_values), 0.0
    for rank, k in enumerate(sorted(range(len(p_values)), key=lambda k: p_values[k])):
        least = adjusted[k] = max(least, min(1.0, p_values[k] * (len(p_values) - rank)))
    return adjusted


def _bits(number: int, images: int) -> Flags:
    flags: Flags = (number >> np.arange(images)) & 1 == 1
    return flags


def _generator(seed: int, purpose: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, 0, purpose]))
