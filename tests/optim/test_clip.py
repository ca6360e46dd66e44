"""Gradient clipping."""

import math

import numpy as np
import pytest

from cnnkit.errors import UsageError
from cnnkit.nn import Parameter
from cnnkit.optim import clip_grad_norm, limit_grad_norm


@pytest.fixture
def parameters() -> list[Parameter]:
    parameters = [Parameter(np.zeros((2, 2))), Parameter(np.zeros(3)), Parameter(np.zeros(1))]
    parameters[0].grad, parameters[1].grad = np.full((2, 2), 1.0), np.array([2.0, 2.0, 2.0])
    return parameters


def test_long_gradients_are_scaled_together(parameters):
    assert clip_grad_norm(parameters, 2.0) == 4
    np.testing.assert_array_equal(parameters[0].grad, np.full((2, 2), 0.5))
    np.testing.assert_array_equal(parameters[1].grad, np.full(3, 1.0))
    assert parameters[2].grad is None


def test_short_gradients_stay(parameters):
    assert clip_grad_norm(parameters, 5.0) == 4
    np.testing.assert_array_equal(parameters[1].grad, np.full(3, 2.0))


def test_a_norm_that_is_not_finite_scales_nothing(parameters):
    parameters[0].grad[0, 0] = np.inf
    assert math.isinf(clip_grad_norm(parameters, 1.0))
    np.testing.assert_array_equal(parameters[1].grad, np.full(3, 2.0))


def test_a_limit_that_cannot_be_is_refused(parameters):
    with pytest.raises(UsageError, match="max_norm is 0, expected a number above 0"):
        clip_grad_norm(parameters, 0)


def test_the_same_without_an_answer(parameters):
    assert limit_grad_norm(parameters, 5.0) is None
    np.testing.assert_array_equal(parameters[1].grad, np.full(3, 2.0))
    limit_grad_norm(parameters, 2.0)
    np.testing.assert_array_equal(parameters[0].grad, np.full((2, 2), 0.5))
    parameters[0].grad[0, 0] = np.nan
    limit_grad_norm(parameters, 0.1)
    np.testing.assert_array_equal(parameters[1].grad, np.full(3, 1.0))
    with pytest.raises(UsageError, match="max_norm is -1, expected a number above 0"):
        limit_grad_norm(parameters, -1)
