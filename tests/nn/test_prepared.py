"""Networks made ready for use."""

import numpy as np
import pytest

from cnnkit import nn
from cnnkit.autograd import Tensor, no_grad
from cnnkit.nn.blocks import ConvNorm
from cnnkit.nn.prepared import PreparedConv, prepared


class Block(nn.Module):
    """A residual block whose parts a Sequential would not show."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.conv1 = ConvNorm(4, 6, 3, activation="relu6", rng=rng)
        self.conv2 = ConvNorm(6, 4, (1, 3), activation="hard_swish", rng=rng)
        for norm in (self.conv1.norm, self.conv2.norm):
            norm.running_mean[:] = rng.normal(size=norm.running_mean.shape)
            norm.running_var[:] = rng.uniform(0.3, 2, norm.running_var.shape)
            norm.weight.data[:] = rng.normal(size=norm.weight.shape)
            norm.bias.data[:] = rng.normal(size=norm.bias.shape)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(self.conv1(x), x)


@pytest.fixture
def network(rng):
    return nn.Sequential({"block": Block(rng), "conv": nn.Conv2d(4, 3, 2, stride=2, rng=rng), "flatten": nn.Flatten()})


def test_the_answers_are_the_same_but_for_rounding(network, rng):
    x = rng.normal(size=(2, 6, 5, 4)).astype(np.float32)
    with no_grad():
        wanted = network.eval()(x).data
        # one rounding of each filter and one of each product's sum, of numbers up to about 10
        np.testing.assert_allclose(prepared(network)(x).data, wanted, rtol=0, atol=2e-5)


def test_a_norm_behind_a_convolution_in_a_sequence_is_folded_too(rng):
    plain = nn.Sequential(nn.Conv2d(4, 6, 3, rng=rng), nn.BatchNorm2d(6, activation="relu"), nn.GlobalAvgPool2d())
    conv, norm, _ = plain
    conv.bias.data[:], norm.running_mean[:] = rng.normal(size=6), rng.normal(size=6)
    norm.weight.data[:], norm.bias.data[:], norm.running_var[:] = rng.normal(size=6), rng.normal(size=6), 0.3
    x = rng.normal(size=(2, 6, 5, 4)).astype(np.float32)
    ready = prepared(plain)
    assert [type(layer).__name__ for layer in ready] == ["PreparedConv", "Identity", "GlobalAvgPool2d"]
    with no_grad():
        np.testing.assert_allclose(ready(x).data, plain.eval()(x).data, rtol=0, atol=1e-5)


def test_in_float64_folding_changes_the_last_digits_alone(network, rng):
    for parameter in network.parameters():
        parameter.data = parameter.data.astype(np.float64)
    for norm in (module for module in network.modules() if isinstance(module, nn.BatchNorm2d)):
        norm.running_mean, norm.running_var = norm.running_mean.astype(np.float64), norm.running_var.astype(np.float64)
    x = rng.normal(size=(2, 6, 5, 4))
    with no_grad():
        np.testing.assert_allclose(prepared(network)(x).data, network.eval()(x).data, rtol=1e-11, atol=1e-11)


def test_the_network_itself_stays_as_it_was(network):
    before = {name: array.copy() for name, array in network.state_dict().items()}
    ready = prepared(network)
    assert isinstance(network.block.conv1, ConvNorm) and isinstance(ready.block.conv1, PreparedConv)
    for name, array in network.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_a_walk_without_computing_leaves_nothing_behind(network, rng):
    ready = prepared(network.eval())
    x = rng.normal(size=(2, 6, 5, 4)).astype(np.float32)
    assert ready.output_shape(x.shape) == (2, 18)
    with no_grad():
        np.testing.assert_allclose(ready(x).data, network(x).data, rtol=0, atol=2e-5)


def test_one_preparation_serves_images_of_any_size(network, rng):
    ready = prepared(network.eval())
    for shape in [(1, 6, 5, 4), (3, 9, 11, 4), (1, 6, 5, 4), (200, 8, 8, 4)]:
        x = rng.normal(size=shape).astype(np.float32)
        with no_grad():
            np.testing.assert_allclose(ready(x).data, network(x).data, rtol=0, atol=2e-5)
