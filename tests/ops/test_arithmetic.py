"""The operators of Tensor, and numbers among tensors."""

import numpy as np
import pytest

from cnnkit import ops
from cnnkit.autograd import Tensor


@pytest.mark.parametrize(
    "expression",
    [
        lambda x, y: x + y,
        lambda x, y: x - y,
        lambda x, y: x * y,
        lambda x, y: x / y,
        lambda x, y: -x,
        lambda x, y: 1 + x,
        lambda x, y: 1 - x,
        lambda x, y: 2 * x,
        lambda x, y: 1 / y,
        lambda x, y: x + 1,
        lambda x, y: x / 2.0,
    ],
)
def test_an_operator_means_what_it_means_for_arrays(expression, rng):
    x, y = rng.normal(size=(2, 3)), rng.uniform(1, 2, (3,))
    np.testing.assert_allclose(expression(Tensor(x), Tensor(y)).data, expression(x, y), rtol=1e-15)


def test_the_at_sign_is_the_product_of_matrices():
    x, y = Tensor(np.array([[1.0, 2.0]])), Tensor(np.array([[3.0], [4.0]]))
    np.testing.assert_array_equal((x @ y).data, [[11]])


def test_a_plain_array_may_be_an_operand(rng):
    x = rng.normal(size=(2, 3))
    np.testing.assert_array_equal((Tensor(x) + x).data, 2 * x)


def test_equal_operands_of_a_maximum_share_the_gradient():
    x, y = (Tensor(np.array([1.0, 2.0]), requires_grad=True) for _ in range(2))
    ops.sum(ops.maximum(x, y)).backward()
    np.testing.assert_array_equal(x.grad, [0.5, 0.5])
    np.testing.assert_array_equal(y.grad, [0.5, 0.5])
