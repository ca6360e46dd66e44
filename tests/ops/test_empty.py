"""Operands with a side of no length: sums over nothing are zero, and so are their gradients."""

import numpy as np
import pytest

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.errors import ShapeError


def ones(*shape, dtype):
    return Tensor(np.ones(shape, dtype), requires_grad=True)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("x", "w"), [((5, 0), (0, 10)), ((0, 4), (4, 3)), ((5, 4), (4, 0)), ((0, 0), (0, 0))])
def test_products(x, w, dtype):
    operands = [ones(*x, dtype=dtype), ones(*w, dtype=dtype), ones(w[1], dtype=dtype)]
    for y in (operands[0] @ operands[1], ops.linear(*operands, activation="relu")):
        assert y.shape == (x[0], w[1])
        y.backward(np.ones(y.shape))
    expected = [2.0 * w[1], 2.0 * x[0], 1.0 * x[0]]
    for operand, gradient in zip(operands, expected, strict=True):
        np.testing.assert_array_equal(operand.grad, np.full(operand.shape, gradient))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("padding", [1, "same"])
@pytest.mark.parametrize(("N", "C", "O"), [(0, 3, 5), (2, 0, 5), (2, 3, 0), (0, 0, 0)])
def test_convolutions(N, C, O, padding, dtype):
    x, w, b = ones(N, 4, 4, C, dtype=dtype), ones(3, 3, C, O, dtype=dtype), ones(O, dtype=dtype)
    y = ops.conv2d(x, w, b, padding=padding)
    if C == 0:
        np.testing.assert_array_equal(y.data, np.ones((N, 4, 4, O)))
    y.backward(np.ones(y.shape))
    assert (x.grad.shape, w.grad.shape, b.grad.shape) == (x.shape, w.shape, b.shape)
    np.testing.assert_array_equal(b.grad, np.full(O, 16.0 * N))
    if N == 0 or O == 0:
        assert not w.grad.any() and not x.grad.any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("N", "C", "O"), [(0, 3, 5), (2, 0, 5), (2, 3, 0), (0, 0, 0)])
def test_transposed_convolutions(N, C, O, dtype):
    x, w, b = ones(N, 4, 4, C, dtype=dtype), ones(3, 3, O, C, dtype=dtype), ones(O, dtype=dtype)
    y = ops.conv_transpose2d(x, w, b, stride=2)
    if C == 0:
        np.testing.assert_array_equal(y.data, np.ones((N, 9, 9, O)))
    y.backward(np.ones(y.shape))
    assert (x.grad.shape, w.grad.shape, b.grad.shape) == (x.shape, w.shape, b.shape)
    np.testing.assert_array_equal(b.grad, np.full(O, 81.0 * N))
    assert w.grad.any() == x.grad.any() == (0 not in (N, C, O))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("N", "C"), [(0, 3), (2, 0)])
@pytest.mark.parametrize(
    "pool",
    [
        lambda x: ops.max_pool2d(x, 2),
        lambda x: ops.avg_pool2d(x, 3, 1, 1, count_padding=False),
        lambda x: ops.adaptive_max_pool2d(x, 2),
        ops.global_avg_pool2d,
        lambda x: ops.resize(x, 7),
    ],
)
def test_pools_of_no_images_or_channels(pool, N, C, dtype):
    x = ones(N, 4, 4, C, dtype=dtype)
    y = pool(x)
    y.backward(np.ones(y.shape))
    assert y.size == 0 and x.grad.shape == x.shape


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(2, 0, 4, 3), (2, 4, 0, 3)])
@pytest.mark.parametrize(
    "pool",
    [ops.global_avg_pool2d, ops.global_max_pool2d, lambda x: ops.max_pool2d(x, 3, 1, 1), lambda x: ops.resize(x, 7)],
)
def test_an_image_without_pixels_has_no_mean_and_no_greatest(pool, shape, dtype):
    with pytest.raises(ShapeError, match="images of at least one pixel"):
        pool(ones(*shape, dtype=dtype))
