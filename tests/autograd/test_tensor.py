"""Tensor: what it keeps of its data, and what it refuses."""

import numpy as np
import pytest

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.errors import ShapeError, UsageError


def test_numbers_and_lists_become_float32():
    assert Tensor(1.5).dtype == np.float32
    assert Tensor([[1, 2]]).dtype == np.float32
    assert Tensor(np.arange(3)).dtype == np.float32


def test_a_float64_array_stays_as_it_is():
    data = np.ones(3)
    assert Tensor(data).data is data
    assert Tensor(Tensor(data)).data is data


def test_numpy_and_detach_share_the_array():
    x = Tensor(np.ones(3), requires_grad=True)
    assert x.numpy() is x.data
    assert x.detach().data is x.data and not x.detach().requires_grad


def test_item_is_the_one_number():
    assert Tensor([[2.0]]).item() == 2.0
    with pytest.raises(ShapeError, match=r"item expects a tensor of one number, .* shape \(2,\)\. Use numpy"):
        Tensor([1.0, 2.0]).item()


def test_repr_tells_values_dtype_and_gradient():
    assert repr(Tensor([1.0, 2.0])) == "Tensor([1., 2.], float32)"
    assert repr(Tensor(np.ones(1), requires_grad=True)) == "Tensor([1.], float64, requires_grad=True)"


def test_length_is_that_of_the_first_axis():
    assert len(Tensor(np.zeros((3, 2)))) == 3


def test_backward_of_several_numbers_wants_dy():
    y = ops.exp(Tensor(np.ones(2), requires_grad=True))
    with pytest.raises(ShapeError, match=r"starts from a single number, .* shape \(2,\)\. Reduce it first"):
        y.backward()
    with pytest.raises(ShapeError, match=r"expects dy of shape \(2,\), .* received \(3,\)"):
        y.backward(np.ones(3))


def test_backward_of_a_constant_says_what_is_missing():
    with pytest.raises(UsageError, match=r"depends on nothing with a gradient. Give a parameter requires_grad=True"):
        ops.exp(Tensor(np.ones(()))).backward()


def test_backward_of_a_leaf_is_dy_itself():
    x = Tensor(np.array(3.0), requires_grad=True)
    x.backward()
    x.backward(2.0)
    assert x.grad == 3


def test_numpy_reads_the_numbers():
    tensor = Tensor(np.arange(6, dtype=np.float32).reshape(2, 3), requires_grad=True)
    assert np.asarray(tensor) is tensor.data and np.array(tensor, copy=False) is tensor.data
    np.testing.assert_array_equal(tensor, np.arange(6).reshape(2, 3))
    assert np.asarray(tensor, np.float64).dtype == np.float64
    copied = np.array(tensor)
    copied[:] = 0
    assert tensor.data.sum() == 15 and np.stack([tensor, tensor]).shape == (2, 2, 3) and np.mean(tensor) == 2.5
    with pytest.raises(ValueError, match="copy"):
        np.array(tensor, np.float64, copy=False)


def test_an_array_beside_a_tensor_is_computed_on_the_tape():
    w = Tensor(np.ones((2, 2), np.float32), requires_grad=True)
    x = np.arange(4, dtype=np.float32).reshape(2, 2)
    ops.sum(x * w + x - w + (x @ w) + (x + 1) / w).backward()
    # by hand: x - 1 + the sums of x's columns - (x + 1)
    np.testing.assert_array_equal(w.grad, np.array([[0, 0], [2, 2]]) + x.sum(axis=0)[:, None] - [[2, 2], [4, 4]])


def test_a_function_of_numpy_refuses_a_tensor_for_it_would_leave_no_tape():
    with pytest.raises(TypeError, match="does not support ufuncs"):
        np.exp(Tensor(np.ones(3)))
