"""The support vector machine: where its plane is known, what scikit-learn finds, and what its bound promises."""

import json
from pathlib import Path

import numpy as np
import pytest

from cnnkit.errors import DataError, NumericError
from cnnkit.models.detection.rcnn.svm import fit

GOLDEN = json.loads((Path(__file__).resolve().parents[3] / "golden" / "svm.json").read_text())


def primal(x, positive, weights, bias, cost, positive_weight, constant):
    y = np.where(positive, 1.0, -1.0)
    slack = np.maximum(0, 1 - y * (x @ weights + bias))
    return (weights @ weights + (bias / constant) ** 2) / 2 + (
        cost * np.where(positive, positive_weight, 1) * slack
    ).sum()


def test_two_points_are_parted_half_way():
    """The plane between (3, 0) and (1, 0) is x = 2, its margins at the points: w = (1, 0), b = -2."""
    x = np.array([[3.0, 0.0], [1.0, 0.0]])
    found = fit(x, np.array([True, False]), cost=1e3, constant=1e3, tolerance=1e-9)
    np.testing.assert_allclose(found.weights, [1, 0], atol=1e-5)
    assert found.bias == pytest.approx(-2, abs=1e-4)
    np.testing.assert_allclose(found.scores(x), [1, -1], atol=1e-4)


def test_where_all_is_within_the_margin_every_example_holds_at_its_cost(rng):
    """With a tiny cost the dual's upper bounds decide: w = Σ cost·y·x, in closed form."""
    x, positive = rng.standard_normal((30, 4)), np.arange(30) < 10
    found = fit(x, positive, cost=1e-4, positive_weight=2.0, constant=3.0, tolerance=1e-12)
    held = 1e-4 * np.where(positive, 2.0, -1.0)
    np.testing.assert_allclose(found.weights, held @ x, rtol=1e-6)
    assert found.bias == pytest.approx(9 * held.sum(), rel=1e-6)


@pytest.mark.parametrize("case", GOLDEN, ids=[case["name"] for case in GOLDEN])
def test_the_machine_is_scikit_learns(case):
    """Recorded by golden/record_svm.py: liblinear, run to 1e-10, minimises the same sum."""
    x, positive, options = np.array(case["x"]), np.array(case["positive"]), case["options"]
    found = fit(x, positive, tolerance=1e-9, **options)
    np.testing.assert_allclose(found.weights, case["weights"], atol=2e-5 * np.abs(case["weights"]).max())
    assert found.bias == pytest.approx(case["bias"], abs=2e-5 * max(1, abs(case["bias"])))
    best = primal(x, positive, np.array(case["weights"]), case["bias"], **options)
    assert primal(x, positive, found.weights, found.bias, **options) == pytest.approx(best, rel=1e-8)


def test_the_sum_is_as_close_to_its_least_as_the_tolerance_says(rng):
    x, positive = rng.standard_normal((80, 6)), rng.random(80) < 0.3
    options = {"cost": 0.5, "positive_weight": 2.0, "constant": 10.0}
    best = fit(x, positive, tolerance=1e-10, **options)
    least = primal(x, positive, best.weights, best.bias, **options)
    for tolerance in (0.3, 0.05, 1e-3):
        found = fit(x, positive, tolerance=tolerance, **options)
        assert least <= primal(x, positive, found.weights, found.bias, **options) * (1 + 1e-9)
        assert primal(x, positive, found.weights, found.bias, **options) <= least / (1 - tolerance)


def test_the_same_examples_give_the_same_bits_and_their_scale_hardly_matters(rng):
    x, positive = rng.standard_normal((60, 5)), rng.random(60) < 0.5
    one, again = (fit(x, positive, cost=1.0) for _ in range(2))
    assert one.weights.tobytes() == again.weights.tobytes() and one.bias == again.bias
    for scale in (1e-3, 1e3):
        fit(scale * x, positive, cost=1.0, steps=60)


def test_too_few_steps_are_told(rng):
    with pytest.raises(NumericError, match="in 3 steps"):
        fit(rng.standard_normal((60, 5)), np.arange(60) < 30, cost=1.0, steps=3)


@pytest.mark.parametrize(
    ("positive", "said"), [([True, True], "all of one class"), ([False, False], "all of one class")]
)
def test_one_class_is_not_parted(positive, said):
    with pytest.raises(DataError, match=said):
        fit(np.eye(2), np.array(positive))


def test_a_feature_that_is_no_number_is_named():
    with pytest.raises(DataError, match="no finite number"):
        fit(np.array([[1.0], [np.nan]]), np.array([True, False]))
