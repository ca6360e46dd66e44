"""Modules with several results, in a tuple or a dict: they compute, learn and are looked at as others are."""

import numpy as np
import pytest

from cnnkit import models, nn, ops
from cnnkit.autograd import Tensor, no_grad
from cnnkit.errors import UsageError
from cnnkit.graph import Planned
from cnnkit.nn.outputs import arrays, concatenated, is_array, is_shape, leaves, mapped, shapes
from cnnkit.nn.parts.freeze import cut
from cnnkit.nn.parts.tail import Tail, reaching

SHAPE = (2, 8, 8, 1)


class Halves(nn.Module):
    """A layer with two results: the channels' first and second half."""

    def forward(self, x):
        N, H, W, C = x.shape
        return tuple(ops.slice(x, (0, 0, 0, first), (N, H, W, first + C // 2)) for first in (0, C // 2))


class TwoHeads(nn.Module):
    """What a picture shows, and where: a tuple."""

    def __init__(self):
        self.trunk = nn.Sequential(nn.ConvNorm(1, 4, 3), nn.ConvNorm(4, 8, 3, stride=2))
        self.label = nn.Sequential(nn.GlobalAvgPool2d(), nn.Linear(8, 3))
        self.place = nn.Conv2d(8, 4, 1)

    def forward(self, x):
        features = self.trunk(x)
        return self.label(features), self.place(features)


class WithDict(nn.Module):
    """A trunk that gives two maps by name, and a head that takes them so."""

    def __init__(self):
        self.trunk, self.head = Maps(), Joined()

    def forward(self, x):
        maps = self.trunk(x)
        return {"out": self.head(maps), "aux": maps["early"], "weight": 0.4}


class Maps(nn.Module):
    def __init__(self):
        self.early, self.late = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x):
        early = self.early(x)
        return {"early": early, "late": self.late(early)}


class Joined(nn.Module):
    def __init__(self):
        self.out = nn.Conv2d(8, 2, 1)

    def forward(self, maps):
        return self.out(ops.concat([maps["early"], maps["late"]]))


NETWORKS = [TwoHeads, WithDict]


def picture(rng):
    return rng.standard_normal(SHAPE).astype(np.float32)


def test_shapes_are_told_as_the_results_are_given():
    assert TwoHeads().output_shape(SHAPE) == ((2, 3), (2, 4, 4, 4))
    assert WithDict().output_shape(SHAPE) == {"out": (2, 8, 8, 2), "aux": (2, 8, 8, 4), "weight": 0.4}


@pytest.mark.parametrize("network", NETWORKS)
def test_the_shapes_told_are_the_real_ones(network, rng):
    module = network()
    assert module.output_shape(SHAPE) == shapes(module(picture(rng)))


@pytest.mark.parametrize("network", NETWORKS)
def test_every_parameter_learns_from_the_losses_of_all_results(network, rng):
    module = network()
    losses = [ops.mean(y * y) for y in leaves(module(picture(rng)))]
    (losses[0] + losses[1]).backward()
    assert all(np.any(parameter.grad) for parameter in module.parameters())


def test_the_gradients_of_two_results_add_up(rng):
    module, x = TwoHeads().eval(), picture(rng)
    found = []
    for chosen in ((0,), (1,), (0, 1)):
        module.zero_grad()
        results = module(x)
        losses = [ops.sum(results[k] * results[k]) for k in chosen]
        sum(losses[1:], losses[0]).backward()
        found.append(module.trunk[0].conv.weight.grad)
    # Rounding of one sum of 128 terms in another order.
    np.testing.assert_allclose(found[0] + found[1], found[2], rtol=0, atol=1e-5 * np.abs(found[2]).max())


@pytest.mark.parametrize("network", NETWORKS)
def test_a_state_goes_from_one_to_another(network, rng):
    one, other, x = network(), network(), picture(rng)
    for parameter in one.parameters():
        parameter.data += np.float32(0.01)
    other.load_state_dict(one.state_dict())
    for a, b in zip(leaves(one.eval()(x)), leaves(other.eval()(x)), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


@pytest.mark.parametrize("network", NETWORKS)
def test_made_ready_for_use_it_gives_the_same_results(network, rng):
    module, x = network().eval(), picture(rng)
    with no_grad():
        expected, found = arrays(module(x)), arrays(Planned(module)(x))
    assert type(found) is type(expected) and (not isinstance(found, dict) or list(found) == list(expected))
    for a, b in zip(leaves(expected, is_array), leaves(found, is_array), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-5)  # folding rounds once more


def test_a_summary_has_a_row_for_each_layer_of_each_head():
    rows = {row.name: row for row in models.summary(TwoHeads(), SHAPE).layers}
    assert rows["label.1"].output == (3,) and rows["place"].output == (4, 4, 4)
    assert rows["place"].multiply_adds == 4 * 4 * 4 * 8
    told = models.summary(WithDict(), SHAPE)
    assert [row.name for row in told.layers] == ["trunk.early", "trunk.late", "head.out"]
    assert told.multiply_adds == 64 * (9 * 4 + 9 * 16 + 16) == WithDict().multiply_adds((1, *SHAPE[1:]))


def test_a_layer_with_several_results_has_one_row_with_all_of_their_shapes():
    (row,) = models.summary(Halves(), (8, 8, 6)).layers
    assert row.output == ((8, 8, 3), (8, 8, 3)) and row.outputs == [(8, 8, 3), (8, 8, 3)] and row.floats == 384


def test_what_a_layer_takes_is_watched_as_well():
    seen = {type(module): before for module, before, _ in nn.Sequential(Halves(), Sum()).watched((1, 4, 4, 2))}
    assert seen[Sum] == ((1, 4, 4, 1), (1, 4, 4, 1))


class Sum(nn.Module):
    def forward(self, both):
        return both[0] + both[1]


def test_the_tail_gives_the_same_bits_where_the_trunk_gives_a_dict(rng):
    module, x = Classes().eval(), picture(rng)
    at = cut(module, SHAPE)
    with no_grad(), reaching(at.start) as given:
        y = module(x).numpy()
    with no_grad():
        np.testing.assert_array_equal(Tail(module, at, SHAPE[1:])(given[0]).numpy(), y)


class Classes(nn.Module):
    def __init__(self):
        self.trunk, self.join, self.fc = Maps(), Joined(), nn.Linear(2, 3)

    def forward(self, x):
        return self.fc(ops.global_avg_pool2d(self.join(self.trunk(x))))


def test_a_module_that_gives_no_tensor_is_told_so():
    class Nothing(nn.Module):
        def forward(self, x):
            return "x"

    with pytest.raises(UsageError, match="Nothing gives a str, expected a Tensor, or Tensors in a tuple or a dict"):
        models.summary(Nothing())


def test_nests_keep_their_form():
    nest = nn.WithAuxiliary(Tensor([1.0]), (Tensor([2.0]), [Tensor([3.0])]), 0.3)
    told = mapped(nest, lambda tensor: tensor.item())
    assert told == nn.WithAuxiliary(1.0, (2.0, [3.0]), 0.3) and type(told) is nn.WithAuxiliary
    assert [tensor.item() for tensor in leaves(nest)] == [1.0, 2.0, 3.0]
    assert list(leaves(((1, 2), {"a": (), "b": [(3,)]}), is_shape)) == [(1, 2), (), (3,)]


def test_batches_are_joined_leaf_by_leaf():
    batches = [{"a": np.full((n, 2), n), "b": (np.full(n, -n), None)} for n in (1, 2)]
    joined = concatenated(batches)
    assert joined["a"].tolist() == [[1, 1], [2, 2], [2, 2]]
    assert joined["b"][0].tolist() == [-1, -2, -2] and joined["b"][1] is None
