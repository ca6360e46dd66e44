"""Where ways part in forward, gradients meet: an operation that can adds what has come before to what it writes."""

import numpy as np
import pytest

from cnnkit import ops
from cnnkit.autograd import Function, Tensor, gradcheck
from cnnkit.kernels import reference


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    """In random order, none near 0 and no two near each other, so that sums seldom meet a corner."""
    count = int(np.prod(shape))
    return np.random.default_rng(seed).permutation((np.arange(count) - count / 2 + 0.37) * 3 / count).reshape(shape)


X, W, V = numbers(2, 4, 4, 2), numbers(3, 3, 2, 2, seed=1), numbers(3, 3, 2, 2, seed=2)


@pytest.fixture
def sums(monkeypatch):
    """The shapes of all arrays that were added in a pass of their own."""
    shapes, right = [], reference.add
    monkeypatch.setattr(reference, "add", lambda x, y, **more: shapes.append(x.shape) or right(x, y, **more))
    return shapes


def conv(x: Tensor, w: Tensor, **more: object) -> Tensor:
    return ops.conv2d(x, w, padding=1, **more)


def residual(x, w, v):
    y = ops.exp(x)
    return conv(conv(y, w), v, residual=y)


def test_a_convolution_adds_the_gradient_of_the_shortcut_around_it(sums):
    x, w, v = (Tensor(a, requires_grad=True) for a in (X, W, V))
    ops.sum(residual(x, w, v)).backward()
    assert sums == []
    gradcheck(residual, (X, W, V))


def test_the_argument_may_be_the_residual_too():
    gradcheck(lambda x, w: conv(ops.exp(x), w, residual=ops.exp(x)), (X, W))

    def itself(x, w):
        y = ops.exp(x)
        return conv(y, w, residual=y)

    gradcheck(itself, (X, W))


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_what_has_come_through_the_activation_is_not_sent_there_again(activation):
    def network(x, w, v):
        y = conv(x, w, activation=activation)
        return ops.sum(conv(y, v)) + ops.sum(ops.max_pool2d(y, 2)) + ops.sum(y * y)

    gradcheck(network, (X, W, V))


def test_others_are_there_only_where_someone_came_before():
    seen = []

    class Double(Function):
        adding = 0

        @staticmethod
        def forward(ctx, x):
            return 2 * x

        @staticmethod
        def backward(ctx, dy):
            seen.append(ctx.others)
            return 2 * dy if ctx.others is None else 2 * dy + ctx.others

    x = Tensor(np.ones(3), requires_grad=True)
    y = ops.exp(x)
    ops.sum(Double.apply(y) + Double.apply(y) + Double.apply(x)).backward()
    assert [None if others is None else others.tolist() for others in seen] == [None, None, [2.0, 2.0, 2.0]]
    np.testing.assert_allclose(x.grad, 2 + 4 * np.exp(1))
