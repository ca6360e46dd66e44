"""conv2d and linear: what their backward leaves out."""

import numpy as np
import pytest

from cnnkit import kernels, ops
from cnnkit.autograd import Tensor, no_grad
from cnnkit.kernels import reference


def test_the_first_layer_computes_no_gradient_of_the_image(rng, monkeypatch):
    monkeypatch.setattr(reference, "conv2d_dx", lambda *args: pytest.fail("conv2d_dx was called for an image"))
    w = Tensor(rng.normal(size=(2, 2, 1, 3)), requires_grad=True)
    ops.sum(ops.conv2d(Tensor(rng.normal(size=(2, 4, 4, 1))), w)).backward()
    assert w.grad.shape == w.shape


def test_frozen_filters_get_no_gradient(rng, monkeypatch):
    monkeypatch.setattr(reference, "conv2d_dw", lambda *args: pytest.fail("conv2d_dw was called for frozen filters"))
    x = Tensor(rng.normal(size=(2, 4, 4, 1)), requires_grad=True)
    ops.sum(ops.conv2d(x, Tensor(rng.normal(size=(2, 2, 1, 3))))).backward()
    assert x.grad.shape == x.shape


def test_the_activation_may_be_a_value_of_kernels(rng):
    x, w = rng.normal(size=(2, 3)), Tensor(rng.normal(size=(3, 2)))
    by_name = ops.linear(x, w, activation="relu").data
    np.testing.assert_array_equal(ops.linear(x, w, activation=kernels.RELU).data, by_name)


@pytest.mark.parametrize("activation", ["hard_swish", "swish"])
def test_where_nothing_is_recorded_a_swish_is_part_of_its_layer(rng, activation, monkeypatch):
    x, w, v = rng.normal(size=(2, 4, 4, 3)), Tensor(rng.normal(size=(2, 2, 3, 5))), Tensor(rng.normal(size=(5, 4)))

    def compute():
        y = ops.conv2d(x, w, activation=activation)
        return ops.linear(ops.global_avg_pool2d(y), v, activation=activation).data

    recorded = compute()
    monkeypatch.setattr(reference, "activate", lambda *args: pytest.fail("a pass of its own"))
    with no_grad():
        np.testing.assert_array_equal(compute(), recorded)


def test_an_empty_batch_passes_forward_and_backward(rng):
    w = Tensor(rng.normal(size=(2, 2, 1, 3)), requires_grad=True)
    y = ops.conv2d(np.zeros((0, 4, 4, 1)), w, activation="relu")
    assert y.shape == (0, 3, 3, 3)
    ops.sum(y).backward()
    np.testing.assert_array_equal(w.grad, np.zeros(w.shape))
