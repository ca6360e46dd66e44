"""Mixtures of two detectors' answers: each alone is what VOC's score says, a mixture is what it says of the mixture."""

import numpy as np
import pytest

from cnnkit.metrics.detection import FoundBoxes, MixedVoc, TrueBoxes, VocScore


def boxes(rng, count):
    corner = rng.uniform(0, 20, (count, 2))
    return np.concatenate([corner, corner + rng.uniform(5, 15, (count, 2))], axis=1)


def pictures(seed, count=12, classes=3):
    """True boxes, some of a crowd, and two networks' answers near them, with equal scores among them."""
    rng = np.random.default_rng(seed)
    true, found = [], ([], [])
    for _ in range(count):
        there = boxes(rng, rng.integers(0, 5))
        true.append(TrueBoxes(there, rng.integers(0, classes, len(there)), rng.random(len(there)) < 0.2))
        for answers in found:
            near = np.concatenate([there + rng.normal(0, 2, there.shape), boxes(rng, 2)])
            labels = np.concatenate([true[-1].labels, rng.integers(0, classes, 2)])
            answers.append(FoundBoxes(near, np.round(rng.random(len(near)), 1), labels))
    return found, true


def score(answers, true, classes=3):
    whole = VocScore(classes)
    for found, there in zip(answers, true, strict=True):
        whole.add(found, there)
    return whole.mean()


@pytest.mark.parametrize("seed", range(4))
def test_each_network_alone_has_its_own_score(seed):
    (first, second), true = pictures(seed)
    mixed, every, none = MixedVoc((first, second), true, 3), np.ones(12, int), np.zeros(12, int)
    assert mixed.value(every, none) == pytest.approx(score(first, true), abs=1e-12)
    assert mixed.value(none, every) == pytest.approx(score(second, true), abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_exchanged_answers_have_the_score_of_the_mixture(seed):
    (first, second), true = pictures(seed)
    swapped = np.random.default_rng(seed).random(12) < 0.5
    answers = [theirs if swap else ours for ours, theirs, swap in zip(first, second, swapped, strict=True)]
    # Boxes of equal scores stand in another order where networks are mixed, so scores are made distinct.
    answers = [FoundBoxes(a.corners, a.scores + 1e-6 * n, a.labels) for n, a in enumerate(answers)]
    ours, theirs = (
        [FoundBoxes(a.corners, a.scores + 1e-6 * n, a.labels) for n, a in enumerate(of)] for of in (first, second)
    )
    found = MixedVoc((ours, theirs), true, 3).value((~swapped).astype(int), swapped.astype(int))
    assert found == pytest.approx(score(answers, true), abs=1e-12)


def test_a_picture_that_counts_twice_is_two_pictures():
    (first, second), true = pictures(7)
    distinct = [FoundBoxes(a.corners, a.scores + 1e-6 * n, a.labels) for n, a in enumerate(first)]
    weights = np.array([2, 0, 1] * 4)
    row = [n for n in range(12) for _ in range(weights[n])]
    expected = score([distinct[n] for n in row], [true[n] for n in row])
    found = MixedVoc((distinct, second), true, 3).value(weights, 0 * weights)
    # Of two equal boxes the order says nothing: both are right or wrong at once, but between them precision differs.
    assert found == pytest.approx(expected, abs=0.02)


def test_where_nothing_is_to_be_found_the_score_is_0():
    none = TrueBoxes(np.zeros((0, 4)), np.zeros(0, np.int64), np.zeros(0, bool))
    found = FoundBoxes(np.array([[0.0, 0, 5, 5]]), np.array([0.9]), np.array([1]))
    assert MixedVoc(([found], [found]), [none], 2).value(np.ones(1, int), np.zeros(1, int)) == 0
