"""Activations, their gradients, and the end of a layer run backwards."""

import numpy as np
import pytest
from agreement import assert_matches

from cnnkit.kernels import cpu, reference
from cnnkit.kernels.shared.scalar import IDENTITY, RELU, RELU6, SIGMOID, leaky

ACTIVATIONS = [IDENTITY, RELU, RELU6, SIGMOID, leaky(0.1)]
SHAPES = [(), (0,), (1,), (17,), (3, 5), (2, 3, 3, 8), (40000,)]
# Rows and channels of the end of a layer: fewer and more channels than a register, one row, none, several tasks.
LAYERS = [(2, 3, 3, 1), (0, 3, 3, 5), (4, 9, 9, 3), (1, 1, 1, 8), (4, 9, 9, 17), (130, 10), (2, 9, 9, 64), (900, 130)]


@pytest.fixture(params=ACTIVATIONS, ids=["identity", "relu", "relu6", "sigmoid", "leaky"])
def activation(request):
    return request.param


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_activate_agrees_with_its_definition(rng, activation, shape):
    x = 4 * normal(rng, shape)
    y = cpu.activate(x, activation)
    assert_matches(y, reference.activate(x, activation))
    dy = normal(rng, shape)
    assert_matches(cpu.activate_dx(dy, y, activation), reference.activate_dx(dy, y, activation))


def test_sigmoid_is_right_to_the_last_places(rng):
    x = rng.uniform(-80, 80, 20000).astype(np.float32)
    np.testing.assert_allclose(cpu.activate(x, SIGMOID), 1 / (1 + np.exp(-x.astype(np.float64))), rtol=1e-6)


@pytest.mark.parametrize("shape", LAYERS, ids=str)
def test_epilogue_dx_agrees_with_its_definition(rng, activation, shape):
    dy, y = normal(rng, shape), cpu.activate(4 * normal(rng, shape), activation)
    dz, db = cpu.epilogue_dx(dy, y, activation)
    expected, expected_db = reference.epilogue_dx(dy, y, activation)
    assert_matches(dz, expected)
    # Channels whose sum happens to be small err as much as the others: the scale is that of the summed terms.
    assert_matches(db, expected_db, dy.size // shape[-1], scale=float(np.abs(expected).max(initial=0)))


def test_epilogue_dx_of_the_identity_copies_nothing(rng):
    dy = normal(rng, (3, 4))
    assert cpu.epilogue_dx(dy, dy, IDENTITY)[0] is dy


def test_a_long_sum_keeps_its_digits():
    """Float32 alone would stop counting at 2^24."""
    dy = np.ones((6000, 3000, 1), np.float32)
    assert cpu.epilogue_dx(dy, dy, IDENTITY)[1].item() == 18e6


@pytest.mark.parametrize("backend", [reference, cpu], ids=["reference", "cpu"])
def test_nan_stays_visible(backend, activation):
    nan, one = np.full(3, np.nan, np.float32), np.ones(3, np.float32)
    assert np.isnan(backend.activate(nan, activation)).all()
    assert np.isnan(backend.activate_dx(nan, 0 * one, activation)).all()
    assert np.isnan(backend.epilogue_dx(nan[None], -one[None], activation)[1]).all()


def test_outputs_go_where_they_are_told(rng):
    x, out = normal(rng, (5, 7)), np.empty((5, 7), np.float32)
    assert cpu.activate(x, RELU, out=out) is out
    np.testing.assert_array_equal(out, np.maximum(x, 0))
    assert cpu.activate_dx(x, x, RELU, out=out) is out


def normal(rng, shape):
    return rng.standard_normal(shape).astype(np.float32)
