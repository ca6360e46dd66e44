"""Batch norm and local response norm against their definitions."""

import numpy as np
import pytest
from agreement import assert_matches

from cnnkit.errors import DTypeError, ShapeError
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

EPS = 1e-5
# One pixel alone, one channel, fewer and more channels than lanes, none of them a multiple; many tasks; wide rows.
SHAPES = [
    (2, 1, 1, 1),
    (3, 1, 1, 5),
    (2, 3, 3, 16),
    (5, 7, 6, 17),
    (4, 1, 3, 116),
    (3, 5, 5, 67),
    (2, 9, 9, 520),
    (3, 5, 3, 1001),
    (2, 40, 40, 3),
    (2, 41, 40, 24),
    (7, 16),
]
KINDS = {
    "identity": IDENTITY,
    "relu": RELU,
    "relu6": RELU6,
    "leaky": leaky(0.1),
    "leaky, of negative slope": leaky(-0.5),
    "sigmoid": SIGMOID,
    "tanh": TANH,
    "hard_sigmoid": HARD_SIGMOID,
    "hard_swish": HARD_SWISH,
    "swish": SWISH,
}
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)
every_kind = pytest.mark.parametrize("activation", KINDS.values(), ids=KINDS)


def operands(rng, shape, offset=0.0):
    """x, dy, residual; weight, bias."""
    C = shape[-1]
    x, dy, residual = (rng.standard_normal(shape).astype(np.float32) for _ in range(3))
    return x + np.float32(offset), dy, residual, rng.uniform(0.5, 1.5, C).astype(np.float32), normal(rng, (C,))


def normal(rng, shape):
    return rng.standard_normal(shape).astype(np.float32)


def check_forward(x, weight, bias, activation, residual):
    """Statistics are sums of as many terms as a channel has values; y errs as they do. The slope of a swish is 1.1."""
    actual = cpu.batch_norm(x, weight, bias, EPS, activation=activation, residual=residual)
    expected = reference.batch_norm(x, weight, bias, EPS, activation=activation, residual=residual)
    terms = x.size // x.shape[-1]
    for a, e in zip(actual, expected, strict=True):
        assert_matches(a, e, terms, scale=max(float(np.abs(e).max()), 1))
    return actual


def check_gradients(dy, x, weight, bias, mean, var, **options):
    """dx is what is left of terms as large as weight·rstd·dz; the sums have as many terms as a channel has values."""
    actual = cpu.batch_norm_dx(dy, x, weight, bias, mean, var, EPS, **options)
    expected = reference.batch_norm_dx(dy, x, weight, bias, mean, var, EPS, **options)
    terms = x.size // x.shape[-1]
    rstd = 1 / np.sqrt(var.astype(np.float64) + EPS)
    largest = float(np.abs(dy).max())
    scales = [largest * float((weight * rstd).max()), 4 * largest, 4 * largest, largest]
    for a, e, scale in zip(actual, expected, scales, strict=True):
        if e is None:
            assert a is None
        else:
            assert_matches(a, e, terms, scale=scale)


