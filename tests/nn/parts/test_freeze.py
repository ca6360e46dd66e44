"""Heads, and trunks that stay as they are."""

import numpy as np
import pytest

from cnnkit import nn, ops
from cnnkit.autograd import Tensor
from cnnkit.errors import UsageError
from cnnkit.nn.parts.freeze import WithHeads, cut, freeze_norms, freeze_trunk, frozen_trunk, head


class Counting(nn.Module):
    """A scale that, like batch norm, moves a buffer with every training pass."""

    def __init__(self) -> None:
        self.scale = nn.Parameter(np.ones(4))
        self.register_buffer("passes", np.zeros((), np.int64))

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.passes += 1
        return x * self.scale


class Dense(nn.Module):
    """A trunk, dropout, and a dense head; an auxiliary head in training."""

    training_only = ("auxiliary",)

    def __init__(self) -> None:
        self.head = nn.Linear(4, 3)
        self.auxiliary = nn.Linear(4, 3)
        self.conv = nn.Conv2d(2, 4, 3)
        self.norm = Counting()
        self.pool = nn.GlobalAvgPool2d()
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.dropout(self.pool(self.norm(self.conv(x))))
        return self.head(x) + self.auxiliary(x) if self.training else self.head(x)


def test_the_head_is_the_layer_that_comes_last_not_the_one_that_was_made_last():
    network = Dense()
    assert head(network, (1, 5, 5, 2)) is network.head


def test_a_convolution_can_be_the_head():
    network = nn.Sequential(
        {"conv": nn.Conv2d(2, 4, 3), "classifier": nn.Conv2d(4, 3, 1), "pool": nn.GlobalAvgPool2d()}
    )
    assert head(network, (1, 5, 5, 2)) is network.classifier


def test_a_network_without_parameters_has_no_head():
    with pytest.raises(UsageError, match="Flatten has no layer with parameters"):
        head(nn.Flatten(), (1, 5, 5, 2))


def test_the_head_alone_learns_and_dropout_goes_on(rng):
    network = Dense()
    freeze_trunk(network, cut(network, (1, 5, 5, 2)))
    network.train()
    assert [part.training for part in (network.head, network.dropout)] == [True, True]
    assert not any(part.training for part in (network, network.auxiliary, network.conv, network.norm))
    y = network(Tensor(rng.standard_normal((2, 5, 5, 2))))
    ops.sum(y).backward()
    learned = {name for name, parameter in network.named_parameters() if parameter.grad is not None}
    assert learned == {"head.weight", "head.bias"}
    assert network.norm.passes == 0 and network.dropout.counter == 1


def test_nothing_before_the_head_is_recorded(rng):
    network = nn.Sequential({"conv": nn.Conv2d(2, 4, 3), "pool": nn.GlobalAvgPool2d(), "head": nn.Linear(4, 3)})
    freeze_trunk(network, cut(network, (1, 5, 5, 2)))
    assert not network.pool(network.conv(Tensor(rng.standard_normal((2, 5, 5, 2))))).requires_grad


def test_a_frozen_network_in_use_is_in_use():
    network = Dense()
    freeze_trunk(network, cut(network, (1, 5, 5, 2)))
    assert not any(part.training for part in network.train().eval().modules())


def test_the_cut_lies_before_the_dropout_that_follows_the_trunk():
    network = Dense()
    at = cut(network, (1, 5, 5, 2))
    assert (at.head, at.start, at.shape) == (network.head, network.dropout, (4,))
    assert at.trunk == (network.conv, network.norm, network.pool)


def test_without_dropout_the_cut_lies_before_the_head():
    network = nn.Sequential(nn.Conv2d(2, 4, 3), nn.Flatten(), nn.Linear(36, 3))
    at = cut(network, (1, 5, 5, 2))
    assert at.start is at.head is network[2] and at.shape == (36,)


def test_dropout_between_layers_of_the_trunk_rests(rng):
    network = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(4, 4), nn.Dropout(0.5, seed=1), nn.Linear(4, 3))
    freeze_trunk(network, cut(network, (1, 1, 2, 2)))
    assert [part.training for part in network.train()] == [False, False, False, True, True]


def test_a_trunk_is_frozen_for_a_while():
    network = Dense()
    network.conv.weight.requires_grad = False
    with frozen_trunk(network, cut(network, (1, 5, 5, 2))):
        assert not network.norm.scale.requires_grad and network.norm.frozen
    assert network.norm.scale.requires_grad and not any(part.frozen for part in network.modules())
    assert not network.conv.weight.requires_grad


def test_a_network_without_batch_norms_has_none_to_freeze():
    with pytest.raises(UsageError, match=r"Linear has no batch norm that could be frozen. Leave --freeze out"):
        freeze_norms(nn.Linear(2, 2))


class Forked(nn.Module, WithHeads):
    """Two heads on one trunk, the second behind a layer of its own."""

    def __init__(self) -> None:
        self.trunk = nn.Conv2d(2, 3, 1)
        self.first = nn.Conv2d(3, 2, 1)
        self.between = nn.Conv2d(3, 3, 1)
        self.second = nn.Conv2d(3, 2, 1)

    def heads(self):
        return [self.first, self.second]

    def forward(self, x: Tensor) -> Tensor:
        x = self.trunk(x)
        return self.first(x) + self.second(self.between(x))


def test_a_network_may_tell_several_heads_which_learn_alone(rng):
    network = Forked()
    at = cut(network, (1, 4, 4, 2))
    assert (at.score, at.start, at.shape) == (network.second, network.first, (4, 4, 3))
    freeze_trunk(network, at)
    ops.sum(network.train()(Tensor(rng.standard_normal((1, 4, 4, 2)).astype(np.float32)))).backward()
    learning = {name for name, parameter in network.named_parameters() if parameter.grad is not None}
    assert learning == {"first.weight", "first.bias", "second.weight", "second.bias"}


def test_batch_norms_that_are_frozen_stay_in_use_and_do_not_learn(rng):
    network = nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3), nn.Conv2d(3, 2, 1))
    freeze_norms(network)
    network.train()
    norm = network[1]
    before = norm.running_mean.copy(), norm.running_var.copy()
    x = Tensor(rng.standard_normal((4, 3, 3, 2)).astype(np.float32), requires_grad=True)
    y = network(x)
    ops.sum(y).backward()
    assert network.training and network[0].training and not norm.training
    np.testing.assert_array_equal(norm.running_mean, before[0])
    np.testing.assert_array_equal(norm.running_var, before[1])
    assert norm.weight.grad is None and norm.bias.grad is None
    assert network[0].weight.grad is not None and x.grad is not None
    np.testing.assert_array_equal(y.numpy(), network.eval()(x).numpy())
