"""Arithmetic with broadcasting."""

import numpy as np
import pytest
from agreement import assert_matches
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

from cnnkit.kernels import cpu, reference

BINARY = ["add", "subtract", "multiply", "divide", "maximum", "minimum"]
UNARY = ["negate", "exp", "log", "softplus", "sqrt"]
SHAPES = [
    ((3, 4, 5), (3, 4, 5)),
    ((3, 4, 5), (5,)),
    ((3, 4, 5), (1,)),
    ((), (3, 4)),
    ((), ()),
    ((3, 1, 5), (1, 4, 1)),
    ((2, 3, 1, 1), (1, 1, 4, 17)),
    ((2, 3, 4, 17), (2, 3, 1, 17)),
    ((0, 3), (3,)),
    ((7, 1), (7, 40000)),
]


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_two_operands_agree_with_the_definition(rng, name, shapes):
    x, y = (nonzero(rng, shape) for shape in shapes)
    assert_matches(getattr(cpu, name)(x, y), getattr(reference, name)(x, y))


@settings(max_examples=60, deadline=None)
@given(mutually_broadcastable_shapes(num_shapes=2, max_dims=5, max_side=4, min_side=0), st.sampled_from(BINARY))
def test_any_two_shapes_that_numpy_would_broadcast(shapes, name):
    rng = np.random.default_rng(1)
    x, y = (nonzero(rng, shape) for shape in shapes.input_shapes)
    z = getattr(cpu, name)(x, y)
    assert z.shape == shapes.result_shape
    assert_matches(z, getattr(reference, name)(x, y))


@settings(max_examples=60, deadline=None)
@given(mutually_broadcastable_shapes(num_shapes=3, max_dims=5, max_side=4, min_side=0))
def test_where_takes_any_three_shapes_that_numpy_would_broadcast(shapes):
    rng = np.random.default_rng(1)
    condition, x, y = (nonzero(rng, shape) for shape in shapes.input_shapes)
    condition *= rng.integers(0, 2, condition.shape)
    z = cpu.where(condition, x, y)
    assert z.shape == shapes.result_shape
    np.testing.assert_array_equal(z, reference.where(condition, x, y))


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_equal_tells_one_from_zero(rng, shapes):
    x, y = (rng.integers(0, 3, shape).astype(np.float32) for shape in shapes)
    assert_matches(cpu.equal(x, y), reference.equal(x, y))
    np.testing.assert_array_equal(reference.equal(x, y), x == y)


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("shape", [(), (0,), (1,), (17,), (2, 3, 64), (40000,)], ids=str)
def test_one_operand_agrees_with_the_definition(rng, name, shape):
    x = np.abs(nonzero(rng, shape))
    assert_matches(getattr(cpu, name)(x), getattr(reference, name)(x))


def test_exp_is_within_two_units_in_the_last_place(rng):
    x = rng.uniform(-87, 88.7, 100_000).astype(np.float32)
    np.testing.assert_array_max_ulp(cpu.exp(x), np.exp(x.astype(np.float64)).astype(np.float32), 2)


def test_softplus_errs_by_units_in_the_last_place_on_both_sides_of_zero(rng):
    x = np.concatenate([rng.uniform(-80, 80, 50_000), rng.uniform(-1, 1, 50_000)]).astype(np.float32)
    np.testing.assert_array_max_ulp(cpu.softplus(x), np.logaddexp(0, x.astype(np.float64)).astype(np.float32), 5)


@pytest.mark.parametrize("backend", [reference, cpu], ids=["reference", "cpu"])
class TestKnownValues:
    def test_nan_of_either_side_stays(self, backend):
        x, y = np.array([np.nan, 1], np.float32), np.array([1, np.nan], np.float32)
        for name in BINARY:
            assert np.isnan(getattr(backend, name)(x, y)).all(), name
        for name in UNARY:
            assert np.isnan(getattr(backend, name)(x)[0]), name

    def test_a_nan_equals_nothing_and_is_not_zero(self, backend):
        x = np.array([np.nan, 1], np.float32)
        np.testing.assert_array_equal(backend.equal(x, x), [0, 1])
        np.testing.assert_array_equal(backend.where(x, x, -x), x)

    def test_clip_bounds_what_it_can_and_keeps_nan(self, backend):
        x = np.array([-3, -1, 0.5, 4, np.nan, -np.inf], np.float32)
        np.testing.assert_array_equal(backend.clip(x, -1, 2), [-1, -1, 0.5, 2, np.nan, -1])
        np.testing.assert_array_equal(backend.clip(x, -np.inf, 2), [-3, -1, 0.5, 2, np.nan, -np.inf])

    def test_an_operand_may_be_a_number(self, backend):
        x = np.array([0.1, 7, 0], np.float32)
        np.testing.assert_array_equal(backend.equal(x, 0.1), [1, 0, 0])
        np.testing.assert_array_equal(backend.where(x, 2.0, x), [2, 2, 0])

    @pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
    def test_integers_are_compared_and_chosen_as_such(self, backend, dtype):
        x = np.array([[0, 1, 255]], dtype)
        kind = backend.equal(np.zeros(1, np.float32), 0.0).dtype
        for found in (backend.equal(x, x.T), backend.equal(x, 255)):
            assert found.dtype == kind
        np.testing.assert_array_equal(backend.equal(x, x.T), np.eye(3))
        chosen = backend.where(backend.equal(x, 255), 0, x)
        assert chosen.dtype == dtype
        np.testing.assert_array_equal(chosen, [[0, 1, 0]])
        np.testing.assert_array_equal(backend.where(x, np.full(3, 2, np.float32), np.zeros(1, np.float32)), [[0, 2, 2]])

    def test_large_integers_differ_from_their_neighbours(self, backend):
        x = np.array([2**24, 2**53], np.int64)
        np.testing.assert_array_equal(backend.equal(x, x + 1), [0, 0])

    def test_divisions_by_zero(self, backend):
        x = np.array([1, -1, 0], np.float32)
        np.testing.assert_array_equal(backend.divide(x, np.zeros(1, np.float32)), [np.inf, -np.inf, np.nan])

    def test_the_ends_of_the_scale(self, backend):
        infinity = np.float32(np.inf)
        x = np.array([-infinity, 0, infinity], np.float32)
        np.testing.assert_array_equal(backend.exp(x), [0, 1, np.inf])
        np.testing.assert_array_equal(backend.softplus(x)[::2], [0, np.inf])
        np.testing.assert_array_equal(backend.log(x), [np.nan, -np.inf, np.inf])
        np.testing.assert_array_equal(backend.sqrt(x), [np.nan, 0, np.inf])


def test_a_result_may_replace_an_operand(rng):
    x, y = nonzero(rng, (300, 7)), nonzero(rng, (7,))
    expected = x + y
    assert cpu.add(x, y, out=x) is x
    np.testing.assert_array_equal(x, expected)


def nonzero(rng, shape):
    return (rng.uniform(0.5, 2, shape) * rng.choice([-1, 1], shape)).astype(np.float32)
