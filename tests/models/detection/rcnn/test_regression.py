"""Box regression against its closed form, and on boxes whose move is known."""

import numpy as np
import pytest

from cnnkit.errors import DataError
from cnnkit.models.detection.rcnn.regression import fit


def random_boxes(rng, n):
    corner = rng.uniform(0, 50, (n, 2))
    return np.concatenate([corner, corner + rng.uniform(10, 40, (n, 2))], axis=1)


def codes(boxes, proposals):
    """The paper's equations 6 to 9, written out."""
    sides, sides_p = boxes[:, 2:] - boxes[:, :2], proposals[:, 2:] - proposals[:, :2]
    middle, middle_p = boxes[:, :2] + sides / 2, proposals[:, :2] + sides_p / 2
    return np.concatenate([(middle - middle_p) / sides_p, np.log(sides / sides_p)], axis=1)


def moved(t, proposals):
    sides = proposals[:, 2:] - proposals[:, :2]
    middle = proposals[:, :2] + sides / 2 + t[:, :2] * sides
    half = np.exp(t[:, 2:]) * sides / 2
    return np.concatenate([middle - half, middle + half], axis=1)


def test_a_move_that_is_linear_in_the_features_is_learned(rng):
    features, weights = rng.standard_normal((200, 6)), 0.05 * rng.standard_normal((6, 4))
    proposals = random_boxes(rng, 200)
    boxes = moved(0.1 + features @ weights, proposals)
    found = fit(features, proposals, boxes, ridge=1e-9)
    np.testing.assert_allclose(found.weights, weights, atol=1e-8)
    np.testing.assert_allclose(found.moved(features, proposals), boxes, rtol=1e-6)


@pytest.mark.parametrize(("n", "d"), [(40, 7), (9, 30)])
def test_the_weights_are_the_least_of_the_ridge_sum(n, d, rng):
    """Both forms of the solution, against the normal equations of an augmented least-squares problem."""
    features, proposals = rng.standard_normal((n, d)) + 3, random_boxes(rng, n)
    boxes = proposals + rng.normal(0, 2, (n, 4))
    found = fit(features, proposals, boxes, ridge=20.0)
    t = codes(boxes, proposals)
    rows = np.concatenate([features - features.mean(axis=0), np.sqrt(20.0) * np.eye(d)])
    wanted = np.concatenate([t - t.mean(axis=0), np.zeros((d, 4))])
    np.testing.assert_allclose(found.weights, np.linalg.lstsq(rows, wanted, rcond=None)[0], atol=1e-12)


def test_a_heavy_ridge_leaves_the_mean_move(rng):
    features, proposals = rng.standard_normal((30, 5)), random_boxes(rng, 30)
    boxes = moved(np.tile([0.2, -0.1, 0.3, 0.0], (30, 1)), proposals)
    found = fit(features, proposals, boxes, ridge=1e12)
    np.testing.assert_allclose(found.moved(features, proposals), boxes, rtol=1e-6)
    assert found.moved(features.astype(np.float32), proposals.astype(np.float32)).dtype == np.float32


def test_nothing_is_learned_of_nothing():
    with pytest.raises(DataError, match="no proposal"):
        fit(np.empty((0, 4)), np.empty((0, 4)), np.empty((0, 4)))
