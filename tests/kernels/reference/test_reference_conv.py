"""The definitions of convolution and dense products, held against sums made by hand and against each other."""

import numpy as np
import pytest

from cnnkit.kernels import reference
from cnnkit.kernels.shared.geometry import Window
from cnnkit.kernels.shared.scalar import RELU


def test_a_filter_of_ones_sums_its_window():
    x = np.arange(9.0).reshape(1, 3, 3, 1)
    y = reference.conv2d(x, np.ones((2, 2, 1, 1)), Window())
    assert y[0, :, :, 0].tolist() == [[8, 12], [20, 24]]


def test_padding_is_zero_and_stride_skips():
    x = np.ones((1, 3, 3, 1))
    y = reference.conv2d(x, np.ones((3, 3, 1, 1)), Window(2, 2, 1, 1, 1, 1))
    assert y[0, :, :, 0].tolist() == [[4, 4], [4, 4]]


def test_a_group_sees_its_own_channels_only():
    x = np.array([1.0, 10, 100, 1000]).reshape(1, 1, 1, 4)
    y = reference.conv2d(x, np.ones((1, 1, 2, 2)), Window(), groups=2)
    assert y.reshape(-1).tolist() == [11, 1100]


def test_bias_then_residual_then_activation():
    x, w = np.full((1, 1, 1, 1), 2.0), np.full((1, 1, 1, 2), 1.0)
    residual = np.array([-4.0, -2.0]).reshape(1, 1, 1, 2)
    y = reference.conv2d(x, w, Window(), bias=np.array([1.0, 1.0]), residual=residual, activation=RELU)
    assert y.reshape(-1).tolist() == [0, 1]


@pytest.mark.parametrize(("win", "groups"), [(Window(2, 1, 1, 0, 2, 1, 1, 2), 1), (Window(1, 2, 0, 1, 1, 0), 2)])
def test_gradients_are_the_transposes_of_the_sum(rng, win, groups):
    # conv2d is linear in x and in w, so <dy, conv(x, w)> = <dx, x> = <dw, w>.
    x, w = rng.standard_normal((2, 5, 6, 4)), rng.standard_normal((3, 2, 4 // groups, 6))
    y = reference.conv2d(x, w, win, groups)
    dy = rng.standard_normal(y.shape)
    total = (dy * y).sum()
    assert (reference.conv2d_dx(dy, w, x.shape, win, groups) * x).sum() == pytest.approx(total, rel=1e-12)
    assert (reference.conv2d_dw(dy, x, w.shape, win, groups)[0] * w).sum() == pytest.approx(total, rel=1e-12)


def test_dense_and_its_gradients(rng):
    x, w, dy = rng.standard_normal((3, 4)), rng.standard_normal((4, 5)), rng.standard_normal((3, 5))
    np.testing.assert_allclose(reference.dense(x, w), np.matmul(x, w), rtol=1e-12)
    np.testing.assert_allclose(reference.dense_dx(dy, w), np.matmul(dy, w.T), rtol=1e-12)
    np.testing.assert_allclose(reference.dense_dw(dy, x)[0], np.matmul(x.T, dy), rtol=1e-12)


def test_an_output_buffer_is_filled_and_returned(rng):
    x, w = rng.standard_normal((1, 3, 3, 1)), rng.standard_normal((2, 2, 1, 2))
    out = np.empty((1, 2, 2, 2))
    assert reference.conv2d(x, w, Window(), out=out) is out
    np.testing.assert_array_equal(out, reference.conv2d(x, w, Window()))


def test_packing_changes_nothing(rng):
    w = rng.standard_normal((2, 2, 1, 2))
    assert reference.pack(w) is w
