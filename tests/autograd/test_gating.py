"""An operation goes back through the activation of its input itself; all others find their gradient where it was."""

import weakref

import numpy as np
import pytest

from cnnkit import kernels, ops
from cnnkit.autograd import Function, Tensor, gradcheck
from cnnkit.kernels import reference
from cnnkit.kernels.shared.scalar import RELU, leaky

# By name, and leaky relus whose slope is steep, or negative: then the output does not tell it.
SLOPES = [pytest.param(name, marks=pytest.mark.slow) for name in ("relu6", "leaky_relu", "sigmoid", leaky(2.5))]
ACTIVATIONS = ["relu", leaky(-0.5), *SLOPES]


@pytest.fixture(params=ACTIVATIONS, ids=str)
def activation(request):
    return request.param


@pytest.fixture
def passes(monkeypatch):
    """The shapes of all gradients that went through an activation in a pass of their own."""
    shapes, right = [], reference.activate_dx
    monkeypatch.setattr(reference, "activate_dx", lambda dy, *args, **more: shapes.append(dy.shape) or right(dy, *args))
    return shapes


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    """In random order, none near 0 and no two near each other, so that sums seldom meet a corner."""
    count = int(np.prod(shape))
    return np.random.default_rng(seed).permutation((np.arange(count) - count / 2 + 0.37) * 3 / count).reshape(shape)


X, W, V, B = numbers(2, 5, 5, 2), numbers(3, 3, 2, 3, seed=1), numbers(2, 2, 3, 2, seed=2), numbers(3, seed=3)
ROWS, DENSE, TOP = numbers(4, 5), numbers(5, 6, seed=1), numbers(6, 3, seed=2)

NETWORKS = {
    "conv, conv": (lambda a: lambda x, w, b, v: ops.conv2d(ops.conv2d(x, w, b, activation=a), v), (X, W, B, V)),
    "conv, pool": (lambda a: lambda x, w, b: ops.max_pool2d(ops.conv2d(x, w, b, activation=a), 2, 1), (X, W, B)),
    "conv, bins": (lambda a: lambda x, w: ops.adaptive_max_pool2d(ops.conv2d(x, w, activation=a), 2), (X, W)),
    "dense, dense": (lambda a: lambda x, w, v: ops.linear(ops.linear(x, w, activation=a), v), (ROWS, DENSE, TOP)),
    "activation, dense": (lambda a: lambda x, w: ops.linear(ops.activate(x, a), w), (ROWS, DENSE)),
    "activation, activation": (lambda a: lambda x: ops.activate(ops.activate(x, "leaky_relu"), a), (ROWS,)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_are_those_of_the_values(name, activation, passes):
    network, operands = NETWORKS[name]
    gradcheck(network(activation), operands, name=name)
    assert bool(passes) == (name == "activation, activation")


@pytest.mark.parametrize("name", NETWORKS)
def test_the_fast_kernels_give_the_same_gradients(name, activation):
    network, operands = NETWORKS[name]
    gradients = []
    for dtype in (np.float64, np.float32):
        tensors = [Tensor(a.astype(dtype), requires_grad=True) for a in operands]
        ops.sum(network(activation)(*tensors) * 0.1).backward()
        gradients.append([t.grad for t in tensors])
    for exact, fast in zip(*gradients, strict=True):
        np.testing.assert_allclose(fast, exact, rtol=1e-4, atol=1e-5 * np.abs(exact).max())


def test_one_consumer_gates_and_others_do_not(activation):
    def network(x, w, v):
        y = ops.conv2d(x, w, activation=activation)
        return ops.sum(ops.conv2d(y, v)) + ops.sum(y * y) + ops.sum(ops.max_pool2d(y, 2))

    gradcheck(network, (X, W, V))


def test_the_others_share_one_pass(passes):
    x = Tensor(ROWS, requires_grad=True)
    y = ops.activate(x, "sigmoid")
    ops.sum(y * y + ops.exp(y) + ops.linear(y, Tensor(numbers(5, 5)))).backward()
    assert passes == [ROWS.shape]


def test_an_activation_may_be_the_end(activation):
    gradcheck(lambda x, w: ops.linear(x, w, activation=activation), (ROWS, DENSE))
    gradcheck(lambda x, w, b: ops.conv2d(x, w, b, activation=activation), (X, W, B))


def test_a_view_between_them_is_no_obstacle(activation):
    gradcheck(lambda x, w: ops.linear(ops.flatten(ops.activate(x, activation)), w), (X, numbers(50, 2)))


def test_a_residual_gets_the_gradient_before_the_activation(activation):
    def network(x, w, r, v):
        return ops.conv2d(ops.conv2d(x, w, activation=activation, residual=ops.activate(r, "sigmoid")), v)

    gradcheck(network, (X, W, numbers(2, 3, 3, 3), V))


def test_a_bias_over_frozen_filters_gets_its_gradient():
    gradcheck(lambda x, b: ops.conv2d(x, Tensor(W), b, activation="relu"), (X, B))
    gradcheck(lambda x, b: ops.linear(x, Tensor(DENSE), b), (ROWS, numbers(6)))


def test_a_function_sees_only_the_gates_it_asks_for():
    seen = []

    class Second(Function):
        gating = (1,)

        @staticmethod
        def forward(ctx, x, y):
            seen.append(ctx.gates)
            return x + y

        @staticmethod
        def backward(ctx, dy):
            return dy, kernels.of(dy).activate_dx(dy, np.ones_like(dy), RELU)

    x = Tensor(ROWS, requires_grad=True)
    y = ops.relu(x)
    Second.apply(y, y)
    Second.apply(y, x)
    Second.apply(y, y.detach())
    assert seen == [(None, RELU), (None, None), (None, None)]


def test_a_result_is_not_kept_for_a_consumer_that_gates():
    def kept(consumer):
        y = ops.conv2d(X, Tensor(W, requires_grad=True), activation="relu")
        array, z = weakref.ref(y.data), consumer(y)
        del y
        assert z.requires_grad
        return array() is not None

    assert not kept(lambda y: ops.max_pool2d(y, 2))
    assert kept(lambda y: ops.avg_pool2d(y, 2))
