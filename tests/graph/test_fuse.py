"""Networks made ready for use."""

import weakref

import numpy as np
import pytest

from cnnkit import nn, ops
from cnnkit.autograd import Tensor, no_grad, traced
from cnnkit.graph import Planned
from cnnkit.kernels.cpu.conv.schedule import direct
from cnnkit.nn.blocks import ConvNorm


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
        np.testing.assert_allclose(Planned(network)(x).data, wanted, rtol=0, atol=2e-5)


def test_a_norm_behind_a_convolution_in_a_sequence_is_folded_too(rng):
    plain = nn.Sequential(nn.Conv2d(4, 6, 3, rng=rng), nn.BatchNorm2d(6, activation="relu"), nn.GlobalAvgPool2d())
    conv, norm, _ = plain
    conv.bias.data[:], norm.running_mean[:] = rng.normal(size=6), rng.normal(size=6)
    norm.weight.data[:], norm.bias.data[:], norm.running_var[:] = rng.normal(size=6), rng.normal(size=6), 0.3
    x = rng.normal(size=(2, 6, 5, 4)).astype(np.float32)
    ready = Planned(plain.eval())
    with no_grad(), traced() as calls:
        y = ready(x).data
    assert [function.__name__ for function, _, _ in calls] == ["PreparedConv2d", "_AdaptiveAvgPool2d", "_Reshape"]
    with no_grad():
        np.testing.assert_allclose(y, plain.eval()(x).data, rtol=0, atol=1e-5)


@pytest.mark.parametrize("groups", [1, 2])
def test_a_norm_behind_a_transposed_convolution_is_folded_too(groups, rng):
    plain = nn.Sequential(
        nn.ConvTranspose2d(4, 6, 3, stride=2, groups=groups, rng=rng),
        nn.BatchNorm2d(6, activation="relu"),
        nn.ConvTranspose2d(6, 2, 2, stride=2, activation="hard_swish", rng=rng),
    )
    conv, norm, _ = plain
    conv.bias.data[:], norm.running_mean[:] = rng.normal(size=6), rng.normal(size=6)
    norm.weight.data[:], norm.bias.data[:], norm.running_var[:] = rng.normal(size=6), rng.normal(size=6), 0.3
    ready = Planned(plain.eval())
    for size in [(6, 5), (1, 1), (3, 9)]:
        x = rng.normal(size=(2, *size, 4)).astype(np.float32)
        with no_grad(), traced() as calls:
            y = ready(x).data
        assert [function.__name__ for function, _, _ in calls] == ["PreparedConvTranspose2d"] * 2
        with no_grad():
            np.testing.assert_allclose(y, plain(x).data, rtol=0, atol=1e-5)
    plain[0].weight.data = plain[0].weight.data * np.float32(2)
    with no_grad():
        np.testing.assert_allclose(ready(x).data, plain(x).data, rtol=0, atol=2e-5)


def test_in_float64_folding_changes_the_last_digits_alone(network, rng):
    for parameter in network.parameters():
        parameter.data = parameter.data.astype(np.float64)
    for norm in (module for module in network.modules() if isinstance(module, nn.BatchNorm2d)):
        norm.running_mean, norm.running_var = norm.running_mean.astype(np.float64), norm.running_var.astype(np.float64)
    x = rng.normal(size=(2, 6, 5, 4))
    with no_grad():
        np.testing.assert_allclose(Planned(network.eval())(x).data, network(x).data, rtol=1e-11, atol=1e-11)


def test_the_network_itself_stays_as_it_was(network):
    before = {name: array.copy() for name, array in network.state_dict().items()}
    with no_grad():
        Planned(network.eval())(np.zeros((2, 6, 5, 4), np.float32))
    for name, array in network.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_a_walk_without_computing_leaves_nothing_behind(network, rng):
    ready = Planned(network.eval())
    x = rng.normal(size=(2, 6, 5, 4)).astype(np.float32)
    assert ready.output_shape(x.shape) == (2, 18)
    with no_grad():
        np.testing.assert_allclose(ready(x).data, network(x).data, rtol=0, atol=2e-5)


def test_one_preparation_serves_images_of_any_size(network, rng):
    ready = Planned(network.eval())
    for shape in [(1, 6, 5, 4), (3, 9, 11, 4), (1, 6, 5, 4), (200, 8, 8, 4)]:
        x = rng.normal(size=shape).astype(np.float32)
        with no_grad():
            np.testing.assert_allclose(ready(x).data, network(x).data, rtol=0, atol=2e-5)


class Doubled(nn.Conv2d):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * 2.0


class DoubledNorm(nn.BatchNorm2d):
    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        return super().forward(x, residual) * 2.0


class DoubledBlock(ConvNorm):
    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        return super().forward(x, residual) * 2.0


class Backwards(nn.Sequential):
    def forward(self, x: Tensor) -> Tensor:
        for module in reversed(list(self.children())):
            x = module(x)
        return x


class Called(nn.Conv2d):
    def __call__(self, x, *rest, **options):
        return super().__call__(x, *rest, **options) * 2.0