@every_shape
def test_running_averages_agree_with_their_definition(rng, shape):
    x, _, _, weight, bias = operands(rng, shape, offset=2.0)
    ours = normal(rng, shape[-1:]), np.abs(normal(rng, shape[-1:]))
    theirs = tuple(average.copy() for average in ours)
    cpu.batch_norm(x, weight, bias, EPS, running=ours, momentum=0.3)
    reference.batch_norm(x, weight, bias, EPS, running=theirs, momentum=0.3)
    for actual, expected in zip(ours, theirs, strict=True):
        assert_matches(actual, expected, x.size // shape[-1], scale=max(float(np.abs(expected).max()), 1))


@pytest.mark.parametrize("backend", [reference, cpu], ids=["reference", "cpu"])
def test_running_averages_move_by_the_momentum_towards_mean_and_unbiased_variance(backend):
    x, one = np.array([[1], [3]], np.float32), np.ones(1, np.float32)
    mean, var = np.zeros(1, np.float32), np.ones(1, np.float32)
    backend.batch_norm(x, one, one, EPS, running=(mean, var), momentum=0.25)
    assert (mean.item(), var.item()) == (0.25 * 2, 0.75 * 1 + 0.25 * 2)
    backend.batch_norm(x, one, one, EPS)
    assert (mean.item(), var.item()) == (0.5, 1.25)


def test_running_averages_that_could_not_be_written_to_are_refused(rng):
    x, _, _, weight, bias = operands(rng, (2, 3, 3, 6))
    good = np.zeros(6, np.float32)
    for wrong, error in ((np.zeros(12, np.float32)[::2], ShapeError), (np.zeros(6), DTypeError)):
        with pytest.raises(error):
            cpu.batch_norm(x, weight, bias, EPS, running=(good, wrong))


@every_shape
@pytest.mark.parametrize("activation", [IDENTITY, RELU, SWISH], ids=["identity", "relu", "swish"])
def test_batch_norm_agrees_with_its_definition(rng, shape, activation):
    x, dy, residual, weight, bias = operands(rng, shape)
    _, mean, var = check_forward(x, weight, bias, activation, None)
    check_gradients(dy, x, weight, bias, mean, var, activation=activation)
    check_gradients(dy, x, weight, bias, mean, var, activation=activation, frozen=True)
    y, mean, var = check_forward(x, weight, bias, activation, residual)
    if told_by_output(activation):
        check_gradients(dy, x, weight, bias, mean, var, activation=activation, y=y)


@every_kind
def test_every_activation(rng, activation):
    x, dy, residual, weight, bias = operands(rng, (3, 7, 5, 18))
    _, mean, var = check_forward(x, weight, bias, activation, None)
    check_gradients(dy, x, weight, bias, mean, var, activation=activation)
    y, mean, var = check_forward(x, weight, bias, activation, residual)
    if told_by_output(activation):
        check_gradients(dy, x, weight, bias, mean, var, activation=activation, y=y, frozen=True)
    for added in (None, residual):
        options = {"activation": activation, "residual": added}
        actual, expected = (
            cpu.batch_norm_frozen(x, weight, bias, mean, var, EPS, **options),
            reference.batch_norm_frozen(x, weight, bias, mean, var, EPS, **options),
        )
        assert_matches(actual, expected, 4, scale=8)


@pytest.mark.parametrize("shape", [(4, 20, 20, 16), (4, 50, 50, 3), (4, 9, 9, 130)], ids=str)
def test_a_mean_far_from_zero_costs_no_digits(rng, shape):
    """Mean 1000, deviation 1: a variance from Σ x² - (Σ x)² would have no digit left in float32."""
    x, dy, _, weight, bias = operands(rng, shape, 1000.0)
    y, mean, var = cpu.batch_norm(x, weight, bias, EPS, activation=RELU)
    expected, exact_mean, exact_var = reference.batch_norm(x, weight, bias, EPS, activation=RELU)
    np.testing.assert_allclose(mean, exact_mean, rtol=1e-7)
    np.testing.assert_allclose(var, exact_var, rtol=1e-5)
    assert_matches(y, expected, x.size // x.shape[-1])
    check_gradients(dy, x, weight, bias, mean, var, activation=RELU)


def test_an_image_that_begins_unlike_the_rest_costs_no_digits(rng):
    """The squares are of what differs from a mean of the first pixels, which here is nothing like that of all."""
    x, _, _, weight, bias = operands(rng, (4, 64, 64, 8), 1000.0)
    x[:, :4] = 0
    _, mean, var = cpu.batch_norm(x, weight, bias, EPS)
    _, exact_mean, exact_var = reference.batch_norm(x, weight, bias, EPS)
    np.testing.assert_allclose(mean, exact_mean, rtol=1e-6)
    np.testing.assert_allclose(var, exact_var, rtol=1e-5)


def test_a_channel_that_never_changes_becomes_its_bias(rng):
    x = np.full((2, 5, 5, 3), 7.7, np.float32)
    bias = normal(rng, (3,))
    y, mean, var = cpu.batch_norm(x, np.ones(3, np.float32), bias, EPS)
    np.testing.assert_allclose(mean, 7.7, rtol=1e-6)
    assert (var == 0).all()
    np.testing.assert_allclose(y, np.broadcast_to(bias, y.shape), rtol=1e-6)


@every_kind
@pytest.mark.parametrize("backend", [reference, cpu], ids=["reference", "cpu"])
def test_nan_stays_visible(rng, backend, activation):
    """In one channel: it alone is lost."""
    x, dy, _, weight, bias = operands(rng, (2, 3, 3, 5))
    x[1, 2, 2, 3] = np.nan
    y, mean, var = backend.batch_norm(x, weight, bias, EPS, activation=activation)
    for row in (mean, var):
        np.testing.assert_array_equal(np.isnan(row), [False, False, False, True, False])
    assert np.isnan(y[..., 3]).all() and np.isfinite(np.delete(y, 3, -1)).all()
    dx, *_ = backend.batch_norm_dx(dy, x, weight, bias, mean, var, EPS, activation=activation)
    assert np.isnan(dx[..., 3]).all() and np.isfinite(np.delete(dx, 3, -1)).all()
    assert np.isnan(backend.batch_norm_frozen(x, weight, bias, bias, weight**2, EPS, activation=activation)[1, 2, 2, 3])


def test_an_empty_batch_has_no_gradient():
    x, row = np.zeros((0, 2, 2, 3), np.float32), np.ones(3, np.float32)
    assert cpu.batch_norm_frozen(x, row, row, row, row, EPS).shape == x.shape
    dx, dweight, dbias, _ = cpu.batch_norm_dx(x, x, row, row, row, row, EPS, activation=RELU, frozen=True)
    assert dx.shape == x.shape
    assert not dweight.any() and not dbias.any()


# (size, alpha, beta, k); beta a multiple of 1/4 is taken by square roots, another by a power
WINDOWS = [(5, 1e-4, 0.75, 1.0), (5, 0.5, 0.75, 2.0), (4, 0.5, 1.5, 1.0), (1, 0.5, 0.6, 1.0), (9, 0.5, 1.0, 2.0)]


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 3, 2, 3), (2, 3, 3, 16), (2, 2, 3, 67), (0, 2, 2, 3)], ids=str)
def test_local_response_norm_agrees_with_its_definition(rng, shape, window):
    """Two sums over a window, and a power, which multiplies a relative error by beta."""
    x, dy = normal(rng, shape), normal(rng, shape)
    actual, expected = cpu.local_response_norm(x, *window), reference.local_response_norm(x, *window)
    assert_matches(actual, expected, window[0], factor=8)
    actual, expected = cpu.local_response_norm_dx(dy, x, *window), reference.local_response_norm_dx(dy, x, *window)
    assert_matches(actual, expected, window[0], factor=8)


@pytest.mark.parametrize("backend", [reference, cpu], ids=["reference", "cpu"])
def test_nan_is_seen_by_its_neighbours_alone(backend):
    x = np.ones((1, 1, 1, 9), np.float32)
    x[..., 4] = np.nan
    seen = np.isnan(backend.local_response_norm(x, 3, 0.5, 0.75, 1.0))[0, 0, 0]
    np.testing.assert_array_equal(np.flatnonzero(seen), [3, 4, 5])
