"""where and clip: what the rows of test_gradients.py do not say."""

import numpy as np
import pytest

from cnnkit import ops
from cnnkit.autograd import Tensor


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_results_and_gradients_keep_the_type(dtype):
    x = Tensor(np.array([-2, 0.5, 3], dtype), requires_grad=True)
    y = ops.where(np.array([1, 0, 1], np.uint8), ops.clip(x, -1, 1), 0.25)
    ops.sum(y).backward()
    np.testing.assert_array_equal(y.data, np.array([-1, 0.25, 1], dtype))
    assert y.dtype == x.grad.dtype == dtype
    np.testing.assert_array_equal(x.grad, [0, 0, 0])


def test_a_bound_itself_is_inside():
    x = Tensor(np.array([-1.0, 1.0]), requires_grad=True)
    ops.sum(ops.clip(x, -1, 1)).backward()
    np.testing.assert_array_equal(x.grad, [1, 1])


def test_what_is_not_taken_may_be_nan():
    """A masked pixel adds neither to the result nor to the gradient, whatever was computed there."""
    x = Tensor(np.array([1.0, np.nan]), requires_grad=True)
    y = ops.sum(ops.where(np.array([True, False]), x, 0.0))
    y.backward()
    assert y.data == 1
    np.testing.assert_array_equal(x.grad, [1, 0])
