"""The activation functions at the points where they bend."""

import math

import pytest

from cnnkit.kernels.shared.scalar import (
    ACTIVATIONS,
    HARD_SIGMOID,
    HARD_SWISH,
    IDENTITY,
    RELU,
    RELU6,
    SIGMOID,
    SWISH,
    TANH,
    activate_scalar,
    activate_slope,
    activate_slope_at,
    leaky,
    told_by_output,
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
        (HARD_SIGMOID, -3.0, 0.0),
        (HARD_SIGMOID, 0.0, 0.5),
        (HARD_SIGMOID, 4.0, 1.0),
        (HARD_SWISH, -4.0, 0.0),
        (HARD_SWISH, -1.5, -0.375),
        (HARD_SWISH, 3.0, 3.0),
        (TANH, 0.0, 0.0),
        (TANH, -1000.0, -1.0),
        (SWISH, 0.0, 0.0),
        (SWISH, 1000.0, 1000.0),
    ],
)
def test_known_values(activation, x, y):
    assert activate_scalar(x, *activation) == y


@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS)
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
        (TANH, 0.5, 0.75),
        (TANH, -1.0, 0.0),
        (HARD_SIGMOID, 0.0, 0.0),
        (HARD_SIGMOID, 0.5, 1 / 6),
        (HARD_SIGMOID, 1.0, 0.0),
    ],
)
def test_slopes_from_the_output(activation, y, slope):
    assert activate_slope(y, *activation) == slope


def test_a_leaky_relu_that_does_not_leak_is_relu():
    assert leaky(0.0) == RELU


@pytest.mark.parametrize("slope", [-3.0, -1.0, -0.01])
def test_a_leaky_relu_of_negative_slope_is_told_by_its_input(slope):
    assert not told_by_output(leaky(slope)) and told_by_output(leaky(-slope))
    assert activate_scalar(-2.0, *leaky(slope)) > 0
    assert activate_slope_at(-2.0, *leaky(slope)) == slope and activate_slope_at(2.0, *leaky(slope)) == 1


@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_slopes_from_the_input_are_those_of_the_values(activation):
    for z in (-4.0, -2.9, -1.3, -0.2, 0.4, 2.9, 5.0, 7.0):
        rise = activate_scalar(z + 1e-6, *activation) - activate_scalar(z - 1e-6, *activation)
        assert activate_slope_at(z, *activation) == pytest.approx(rise / 2e-6, abs=1e-8)


@pytest.mark.parametrize("z", [-3.0, 3.0])
def test_at_a_corner_the_slope_is_that_of_one_side(z):
    assert activate_slope_at(z, *HARD_SWISH) == (0.0 if z < 0 else 1.0)
    assert activate_slope_at(z, *HARD_SIGMOID) == 0.0


def test_an_output_of_a_swish_has_two_inputs():
    assert not told_by_output(HARD_SWISH) and not told_by_output(SWISH)
    assert activate_scalar(-2.0, *HARD_SWISH) == pytest.approx(activate_scalar(-1.0, *HARD_SWISH))
