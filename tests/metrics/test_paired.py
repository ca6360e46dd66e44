"""The tests of paired differences, beside recorded figures of others and beside enumeration."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from cnnkit.metrics import holm, mcnemar, paired_answers, paired_metric
from cnnkit.metrics.paired import bootstrap_interval, difference_interval, permutation_test


@pytest.mark.parametrize(
    ("only_first", "only_second", "expected"),
    # scipy.stats.binomtest(b, b + c).pvalue, version 1.17.1.
    [
        (1, 0, 1.0),
        (5, 0, 0.0625),
        (9, 1, 0.021484375),
        (10, 3, 0.09228515625),
        (25, 14, 0.10812902140605732),
        (59, 33, 0.008780930806975229),
        (1200, 1100, 0.03896685268382023),
        (150000, 151000, 0.0686243394539422),
    ],
)
def test_mcnemar_is_the_binomial_test_of_the_discordant_images(only_first, only_second, expected):
    # lgamma of 300,000 is 3.5e6, known to 1e-16 of it.
    assert mcnemar(only_first, only_second) == pytest.approx(expected, rel=1e-9)
    assert mcnemar(only_second, only_first) == mcnemar(only_first, only_second)


def test_mcnemar_is_exact_for_few_images_and_1_where_none_differ():
    for b, c in itertools.product(range(9), repeat=2):
        n = b + c
        as_far = sum(math.comb(n, k) for k in range(n + 1) if abs(2 * k - n) >= abs(b - c))
        assert mcnemar(b, c) == pytest.approx(float(Fraction(as_far, 2**n)), rel=1e-12)
    assert mcnemar(0, 0) == 1


def test_the_interval_of_a_difference_is_that_of_published_tables():
    # Newcombe 1998, method 10, for 36, 12, 2, 0; Fagerland et al. 2014, table of 1, 1, 7, 12: as printed there.
    assert difference_interval(36, 12, 2, 0) == pytest.approx((0.0569, 0.3404), abs=5e-5)
    assert difference_interval(1, 1, 7, 12) == pytest.approx((-0.507, -0.026), abs=5e-4)


def test_the_interval_turns_with_the_networks_and_holds_the_difference():
    for a, b, c, d in itertools.product((0, 1, 4, 30), repeat=4):
        low, high = difference_interval(a, b, c, d)
        assert difference_interval(a, c, b, d) == pytest.approx((-high, -low), abs=1e-12)
        if a + b + c + d:
            assert -1 <= low <= (b - c) / (a + b + c + d) <= high <= 1
    assert difference_interval(0, 0, 0, 0) == (-1, 1)


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    # All tables of 20 images, with their exact probabilities; the paper finds 0.9 to 1 and 0.95 in the mean.
    for chances in [(0.6, 0.2, 0.1, 0.1), (0.7, 0.1, 0.1, 0.1), (0.3, 0.3, 0.2, 0.2)]:
        held, n = 0.0, 20
        for a, b, c in itertools.product(range(n + 1), repeat=3):
            if (d := n - a - b - c) >= 0:
                low, high = difference_interval(a, b, c, d)
                ways = math.factorial(n) // math.prod(map(math.factorial, (a, b, c, d)))
                chance = ways * math.prod(p**k for p, k in zip(chances, (a, b, c, d), strict=True))
                held += chance * (low <= chances[1] - chances[2] <= high)
        assert 0.93 < held < 0.995


def shares(first, second):
    """The metric whose test is known: a mean over images."""

    def value(a, b):
        return float((first * a + second * b).sum() / max(1, (a + b).sum()))

    return value


def test_all_exchanges_of_few_images_give_mcnemars_p_value():
    # Of right and wrong answers the mean is the share of right ones: exchanging equal answers changes nothing.
    rng = np.random.default_rng(3)
    for _ in range(5):
        first, second = rng.random(9) < 0.7, rng.random(9) < 0.4
        tested = permutation_test(shares(first, second), 9)
        b, c = int((first & ~second).sum()), int((second & ~first).sum())
        assert tested.exact and tested.resamples == 2**9
        assert tested.p_value == pytest.approx(mcnemar(b, c), rel=1e-12)


def test_drawn_exchanges_come_close_to_all_of_them_and_never_to_0():
    rng = np.random.default_rng(4)
    first, second = rng.random(200) < 0.8, rng.random(200) < 0.7
    exact = mcnemar(int((first & ~second).sum()), int((second & ~first).sum()))
    tested = permutation_test(shares(first, second), 200, resamples=4000)
    # Four deviations of a share of 4,000 draws.
    assert abs(tested.p_value - exact) < 4 * math.sqrt(exact * (1 - exact) / 4000) + 1 / 4001 and not tested.exact
    far = permutation_test(shares(np.ones(200), np.zeros(200)), 200, resamples=400)
    assert far.p_value == 1 / 401
    assert permutation_test(shares(first, first), 200, resamples=400).p_value == 1


def test_the_same_seed_draws_the_same_and_another_one_others():
    rng = np.random.default_rng(5)
    value = shares(rng.random(50), rng.random(50))
    assert paired_metric(value, 50, resamples=200) == paired_metric(value, 50, resamples=200)
    assert bootstrap_interval(value, 50, seed=1) != bootstrap_interval(value, 50, seed=2)


def test_the_bootstraps_interval_of_a_mean_is_that_of_its_deviation():
    rng = np.random.default_rng(6)
    first, second = rng.normal(0.5, 0.1, 400), rng.normal(0.4, 0.1, 400)
    low, high = bootstrap_interval(shares(first, second), 400, resamples=4000)
    spread = 1.96 * (first - second).std() / math.sqrt(400)
    # 4,000 draws know a quantile to a few per cent of the deviation.
    assert low == pytest.approx((first - second).mean() - spread, abs=0.1 * spread)
    assert high == pytest.approx((first - second).mean() + spread, abs=0.1 * spread)


def test_answers_are_counted_two_by_two():
    first = np.array([True] * 8 + [False] * 2)
    second = np.array([True] * 5 + [False] * 4 + [True])
    found = paired_answers(first, second)
    assert (found.images, found.first, found.second) == (10, 0.8, 0.6)
    assert (found.only_first, found.only_second, found.p_value) == (3, 1, mcnemar(3, 1))
    assert (found.low, found.high) == difference_interval(5, 3, 1, 1) and found.test == "mcnemar"
    nothing = paired_answers(np.zeros(0, bool), np.zeros(0, bool))
    assert nothing.p_value == 1 and (nothing.low, nothing.high) == (-1, 1)


def test_several_p_values_grow_as_holm_has_it():
    # The example of Holm's procedure with 0.01, 0.04, 0.03, 0.005: 4, 3, 2 and 1 times, never falling.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.7, 0.6]) == [1.0, 1.0]
    assert holm([]) == [] and holm([0.2]) == [0.2]
