import numpy as np
import pytest

from cnnkit.metrics import (
    ClassScore,
    balanced_accuracy,
    confusion,
    macro_f1,
    mistakes,
    per_class,
    topk_accuracy,
    topk_correct,
)

SCORES = np.array([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2], [0.2, 0.3, 0.5], [0.4, 0.35, 0.25]])
LABELS = np.array([1, 1, 0, 2])


@pytest.mark.parametrize(("k", "expected"), [(1, 0.25), (2, 0.5), (3, 1.0), (5, 1.0)])
def test_accuracy_among_the_k_highest(k, expected):
    assert topk_accuracy(SCORES, LABELS, k) == expected


def test_ties_are_decided_as_argmax_decides_them():
    scores = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0]])
    np.testing.assert_array_equal(topk_correct(scores, np.array([0, 1])), [True, False])


def test_a_row_with_nan_is_wrong():
    assert topk_accuracy(np.array([[np.nan, 0.0], [0.0, np.nan]]), np.array([0, 0]), 2) == 0


def test_no_rows_have_no_accuracy():
    assert topk_accuracy(np.empty((0, 3)), np.empty(0, np.int64)) == 0


def test_confusion_has_the_truth_in_its_rows():
    matrix = confusion(np.array([1, 0, 2, 0]), np.array([1, 1, 0, 2]), 3)
    np.testing.assert_array_equal(matrix, [[0, 0, 1], [1, 1, 0], [1, 0, 0]])
    assert matrix.dtype == np.int64


def test_precision_and_recall_by_hand():
    # Class 0: 3 of 4 found, 5 called so. Class 1: 2 of 4 found, 3 called so. Class 2 never occurs.
    labels, answers = np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.array([0, 0, 0, 1, 0, 0, 1, 1])
    scores = per_class(answers, labels, 3)
    assert scores[0] == ClassScore(3 / 5, 3 / 4, 2 * 3 / 9, 4, 5)
    assert scores[1] == ClassScore(2 / 3, 2 / 4, 2 * 2 / 7, 4, 3)
    assert scores[2] == ClassScore(0.0, 0.0, 0.0, 0, 0)
    # The class that never occurs is in no mean.
    assert macro_f1(scores) == pytest.approx((6 / 9 + 4 / 7) / 2)
    assert balanced_accuracy(scores) == 5 / 8


def test_a_class_that_is_answered_but_never_true_lowers_macro_f1_alone():
    scores = per_class(np.array([0, 1, 2]), np.array([0, 1, 1]), 3)
    assert macro_f1(scores) == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert balanced_accuracy(scores) == 0.75


def test_mistakes_come_most_frequent_first_then_by_truth_and_answer():
    labels, answers = np.array([2, 2, 0, 0, 1, 1, 1]), np.array([0, 0, 1, 2, 0, 1, 0])
    assert mistakes(answers, labels, 3) == [(1, 0, 2), (2, 0, 2), (0, 1, 1), (0, 2, 1)]


def test_nothing_judged_has_no_scores_and_no_mistakes():
    none = np.empty(0, np.int64)
    assert mistakes(none, none, 3) == []
    assert macro_f1(per_class(none, none, 3)) == balanced_accuracy(per_class(none, none, 3)) == 0


def test_a_hundred_thousand_classes_need_no_square_table():
    labels = np.arange(100_000)
    answers = np.where(labels == 7, 99_999, labels)
    assert mistakes(answers, labels, 100_000) == [(7, 99_999, 1)]
    assert balanced_accuracy(per_class(answers, labels, 100_000)) == pytest.approx(0.99999)


@pytest.mark.parametrize("seed", range(5))
def test_all_agrees_with_counting_image_by_image(seed):
    rng = np.random.default_rng(seed)
    labels, answers = rng.integers(0, 6, (2, 40))
    pairs = list(zip(labels.tolist(), answers.tolist(), strict=True))
    scores = per_class(answers, labels, 7)
    for k, score in enumerate(scores):
        hits = sum(truth == answer == k for truth, answer in pairs)
        support, called = sum(truth == k for truth, _ in pairs), sum(answer == k for _, answer in pairs)
        precision, recall = hits / called if called else 0, hits / support if support else 0
        f1 = 2 * precision * recall / (precision + recall) if hits else 0
        # F1 is rounded in another order.
        assert score == ClassScore(precision, recall, pytest.approx(f1, rel=1e-14), support, called)
    for truth, answer, images in mistakes(answers, labels, 7):
        assert truth != answer and images == pairs.count((truth, answer))
    matrix = confusion(answers, labels, 7)
    assert sum(images for *_, images in mistakes(answers, labels, 7)) == matrix.sum() - matrix.trace()


def test_what_scikit_learn_says_of_the_same_answers():
    # scikit-learn 1.9.1: precision_recall_fscore_support(labels, answers, labels=range(7), zero_division=0),
    # f1_score(labels, answers, average="macro"), balanced_accuracy_score(labels, answers)
    i = np.arange(200)
    labels = (i * i + 3 * i) % 7
    labels = np.where(labels == 6, 0, labels)
    answers = np.where(i % 3 == 0, (i * 5 + 1) % 7, labels)
    answers = np.where(answers == 5, 4, answers)
    scores = per_class(answers, labels, 7)
    precision = [1.0, 0.0, 0.0, 0.6551724137931034, 0.4105263157894737, 0.0, 0.0]
    recall = [0.8245614035087719, 0.0, 0.0, 0.6551724137931034, 0.6724137931034483, 0.0, 0.0]
    f1 = [0.9038461538461539, 0.0, 0.0, 0.6551724137931034, 0.5098039215686274, 0.0, 0.0]
    # Both round a quotient or two in float64.
    assert [score.precision for score in scores] == pytest.approx(precision, rel=1e-14)
    assert [score.recall for score in scores] == pytest.approx(recall, rel=1e-14)
    assert [score.f1 for score in scores] == pytest.approx(f1, rel=1e-14)
    assert [score.support for score in scores] == [57, 0, 0, 29, 58, 56, 0]
    assert macro_f1(scores) == pytest.approx(0.2955460698868407, rel=1e-14)
    assert balanced_accuracy(scores) == pytest.approx(0.538036902601331, rel=1e-14)
