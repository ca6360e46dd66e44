"""Pools: known values, agreement with the definition, ties and NaN."""

import numpy as np
import pytest
from agreement import assert_matches
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnkit.kernels import cpu, reference
from cnnkit.kernels.shared.geometry import Window, output_hw
from cnnkit.kernels.shared.scalar import IDENTITY, RELU, RELU6, SIGMOID, leaky

CHANNELS = [1, 3, 5, 8, 17, 64]
CASES = {
    "halving": ((2, 6, 8), (2, 2), Window(2, 2)),
    "halving an odd image": ((2, 5, 7), (2, 2), Window(2, 2)),
    "overlapping": ((1, 7, 6), (3, 3), Window(2, 2, 1, 1, 1, 1)),
    "one-sided padding": ((1, 5, 4), (2, 3), Window(1, 2, 1, 0, 0, 2)),
    "stride larger than the kernel": ((1, 9, 8), (2, 2), Window(4, 5)),
    "dilated": ((1, 8, 7), (3, 2), Window(1, 1, 1, 1, 1, 1, 2, 3)),
    "an image of one pixel": ((3, 1, 1), (1, 1), Window()),
    "padding wider than the image": ((1, 1, 2), (3, 3), Window(1, 1, 4, 4, 4, 4)),
    "no images": ((0, 4, 4), (2, 2), Window(2, 2)),
    "a kernel that never fits": ((1, 2, 2), (3, 3), Window()),
}


@pytest.fixture(params=CASES, ids=str)
def case(request):
    return CASES[request.param]


@pytest.mark.parametrize("C", CHANNELS)
def test_max_pool2d_agrees_with_its_definition(rng, case, C):
    shape, kernel, win = case
    x = whole_numbers(rng, (*shape, C))  # ties on purpose
    y, arg = cpu.max_pool2d(x, kernel, win)
    expected, expected_arg = reference.max_pool2d(x, kernel, win)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(arg, expected_arg)
    assert arg.dtype == expected_arg.dtype == np.uint8
    for package in (cpu, reference):
        alone, nothing = package.max_pool2d(x, kernel, win, needs_arg=False)
        np.testing.assert_array_equal(alone, expected)
        assert nothing is None
    dy = normal(rng, y.shape)
    dx = cpu.max_pool2d_dx(dy, arg, x.shape, kernel, win)
    assert_matches(dx, reference.max_pool2d_dx(dy, arg, x.shape, kernel, win), kernel[0] * kernel[1])


@pytest.mark.parametrize("activation", [IDENTITY, RELU, RELU6, SIGMOID, leaky(0.1)], ids=lambda a: f"kind {a.kind}")
@pytest.mark.parametrize("C", [5, 64])
def test_a_gradient_goes_back_through_the_activation_below(rng, case, C, activation):
    shape, kernel, win = case
    x = reference.activate(normal(rng, (*shape, C)), activation).astype(np.float32)
    y, arg = cpu.max_pool2d(x, kernel, win)
    dy = normal(rng, y.shape)
    dz = cpu.max_pool2d_dx(dy, arg, x.shape, kernel, win, y=y, activation=activation)
    dx = reference.max_pool2d_dx(dy, arg, x.shape, kernel, win)
    assert_matches(dz, reference.activate_dx(dx, x, activation), kernel[0] * kernel[1])
    with np.errstate(invalid="ignore"):  # a window that saw nothing holds -inf, whose slope nobody asks for
        expected = reference.max_pool2d_dx(dy, arg, x.shape, kernel, win, y=y, activation=activation)
    assert_matches(dz, expected, kernel[0] * kernel[1])


@pytest.mark.parametrize("count_padding", [True, False])
@pytest.mark.parametrize("C", CHANNELS)
def test_avg_pool2d_agrees_with_its_definition(rng, case, C, count_padding):
    shape, kernel, win = case
    x, taps = normal(rng, (*shape, C)), kernel[0] * kernel[1]
    y = cpu.avg_pool2d(x, kernel, win, count_padding=count_padding)
    assert_matches(y, reference.avg_pool2d(x, kernel, win, count_padding=count_padding), taps)
    dy = normal(rng, y.shape)
    dx = cpu.avg_pool2d_dx(dy, x.shape, kernel, win, count_padding=count_padding)
    assert_matches(dx, reference.avg_pool2d_dx(dy, x.shape, kernel, win, count_padding=count_padding), taps)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (7, 6)])
