"""Activations and their gradients."""

import numpy as np
import pytest
from agreement import assert_matches

from cnnkit.kernels import cpu, reference
from cnnkit.kernels.shared.scalar import (
    HARD_SIGMOID,
    HARD_SWISH,
    IDENTITY,
    RELU,
    RELU6,
    SIGMOID,
    SWISH,
    TANH,
    leaky,
    told_by_output,
)

ACTIVATIONS = {
    "identity": IDENTITY,
    "relu": RELU,
    "relu6": RELU6,
    "sigmoid": SIGMOID,
    "leaky": leaky(0.1),
    "leaky, steeper below 0": leaky(2.5),
    "leaky, of negative slope": leaky(-0.5),
    "hard_sigmoid": HARD_SIGMOID,
    "hard_swish": HARD_SWISH,
    "swish": SWISH,
    "tanh": TANH,
}
SHAPES = [(), (0,), (1,), (17,), (3, 5), (2, 3, 3, 8), (40000,)]


@pytest.fixture(params=ACTIVATIONS.values(), ids=ACTIVATIONS)
def activation(request):
    return request.param


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_activate_agrees_with_its_definition(rng, activation, shape):
    x = 4 * normal(rng, shape)
    y = cpu.activate(x, activation)
    assert_matches(y, reference.activate(x, activation))
    dy = normal(rng, shape)
    assert_matches(cpu.activate_dx_at(dy, x, activation), reference.activate_dx_at(dy, x, activation))
    if told_by_output(activation):
        assert_matches(cpu.activate_dx(dy, y, activation), reference.activate_dx(dy, y, activation))


def test_sigmoid_is_right_to_the_last_places(rng):
    x = rng.uniform(-80, 80, 20000).astype(np.float32)
    np.testing.assert_allclose(cpu.activate(x, SIGMOID), 1 / (1 + np.exp(-x.astype(np.float64))), rtol=1e-6)


def test_tanh_is_right_to_the_last_places(rng):
    x = np.concatenate([rng.uniform(-10, 10, 20000), rng.uniform(-0.7, 0.7, 20000), np.logspace(-37, 2, 1000)])
    x = np.concatenate([x, [0, -0.0, np.inf, -np.inf, 88.9, 1e30]]).astype(np.float32)
    y, exact = cpu.activate(x, TANH), np.tanh(x.astype(np.float64))
    assert (np.abs(y - exact) <= 2 * np.spacing(np.abs(exact).astype(np.float32))).all()
    assert (np.sign(y) == np.sign(x)).all()


@pytest.mark.parametrize("backend", [reference, cpu], ids=["reference", "cpu"])
def test_nan_stays_visible(backend, activation):
    nan, zero = np.full(3, np.nan, np.float32), np.zeros(3, np.float32)
    assert np.isnan(backend.activate(nan, activation)).all()
    assert np.isnan(backend.activate_dx(nan, zero, activation)).all()
    assert np.isnan(backend.activate_dx_at(nan, zero, activation)).all()


def test_outputs_go_where_they_are_told(rng):
    x, out = normal(rng, (5, 7)), np.empty((5, 7), np.float32)
    assert cpu.activate(x, RELU, out=out) is out
    np.testing.assert_array_equal(out, np.maximum(x, 0))
    assert cpu.activate_dx(x, x, RELU, out=out) is out
    assert cpu.activate_dx_at(x, x, RELU, out=out) is out


def normal(rng, shape):
    return rng.standard_normal(shape).astype(np.float32)
