"""The transposed convolution: what it is beside a convolution, and what it refuses."""

import numpy as np
import pytest

from cnnkit import nn, ops
from cnnkit.autograd import Tensor
from cnnkit.errors import ShapeError, UsageError


def test_it_is_a_convolution_of_pixels_set_apart_by_zeros_with_filters_turned(rng):
    x, w = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(3, 4, 2, 5))
    apart = np.zeros((2, 3 * 3 - 2, 2 * 4 - 1, 5))
    apart[:, ::3, ::2] = x
    turned = Tensor(w[::-1, ::-1].transpose(0, 1, 3, 2).copy())
    expected = ops.conv2d(apart, turned, padding=(2, 3)).data
    y = ops.conv_transpose2d(x, Tensor(w), stride=(3, 2)).data
    # sums of some tens of products in float64
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)
    cut = ops.conv_transpose2d(x, Tensor(w), stride=(3, 2), padding=((1, 0), (0, 2))).data
    np.testing.assert_allclose(cut, expected[:, 1:, :-2], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_padding_same_makes_stride_pixels_of_each(kernel, stride, rng):
    x, w = rng.normal(size=(1, 3, 5, 2)), Tensor(rng.normal(size=(kernel, kernel, 4, 2)))
    y = ops.conv_transpose2d(x, w, stride=stride, padding="same")
    assert y.shape == (1, 3 * stride, 5 * stride, 4)
    # It turns the convolution round that pads so: both give the same sum of products, however one looks at it.
    v = rng.normal(size=y.shape)
    back = ops.conv2d(v, w, stride=stride, padding="same").data
    assert (back * x).sum() == pytest.approx((y.data * v).sum(), rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("groups", [1, 3])
def test_bilinear_filters_interpolate(groups, rng):
    """Between the centres of four pixels lies their weighted mean, for each channel alone."""
    layer = nn.ConvTranspose2d(3, 3, 4, stride=2, padding=1, groups=groups, bias=False)
    layer.weight.data = nn.init.bilinear(layer.weight.shape, groups).astype(np.float64)
    x = rng.normal(size=(1, 4, 5, 3))
    y = layer(x).data
    near, far = x[:, 1:-1, 1:-1], 0.25 * x[:, :-2, 1:-1] + 0.75 * x[:, 1:-1, 1:-1]
    left = 0.25 * x[:, :-2, :-2] + 0.75 * x[:, 1:-1, :-2]
    np.testing.assert_allclose(y[:, 2:-2:2, 2:-2:2], 0.25 * left + 0.75 * far, rtol=1e-12, atol=1e-14)
    assert y.shape == (1, 8, 10, 3) and near.shape == far.shape
    np.testing.assert_allclose(layer(np.ones((1, 4, 5, 3))).data[:, 1:-1, 1:-1], 1, rtol=1e-12)


def test_bilinear_filters_of_an_odd_side_peak_at_a_tap():
    np.testing.assert_allclose(nn.init.bilinear((5, 1, 1, 1)).reshape(-1), [1 / 3, 2 / 3, 1, 2 / 3, 1 / 3], rtol=1e-6)


def test_gradients_that_meet_at_its_image_are_added(rng):
    x, w = Tensor(rng.normal(size=(1, 3, 3, 2)), requires_grad=True), Tensor(rng.normal(size=(2, 2, 2, 2)))
    ops.sum(ops.conv_transpose2d(x, w, stride=2)).backward()
    alone = x.grad
    x.grad = None
    ops.add(ops.sum(ops.conv_transpose2d(x, w, stride=2)), ops.sum(x)).backward()
    np.testing.assert_allclose(x.grad, alone + 1, rtol=1e-12)


def test_what_does_not_fit_is_refused():
    x, w = np.zeros((1, 3, 3, 2), np.float32), Tensor(np.zeros((2, 2, 3, 2), np.float32))
    with pytest.raises(ShapeError, match=r"expects 2 input channels \(weight \(2, 2, 3, 2\)\), but x has 3"):
        ops.conv_transpose2d(np.zeros((1, 2, 3, 3), np.float32), w)
    with pytest.raises(ShapeError, match=r"bias of shape \(3,\)"):
        ops.conv_transpose2d(x, w, Tensor(np.zeros(2, np.float32)))
    with pytest.raises(ShapeError, match=r"cuts off more than it makes: 0x0 pixels"):
        ops.conv_transpose2d(x, w, padding=2)
    with pytest.raises(ShapeError, match="multiple of groups"):
        ops.conv_transpose2d(x, w, groups=3)
    with pytest.raises(ShapeError, match="at least 1x1 pixels"):
        ops.conv_transpose2d(x, Tensor(np.zeros((2, 2, 3), np.float32)))
    with pytest.raises(UsageError, match="fewer rows and columns than the stride"):
        ops.conv_transpose2d(x, w, stride=2, output_padding=2)
    with pytest.raises(UsageError, match="Leave out one of the two"):
        nn.ConvTranspose2d(2, 3, 2, stride=2, padding="same", output_padding=1)
    with pytest.raises(UsageError, match=r"ConvTranspose2d expects in_channels \(=3\)"):
        nn.ConvTranspose2d(3, 4, 2, groups=2)