@pytest.mark.parametrize("C", [1, 5, 17])
def test_adaptive_pools_agree_with_their_definitions(rng, size, C):
    x = whole_numbers(rng, (2, 5, 4, C))
    mean = cpu.adaptive_avg_pool2d(x, size)
    assert_matches(mean, reference.adaptive_avg_pool2d(x, size), 20)
    y, arg = cpu.adaptive_max_pool2d(x, size)
    expected, expected_arg = reference.adaptive_max_pool2d(x, size)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(arg, expected_arg)
    assert arg.dtype == expected_arg.dtype == np.int32
    for package in (cpu, reference):
        alone, nothing = package.adaptive_max_pool2d(x, size, needs_arg=False)
        np.testing.assert_array_equal(alone, expected)
        assert nothing is None
    dy = normal(rng, y.shape)
    assert_matches(cpu.adaptive_avg_pool2d_dx(dy, x.shape), reference.adaptive_avg_pool2d_dx(dy, x.shape), 20)
    dx = cpu.adaptive_max_pool2d_dx(dy, arg, x.shape)
    assert_matches(dx, reference.adaptive_max_pool2d_dx(dy, arg, x.shape), 20)
    dz = cpu.adaptive_max_pool2d_dx(dy, arg, x.shape, y=y, activation=leaky(0.1))
    assert_matches(dz, reference.activate_dx(dx, x, leaky(0.1)), 20)
    assert_matches(dz, reference.adaptive_max_pool2d_dx(dy, arg, x.shape, y=y, activation=leaky(0.1)), 20)


