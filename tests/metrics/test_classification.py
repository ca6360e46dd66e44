import numpy as np
import pytest

from cnnkit.metrics import ClassScore, confusion, per_class, topk_accuracy, topk_correct

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
    scores = per_class(np.array([[3, 1, 0], [2, 2, 0], [0, 0, 0]]))
    assert scores[0] == ClassScore(3 / 5, 3 / 4, 2 * 3 / 9, 4)
    assert scores[1] == ClassScore(2 / 3, 2 / 4, 2 * 2 / 7, 4)
    assert scores[2] == ClassScore(0.0, 0.0, 0.0, 0)
