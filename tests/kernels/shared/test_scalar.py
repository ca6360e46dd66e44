"""The activation functions at the points where they bend."""

import math

import pytest

from cnnkit.kernels.shared.scalar import (
    IDENTITY,
    RELU,
    RELU6,
    SIGMOID,
    activate_scalar,
    activate_slope,
    leaky,
)


@pytest.mark.parametrize(
    ("activation", "x", "y"),
    [
        (IDENTITY, -3.0, -3.0),
        (RELU, -3.0, 0.0),
        (RELU, 2.0, 2.0),
        (RELU, -math.inf, 0.0),
        (RELU6, 7.0, 6.0),
        (RELU6, -1.0, 0.0),
        (RELU6, 5.0, 5.0),
        (leaky(0.25), -4.0, -1.0),
        (leaky(0.25), 4.0, 4.0),
        (SIGMOID, 0.0, 0.5),
        (SIGMOID, -1000.0, 0.0),
        (SIGMOID, 1000.0, 1.0),
    ],
)
def test_known_values(activation, x, y):
    assert activate_scalar(x, *activation) == y


@pytest.mark.parametrize("activation", [IDENTITY, RELU, RELU6, SIGMOID, leaky(0.1)])
def test_nan_stays_nan(activation):
    assert math.isnan(activate_scalar(math.nan, *activation))


@pytest.mark.parametrize(
    ("activation", "y", "slope"),
    [
        (IDENTITY, -1.0, 1.0),
        (RELU, 0.0, 0.0),
        (RELU, 1.0, 1.0),
        (RELU6, 6.0, 0.0),
        (RELU6, 5.0, 1.0),
        (leaky(0.25), -1.0, 0.25),
        (leaky(0.25), 1.0, 1.0),
        (SIGMOID, 0.5, 0.25),
    ],
)
def test_slopes_from_the_output(activation, y, slope):
    assert activate_slope(y, *activation) == slope


def test_a_leaky_relu_that_does_not_leak_is_relu():
    assert leaky(0.0) == RELU
