import math

import numpy as np
import pytest

from cnnkit.metrics import Calibration, calibration


def by_definition(scores, correct, bins):
    """Guo et al. 2017, equation 3, bin by bin and answer by answer."""
    error = 0.0
    for b in range(1, bins + 1):
        inside = [i for i, s in enumerate(scores) if (b - 1) / bins < s <= b / bins or (b == 1 and s == 0)]
        if inside:
            accuracy = sum(bool(correct[i]) for i in inside) / len(inside)
            score = sum(scores[i] for i in inside) / len(inside)
            error += len(inside) / len(scores) * abs(accuracy - score)
    return error


def test_the_error_by_hand():
    # Two bins. 0.5 belongs to the lower one: mean 0.45, half right. The upper one: mean 0.8, all right.
    found = calibration(np.array([0.4, 0.5, 0.9, 0.7]), np.array([True, False, True, True]), bins=2)
    assert found.error == pytest.approx(0.5 * 0.05 + 0.5 * 0.2)
    assert found.mean_score == pytest.approx(0.625)
    assert [(b.low, b.high, b.images) for b in found.bins] == [(0, 0.5, 2), (0.5, 1, 2)]
    assert [b.score for b in found.bins] == pytest.approx([0.45, 0.8])
    assert [b.accuracy for b in found.bins] == [0.5, 1]


def test_certain_and_right_is_no_error_certain_and_wrong_is_the_whole():
    assert calibration(np.ones(3), np.ones(3, bool)).error == 0
    assert calibration(np.ones(3), np.zeros(3, bool)).error == 1
    assert calibration(np.zeros(3), np.zeros(3, bool)).error == 0


@pytest.mark.parametrize("bins", [1, 2, 7, 15])
@pytest.mark.parametrize("seed", range(3))
def test_the_error_agrees_with_its_definition(seed, bins):
    rng = np.random.default_rng(seed)
    # Edges of bins too: a score that lies on one belongs below it.
    scores = np.concatenate([rng.random(200), np.arange(bins + 1) / bins])
    correct = rng.random(len(scores)) < scores
    found = calibration(scores, correct, bins=bins)
    # Sums of 200 float64 numbers in another order.
    assert found.error == pytest.approx(by_definition(scores.tolist(), correct, bins), abs=1e-13)
    assert found.mean_score == pytest.approx(scores.mean(), rel=1e-13)
    assert sum(b.images for b in found.bins) == len(scores) and len(found.bins) == bins


def test_the_bins_are_those_of_scikit_learn():
    # scikit-learn 1.9.1: sklearn.calibration.calibration_curve(correct, scores, n_bins=15); every bin has images here.
    i = np.arange(200)
    labels = (i * i + 3 * i) % 7
    correct = (i % 3 != 0) & (labels != 5) & (labels != 6)
    found = calibration((i * 37 % 101) / 101, correct)
    accuracy, score = SCIKIT_LEARN
    assert [b.accuracy for b in found.bins] == pytest.approx(accuracy, rel=1e-13)
    assert [b.score for b in found.bins] == pytest.approx(score, rel=1e-13)


def test_float32_scores_a_rounding_above_one_lie_in_the_last_bin():
    found = calibration(np.array([np.nextafter(np.float32(1), np.float32(2))]), np.array([True]))
    assert found.bins[-1].images == 1 and found.error == pytest.approx(0, abs=2e-7)


def test_nothing_judged_has_no_error():
    found = calibration(np.empty(0), np.empty(0, bool))
    assert (found.error, found.mean_score, sum(b.images for b in found.bins)) == (0, 0, 0)
    assert isinstance(found, Calibration)


def test_not_a_number_among_the_scores_is_not_hidden():
    found = calibration(np.array([0.5, np.nan]), np.array([True, False]))
    assert math.isnan(found.error) and math.isnan(found.mean_score)
    assert sum(b.images for b in found.bins) == 1


SCIKIT_LEARN = (
    [
        0.5714285714285714,
        0.5,
        0.35714285714285715,
        0.5833333333333334,
        0.46153846153846156,
        0.35714285714285715,
        0.5,
        0.5,
        0.42857142857142855,
        0.5384615384615384,
        0.5714285714285714,
        0.3333333333333333,
        0.5714285714285714,
        0.5714285714285714,
        0.3333333333333333,
    ],
    [
        0.029702970297029705,
        0.09900990099009903,
        0.1683168316831683,
        0.23267326732673274,
        0.29931454683929926,
        0.36633663366336633,
        0.43564356435643575,
        0.5,
        0.5643564356435642,
        0.6336633663366336,
        0.7029702970297029,
        0.7673267326732672,
        0.8316831683168318,
        0.9009900990099011,
        0.9653465346534652,
    ],
)
