"""Operands with an empty side: results of the right shape, zeros where nothing was summed, never a division by zero."""

from itertools import product

import numpy as np
import pytest

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.kernels import cpu, reference
from cnnkit.kernels.shared.geometry import Window, conv2d_output_shape
from cnnkit.kernels.shared.scalar import RELU


def ones(*shape):
    return np.ones(shape, np.float32)


def assert_same(call):
    """What the fast kernels return is what the definitions do."""
    for fast, expected in zip(call(cpu), call(reference), strict=True):
        assert fast.shape == expected.shape
        np.testing.assert_allclose(fast, expected, rtol=1e-5)


@pytest.mark.parametrize(("N", "K", "M"), [sizes for sizes in product((0, 1, 5), repeat=3) if 0 in sizes])
def test_products_of_matrices(N, K, M):
    x, w, dy, b = ones(N, K), ones(K, M), ones(N, M), ones(M)

    def call(k):
        y, dx = k.dense(x, w, bias=b, activation=RELU), k.dense_dx(dy, w, x=x, activation=RELU)
        return y, dx, *k.dense_dw(dy, x, needs_db=True)

    assert_same(call)


SIDES = [sides for sides in product((0, 2), (0, 5), (0, 16), (0, 16)) if 0 in sides]


@pytest.mark.parametrize(("N", "side", "C", "O"), SIDES)
@pytest.mark.parametrize("win", [Window(), Window(2, 2, 1, 1, 1, 1)], ids=["plain", "stride 2, padded"])
def test_convolutions(N, side, C, O, win):
    for taps in (1, 3):
        x, w = ones(N, side, side, C), ones(taps, taps, C, O)
        dy, b = ones(*conv2d_output_shape(x.shape, w.shape, win)), ones(O)

        def call(k, x=x, w=w, dy=dy, b=b):
            y = k.conv2d(x, w, win, bias=b, activation=RELU, residual=dy)
            dx, dz = (
                k.conv2d_dx(dy, w, x.shape, win, **more) for more in ({}, {"x": x, "activation": RELU, "others": x})
            )
            return y, dx, dz, *k.conv2d_dw(dy, x, w.shape, win, needs_db=True)

        assert_same(call)


@pytest.mark.parametrize("shape", [s for s in product((0, 2), (0, 5), (0, 4), (0, 3)) if 0 in s], ids=str)
def test_everything_else_on_images(shape):
    N, H, W, C = shape
    x, row, gate = ones(*shape), ones(C), ones(N, C)
    pool, win = (3, 3), Window(1, 1, 1, 1, 1, 1)
    pooled = conv2d_output_shape(shape, (3, 3, C, C), win)
    assert_same(
        lambda k: [
            k.batch_norm_frozen(x, row, row, row, row, 1e-5),
            k.softmax(x),
            k.sum_over(x, (1, 2)),
            k.channel_shuffle(x, 1),
        ]
    )
    assert_same(lambda k: k.batch_norm_dx(x, x, row, row, row, row, 1e-5, activation=RELU, y=x, frozen=True))
    assert_same(lambda k: [k.scale_channels(x, gate), *k.scale_channels_dx(x, x, gate)])
    assert_same(lambda k: [k.avg_pool2d(x, pool, win), k.avg_pool2d_dx(ones(*pooled), shape, pool, win)])
    assert_same(lambda k: [k.max_pool2d_dx(ones(*pooled), k.max_pool2d(x, pool, win)[1], shape, pool, win)])
    assert_same(lambda k: [k.local_response_norm(x, 5, 1e-4, 0.75, 1.0), k.permute(x, (0, 3, 1, 2)), k.add(x, row)])
    if N and H and W:
        assert_same(lambda k: k.batch_norm(x, row, row, 1e-5))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_way_back_through_ops_without_inputs(dtype):
    """A sum of nothing is 0, plus the bias; only the bias has something to learn."""

    def parameter(*shape):
        return Tensor(np.ones(shape, dtype), requires_grad=True)

    for op, x, w in (
        (ops.linear, parameter(5, 0), parameter(0, 10)),
        (ops.conv2d, parameter(2, 4, 4, 0), parameter(3, 3, 0, 10)),
    ):
        b = parameter(10)
        y = op(x, w, b, activation="swish")
        ops.sum(y).backward()
        assert x.grad.shape == x.shape and w.grad.shape == w.shape and (b.grad > 0).all()
    x, w = parameter(5, 0), parameter(0, 10)
    y = ops.matmul(x, w)
    ops.sum(y).backward()
    assert (y.data == np.zeros((5, 10))).all() and x.grad.shape == (5, 0) and w.grad.shape == (0, 10)
