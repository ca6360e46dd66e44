"""Batch norm as a layer: running statistics, training and use."""

import numpy as np
import pytest

from cnnkit import nn
from cnnkit.autograd import Tensor, no_grad
from cnnkit.errors import ShapeError, UsageError
from cnnkit.kernels.cpu.machine import jit


def values(shape, seed=0):
    return (2 * np.random.default_rng(seed).standard_normal(shape) + 3).astype(np.float32)


def test_training_keeps_running_averages_of_mean_and_unbiased_variance():
    norm, x = nn.BatchNorm2d(5, momentum=0.25), values((4, 3, 3, 5))
    for times in (1, 2):
        norm(x)
        kept = 0.75**times
        np.testing.assert_allclose(norm.running_mean, (1 - kept) * x.mean((0, 1, 2)), rtol=1e-5)
        expected = kept + (1 - kept) * x.var((0, 1, 2), ddof=1)
        np.testing.assert_allclose(norm.running_var, expected, rtol=1e-5)


def test_in_use_the_running_statistics_count_and_rest():
    norm, x = nn.BatchNorm2d(3).eval(), values((2, 2, 2, 3))
    norm.running_mean[...], norm.running_var[...] = (1, 2, 3), (4, 9, 16)
    before = {name: array.copy() for name, array in norm.state_dict().items()}
    expected = (x - norm.running_mean) / np.sqrt(norm.running_var + 1e-5)
    np.testing.assert_allclose(norm(x).data, expected, rtol=1e-5, atol=1e-5)
    assert norm(x[:1, :1, :1]).shape == (1, 1, 1, 3)
    for name, array in norm.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_the_state_has_the_names_of_published_weights():
    assert list(nn.BatchNorm2d(3).state_dict()) == ["weight", "bias", "running_mean", "running_var"]


@pytest.mark.parametrize("activation", ["relu", "hard_swish"])
@pytest.mark.parametrize("training", [True, False])
def test_the_residual_comes_before_the_activation(activation, training):
    norm, plain = nn.BatchNorm2d(6, activation=activation), nn.BatchNorm2d(6)
    norm.train(training), plain.train(training)
    x, r = Tensor(values((2, 3, 3, 6))), Tensor(values((2, 3, 3, 6), 1), requires_grad=True)
    y = norm.forward(x, r)
    act = nn.ReLU() if activation == "relu" else nn.HardSwish()
    z = act(plain(x) + r)
    np.testing.assert_allclose(y.data, z.data, rtol=1e-5, atol=1e-5)
    y.backward(np.ones(y.shape))
    got, r.grad = r.grad, None
    z.backward(np.ones(z.shape))
    np.testing.assert_allclose(got, r.grad, rtol=1e-5, atol=1e-5)


def test_nothing_recorded_gives_the_same_as_recorded():
    norm, x = nn.BatchNorm2d(6, activation="hard_swish").eval(), values((2, 3, 3, 6))
    with no_grad():
        alone = norm(x)
    np.testing.assert_array_equal(alone.data, norm(x).data)


def test_one_value_per_channel_cannot_be_trained_on():
    with pytest.raises(ShapeError, match=r"at least 2 values of each channel"):
        nn.BatchNorm2d(3)(values((1, 1, 1, 3)))


def test_a_rehearsal_leaves_the_running_statistics_alone():
    norm = nn.BatchNorm2d(3)
    with jit.rehearse():
        norm(values((2, 3, 3, 3)))
    assert (norm.running_mean == 0).all() and (norm.running_var == 1).all()


def test_what_cannot_be_is_refused():
    with pytest.raises(UsageError, match="channels of at least 1, but received 0"):
        nn.BatchNorm2d(0)
    with pytest.raises(UsageError, match="BatchNorm2d expects activation to be one of"):
        nn.BatchNorm2d(3, activation="gelu")


def test_repr_tells_what_is_not_the_custom():
    assert repr(nn.BatchNorm2d(3)) == "BatchNorm2d(3)"
    assert repr(nn.BatchNorm2d(3, eps=1e-3, momentum=0.01, activation="relu")) == (
        "BatchNorm2d(3, eps=0.001, momentum=0.01, relu)"
    )
    assert repr(nn.LocalResponseNorm()) == "LocalResponseNorm(5, alpha=0.0001, beta=0.75, k=1.0)"
    assert repr(nn.ChannelShuffle(3)) == "ChannelShuffle(3)"
