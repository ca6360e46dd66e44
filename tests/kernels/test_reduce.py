"""Sums, means and maxima over any axes."""

from itertools import combinations

import numpy as np
import pytest
from agreement import assert_matches

from cnnkit.kernels import cpu, reference

NAMES = ["sum_over", "mean_over", "max_over"]
SHAPES = [(3,), (2, 3, 4, 5), (0, 3), (3, 0), (1, 1), (5000, 17), (3000, 1), (2, 70000)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_choice_of_axes_agrees_with_the_definition(rng, name, shape):
    x = rng.standard_normal(shape).astype(np.float32)
    for count in range(len(shape) + 1):
        for axes in combinations(range(len(shape)), count):
            for keepdims in (False, True):
                actual = getattr(cpu, name)(x, axes, keepdims)
                expected = getattr(reference, name)(x, axes, keepdims)
                terms = np.prod([shape[axis] for axis in axes])
                assert_matches(actual, expected, terms, scale=4 if name != "mean_over" else 1)


@pytest.mark.parametrize("backend", [reference, cpu], ids=["reference", "cpu"])
class TestKnownValues:
    X = np.array([[1, 2, 3], [4, 5, 9]], np.float32)

    def test_axes_count_from_the_end_where_negative(self, backend):
        np.testing.assert_array_equal(backend.sum_over(self.X, (-1,)), [6, 18])
        np.testing.assert_array_equal(backend.mean_over(self.X, (0,), True), [[2.5, 3.5, 6]])
        assert backend.max_over(self.X, (0, -1)) == 9

    def test_nan_stays_visible(self, backend):
        x = np.array([[np.nan, 1], [2, np.nan], [3, 4]], np.float32)
        for name in NAMES:
            np.testing.assert_array_equal(np.isnan(getattr(backend, name)(x, (1,))), [True, True, False])
            assert np.isnan(getattr(backend, name)(x, (0,))).all()

    def test_over_nothing(self, backend):
        x = np.zeros((2, 0), np.float32)
        np.testing.assert_array_equal(backend.sum_over(x, (1,)), [0, 0])
        np.testing.assert_array_equal(backend.mean_over(x, (1,)), [np.nan, np.nan])
        np.testing.assert_array_equal(backend.max_over(x, (1,)), [-np.inf, -np.inf])


def test_a_long_sum_keeps_its_digits():
    """Float32 alone would stop counting at 2^24."""
    assert cpu.sum_over(np.ones((6000, 3000), np.float32), (0, 1)) == 18e6
