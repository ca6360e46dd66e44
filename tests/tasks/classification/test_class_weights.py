import numpy as np
import pytest

from cnnkit.tasks import balanced_weights


def in_loops(labels, classes):
    """n / (K · n_k), counted one by one."""
    return [len(labels) / (classes * sum(label == k for label in labels)) for k in range(classes)]


def test_balanced_weights_are_their_definition():
    labels = np.array([0, 2, 2, 1, 2, 2, 1, 2])
    assert balanced_weights(labels, 3) == pytest.approx(in_loops(labels.tolist(), 3), rel=1e-15)


def test_every_class_weighs_the_same_in_all_and_the_mean_image_1(rng):
    labels = np.concatenate([np.arange(7), rng.integers(0, 7, 500) // 2])
    weights = balanced_weights(labels, 7)
    sums = np.bincount(labels, weights[labels])
    assert sums == pytest.approx([len(labels) / 7] * 7) and weights[labels].mean() == pytest.approx(1)


def test_classes_of_one_size_have_weight_1():
    assert balanced_weights(np.repeat(np.arange(5), 3), 5).tolist() == [1] * 5


def test_a_class_without_images_has_a_finite_weight():
    assert balanced_weights(np.array([0, 0, 1]), 3).tolist() == [0.5, 1.0, 1.0]