@settings(max_examples=30, deadline=None)
@given(
    image=st.tuples(st.integers(0, 2), st.integers(1, 7), st.integers(1, 7), st.integers(1, 18)),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    strides=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    padding=st.tuples(*[st.integers(0, 3)] * 4),
    dilation=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_window_over_any_image(image, kernel, strides, padding, dilation, seed):
    rng, win = np.random.default_rng(seed), Window(*strides, *padding, *dilation)
    x = whole_numbers(rng, image)
    y, arg = cpu.max_pool2d(x, kernel, win)
    expected, expected_arg = reference.max_pool2d(x, kernel, win)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(arg, expected_arg)
    dy = normal(rng, y.shape)
    dx = cpu.max_pool2d_dx(dy, arg, image, kernel, win)
    assert_matches(dx, reference.max_pool2d_dx(dy, arg, image, kernel, win), 16)
    assert_matches(cpu.avg_pool2d(x, kernel, win), reference.avg_pool2d(x, kernel, win), 16)
    assert_matches(cpu.avg_pool2d_dx(dy, image, kernel, win), reference.avg_pool2d_dx(dy, image, kernel, win), 16)


@pytest.mark.parametrize("backend", [reference, cpu], ids=["reference", "cpu"])
class TestKnownValues:
    """On every backend, small enough to follow by hand."""

    X = np.array([[1, 5, 2, 0], [3, 4, 9, 9], [-1, -2, -3, -4], [-2, -1, -7, -3]], np.float32).reshape(1, 4, 4, 1)

    def test_max_and_the_tap_that_won(self, backend):
        y, arg = backend.max_pool2d(self.X, (2, 2), Window(2, 2))
        np.testing.assert_array_equal(y[0, :, :, 0], [[5, 9], [-1, -3]])
        np.testing.assert_array_equal(arg[0, :, :, 0], [[1, 2], [0, 0]])  # the first of two nines, of two -1, of two -3

    def test_the_gradient_goes_to_the_winners(self, backend):
        _, arg = backend.max_pool2d(self.X, (2, 2), Window(2, 2))
        dy = np.array([[10, 20], [30, 40]], np.float32).reshape(1, 2, 2, 1)
        dx = backend.max_pool2d_dx(dy, arg, self.X.shape, (2, 2), Window(2, 2))
        np.testing.assert_array_equal(dx[0, :, :, 0], [[0, 10, 0, 0], [0, 0, 20, 0], [30, 0, 40, 0], [0, 0, 0, 0]])

    def test_windows_that_overlap_add_up(self, backend):
        x = np.array([0, 7, 0], np.float32).reshape(1, 1, 3, 1)
        _, arg = backend.max_pool2d(x, (1, 2), Window())
        dx = backend.max_pool2d_dx(np.array([2, 3], np.float32).reshape(1, 1, 2, 1), arg, x.shape, (1, 2), Window())
        np.testing.assert_array_equal(dx.reshape(-1), [0, 5, 0])

    def test_padding_never_wins(self, backend):
        x = np.full((1, 1, 1, 1), -5, np.float32)
        y, arg = backend.max_pool2d(x, (3, 3), Window(1, 1, 1, 1, 1, 1))
        assert (y.item(), arg.item()) == (-5, 4)

    def test_a_window_that_sees_nothing(self, backend):
        x = np.ones((1, 1, 1, 1), np.float32)
        win = Window(1, 1, 2, 0, 0, 0)
        y, arg = backend.max_pool2d(x, (1, 1), win)
        np.testing.assert_array_equal(y.reshape(-1), [-np.inf, -np.inf, 1])
        np.testing.assert_array_equal(arg.reshape(-1), [255, 255, 0])
        assert backend.max_pool2d_dx(np.ones_like(x, shape=y.shape), arg, x.shape, (1, 1), win).item() == 1
        mean = backend.avg_pool2d(x, (1, 1), win, count_padding=False)
        np.testing.assert_array_equal(mean.reshape(-1), [0, 0, 1])

    def test_minus_infinity_is_a_value_like_any_other(self, backend):
        y, arg = backend.max_pool2d(np.full((1, 2, 2, 1), -np.inf, np.float32), (2, 2), Window(2, 2))
        assert (y.item(), arg.item()) == (-np.inf, 0)

    @pytest.mark.parametrize("win", [Window(2, 2), Window(2, 2, 0, 1, 0, 1)], ids=["fast body", "general body"])
    def test_the_first_nan_wins(self, backend, win):
        x = np.array([1, np.nan, np.nan, 9], np.float32).reshape(1, 2, 2, 1)
        y, arg = backend.max_pool2d(x, (2, 2), win)
        assert np.isnan(y.reshape(-1)[0])
        assert arg.reshape(-1)[0] == 1
        assert np.isnan(backend.max_pool2d(x, (2, 2), win, needs_arg=False)[0].reshape(-1)[0])

    def test_many_taps_need_wider_codes(self, backend):
        x = np.zeros((1, 16, 16, 1), np.float32)
        x[0, 15, 15] = 1
        _, arg = backend.max_pool2d(x, (16, 16), Window())
        assert arg.dtype == np.int32
        assert arg.item() == 255

    def test_a_mean_with_and_without_padding(self, backend):
        x = np.full((1, 2, 2, 1), 4, np.float32)
        win = Window(2, 2, 1, 0, 1, 0)
        assert backend.avg_pool2d(x, (2, 2), win).reshape(-1)[0] == 1
        assert backend.avg_pool2d(x, (2, 2), win, count_padding=False).reshape(-1)[0] == 4

    def test_bins_of_an_adaptive_pool_may_share_a_pixel(self, backend):
        x = np.array([3, 5, 7], np.float32).reshape(1, 1, 3, 1)
        np.testing.assert_array_equal(backend.adaptive_avg_pool2d(x, (1, 2)).reshape(-1), [4, 6])


def test_strided_and_read_only_operands_are_taken(rng):
    x = normal(rng, (2, 4, 4, 6))[::-1, :, :, ::2]
    x.flags.writeable = False
    y, _ = cpu.max_pool2d(x, (2, 2), Window(2, 2))
    assert y.shape[1:3] == output_hw(x.shape, (2, 2), Window(2, 2))
    np.testing.assert_array_equal(y, reference.max_pool2d(x, (2, 2), Window(2, 2))[0])


def normal(rng, shape):
    return rng.standard_normal(shape).astype(np.float32)


def whole_numbers(rng, shape):
    return rng.integers(-4, 5, shape).astype(np.float32)
