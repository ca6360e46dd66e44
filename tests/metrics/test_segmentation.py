"""Scores of masks, each against its definition pixel by pixel, and against sets of pixels."""

import itertools

import numpy as np
import pytest

from cnnkit import metrics

VOID = 255


@pytest.fixture
def masks(rng):
    """(answers, labels, confusion): class 3 is never true, class 4 occurs nowhere, some pixels are void."""
    labels = rng.choice([0, 0, 0, 1, 2, VOID], (7, 11)).astype(np.uint8)
    answers = np.where(rng.random((7, 11)) < 0.6, np.minimum(labels, 3), rng.integers(0, 4, (7, 11))).astype(np.uint8)
    return answers, labels, metrics.pixel_confusion(answers, labels, 5)


def sets(answers, labels, k):
    """The pixels of class k, those answered so, and all that count, as sets of places."""
    places = [p for p in np.ndindex(labels.shape) if labels[p] != VOID]
    return {p for p in places if labels[p] == k}, {p for p in places if answers[p] == k}, set(places)


def test_confusion_counts_each_pair_of_truth_and_answer_but_void(masks):
    answers, labels, confusion = masks
    counted = np.zeros((5, 5), int)
    for place in np.ndindex(labels.shape):
        if labels[place] != VOID:
            counted[labels[place], answers[place]] += 1
    assert (confusion == counted).all() and confusion.dtype == np.int64 and 0 < confusion.sum() < labels.size


def test_the_numbers_of_each_class_are_those_of_its_sets_of_pixels(masks):
    answers, labels, confusion = masks
    for k, score in enumerate(metrics.pixel_scores(confusion)):
        truth, told, _ = sets(answers, labels, k)
        assert (score.pixels, score.answered) == (len(truth), len(told))
        assert score.iou == (len(truth & told) / len(truth | told) if truth | told else 0)
        assert score.dice == (2 * len(truth & told) / (len(truth) + len(told)) if truth | told else 0)
        assert score.accuracy == (len(truth & told) / len(truth) if truth else 0)


def test_means_leave_out_what_occurs_nowhere_and_count_what_is_answered_but_never_true_as_0(masks):
    answers, labels, confusion = masks
    found = [sets(answers, labels, k) for k in range(5)]
    iou = [len(truth & told) / len(truth | told) for truth, told, _ in found if truth | told]
    assert len(iou) == 4 and iou[3] == 0
    assert metrics.mean_iou(confusion) == pytest.approx(np.mean(iou))
    dice = [2 * len(truth & told) / (len(truth) + len(told)) for truth, told, _ in found if truth | told]
    assert metrics.mean_dice(confusion) == pytest.approx(np.mean(dice))
    accuracy = [len(truth & told) / len(truth) for truth, told, _ in found if truth]
    assert len(accuracy) == 3 and metrics.mean_accuracy(confusion) == pytest.approx(np.mean(accuracy))
    everything = found[0][2]
    weighed = sum(len(truth) / len(everything) * share for (truth, _, _), share in zip(found, iou, strict=False))
    assert metrics.frequency_weighted_iou(confusion) == pytest.approx(weighed)
    assert metrics.pixel_accuracy(confusion) == np.mean((answers == labels)[labels != VOID])


def test_sums_over_images_are_not_means_over_images():
    one = metrics.pixel_confusion(np.zeros(10, np.uint8), np.zeros(10, np.uint8), 2)
    other = metrics.pixel_confusion(np.array([0, 1], np.uint8), np.array([1, 1], np.uint8), 2)
    assert metrics.mean_iou(one + other) == pytest.approx((10 / 11 + 1 / 2) / 2)


def test_nothing_said_is_nothing_known():
    empty = metrics.pixel_confusion(np.zeros((2, 2), np.uint8), np.full((2, 2), VOID, np.uint8), 3)
    assert not empty.any() and metrics.mean_iou(empty) == metrics.pixel_accuracy(empty) == 0
    assert metrics.frequency_weighted_iou(empty) == metrics.mean_dice(empty) == metrics.mean_accuracy(empty) == 0


def test_255_classes_do_not_wrap_around():
    labels = np.array([254, 254, 0, VOID], np.uint8)
    confusion = metrics.pixel_confusion(np.array([254, 0, 0, 7], np.uint8), labels, 255)
    assert confusion[254, 254] == confusion[254, 0] == confusion[0, 0] == 1 and confusion.sum() == 3


def rand_by_pairs(answer, truth):
    """The F-score over all ordered pairs of pixels in regions of the truth: are both in one region, here and there?

    A pixel is in one region with itself; one between regions of the answer, with itself alone.
    """
    places = [p for p in np.ndindex(truth.shape) if truth[p]]
    pairs = list(itertools.product(places, repeat=2))
    told = {pair: pair[0] == pair[1] or (answer[pair[0]] == answer[pair[1]] > 0) for pair in pairs}
    true = {pair: truth[pair[0]] == truth[pair[1]] for pair in pairs}
    both = sum(told[pair] and true[pair] for pair in pairs)
    return both / (0.5 * sum(told.values()) + 0.5 * sum(true.values()))


def test_the_rand_score_is_the_f_score_of_pairs_of_pixels(rng):
    truth, answer = rng.integers(0, 4, (6, 7)), rng.integers(0, 3, (6, 7))
    assert metrics.foreground_rand(answer, truth) == pytest.approx(rand_by_pairs(answer, truth))
    assert metrics.foreground_rand(truth * 2, truth) == 1.0
    assert metrics.foreground_rand(answer, np.zeros_like(truth)) == 1.0


def test_the_rand_score_falls_where_two_regions_are_merged_or_one_is_cut():
    truth = np.repeat([[1, 1, 1, 0, 2, 2, 2]], 4, axis=0)
    merged, cut = np.ones_like(truth), truth.copy()
    cut[2] = 0
    cut[3] += 2 * (cut[3] > 0)
    # Two regions of 12 pixels as one: 2 · (12² + 12²) / (2 · 12² + 24²).
    assert metrics.foreground_rand(merged, truth) == pytest.approx(2 / 3)
    assert metrics.foreground_rand(cut, truth) < 1