class Inside(nn.Module):
    """It looks into its parts: the convolution's own result goes round the norm, and its filters are used twice."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.body = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1, rng=rng), _moved(nn.BatchNorm2d(4), rng))
        self.block = ConvNorm(4, 4, 1, rng=rng)
        _moved(self.block.norm, rng)
        self.last = nn.Conv2d(4, 4, 1, rng=rng)

    def forward(self, x: Tensor) -> Tensor:
        around = self.body[0](x)
        y = self.body[1](around) + around + self.body(x)
        y = self.block.norm(self.block.conv(y)) + self.block(y)
        return self.last(y) + ops.conv2d(y, self.last.weight, self.last.bias)


class Standardised(nn.Module):
    """Its filters are made anew at each call."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.v = nn.Parameter(rng.normal(size=(3, 3, 4, 4)).astype(np.float32))
        self.conv = nn.Conv2d(4, 4, 3)
        self.block = ConvNorm(4, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        self.conv.weight.data = self.block.conv.weight.data = self.v.data / np.float32(self.v.data.std())
        return self.conv(x) + ops.avg_pool2d(self.block.conv(x) + self.block(x), 3, 1)


def _moved(norm, rng):
    norm.running_mean[:], norm.running_var[:] = rng.normal(size=4), rng.uniform(0.3, 2, 4)
    norm.weight.data[:], norm.bias.data[:] = rng.normal(size=4), rng.normal(size=4)
    return norm


def _with_own_forward(layer):
    plain = layer.forward
    layer.forward = lambda x, *rest: plain(x, *rest) * 2.0
    return layer


OWN = {
    "a convolution with its own forward": lambda rng: Doubled(4, 4, 3, rng=rng),
    "one before a norm": lambda rng: nn.Sequential(Doubled(4, 4, 3, rng=rng), _moved(nn.BatchNorm2d(4), rng)),
    "a norm with its own forward": lambda rng: nn.Sequential(nn.Conv2d(4, 4, 3, rng=rng), _moved(DoubledNorm(4), rng)),
    "a block with its own forward": lambda rng: DoubledBlock(4, 4, 3, rng=rng),
    "a sequence with its own forward": lambda rng: Backwards(
        nn.Conv2d(4, 4, 3, padding=1, rng=rng), _moved(nn.BatchNorm2d(4), rng), nn.ReLU()
    ),
    "a convolution with its own call": lambda rng: Called(4, 4, 3, rng=rng),
    "forward set on a convolution": lambda rng: _with_own_forward(nn.Conv2d(4, 4, 3, rng=rng)),
    "forward set on a norm": lambda rng: nn.Sequential(
        nn.Conv2d(4, 4, 3, rng=rng), _with_own_forward(_moved(nn.BatchNorm2d(4), rng))
    ),
    "forward set on a block": lambda rng: _with_own_forward(ConvNorm(4, 4, 3, rng=rng)),
    "forward set on a sequence": lambda rng: _with_own_forward(
        nn.Sequential(nn.Conv2d(4, 4, 3, rng=rng), _moved(nn.BatchNorm2d(4), rng))
    ),
    "a network that looks into its parts": Inside,
    "filters made at each call": Standardised,
}


@pytest.mark.parametrize("what", OWN)
def test_what_computes_in_its_own_way_stays_as_it_is(what, rng):
    network = nn.Sequential({"own": OWN[what](rng), "conv": nn.Conv2d(4, 2, 1, rng=rng)}).eval()
    x = rng.normal(size=(2, 6, 5, 4)).astype(np.float32)
    ready = Planned(network)
    with no_grad():
        # sums of some hundred products of numbers up to about 10
        np.testing.assert_allclose(ready(x).data, network(x).data, rtol=0, atol=1e-4)


@pytest.mark.parametrize("exchanged", ["conv", "norm"])
def test_a_block_whose_part_was_exchanged_is_not_folded(exchanged, rng):
    block = ConvNorm(4, 4, 3, rng=rng)
    setattr(block, exchanged, Doubled(4, 4, 3, rng=rng) if exchanged == "conv" else _moved(DoubledNorm(4), rng))
    block.eval()
    x = rng.normal(size=(2, 6, 5, 4)).astype(np.float32)
    with no_grad():
        np.testing.assert_allclose(Planned(block)(x).data, block(x).data, rtol=0, atol=1e-4)


def test_a_block_whose_convolution_got_an_activation_is_not_folded(rng):
    block = ConvNorm(4, 4, 3, rng=rng).eval()
    block.conv.activation = "relu"
    x = rng.normal(size=(2, 6, 5, 4)).astype(np.float32)
    with no_grad():
        np.testing.assert_allclose(Planned(block)(x).data, block(x).data, rtol=0, atol=1e-5)


def test_many_filters_are_held_once_and_come_back_to_who_asks(rng, monkeypatch):
    monkeypatch.setattr(direct, "MANY", 1)
    network = nn.Sequential(nn.Conv2d(3, 512, 1, rng=rng), nn.Conv2d(512, 2, 3, rng=rng)).eval()
    weight = network[0].weight
    numbers = weight.data.copy()
    held = weakref.ref(weight.data)
    ready, again = Planned(network), Planned(network)
    x = rng.normal(size=(1, 6, 5, 3)).astype(np.float32)
    with no_grad():
        y = ready(x).data
        assert held() is None and weight.shape == (1, 1, 3, 512) and weight.size == 3 * 512
        np.testing.assert_array_equal(again(x).data, y)
        np.testing.assert_array_equal(weight.data, numbers)
        assert weight.data is weight.data
        # One rounding for each of some thousand products of numbers below 10.
        np.testing.assert_allclose(network(x).data, y, rtol=0, atol=1e-4)
        weight.data = numbers * np.float32(2)
        np.testing.assert_array_equal(weight.data, numbers * 2)
        np.testing.assert_allclose(ready(x).data, network(x).data, rtol=0, atol=1e-4)
