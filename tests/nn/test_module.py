"""Module: names, state, and what is done with all parts."""

import numpy as np
import pytest

from cnnkit import nn, ops
from cnnkit.autograd import Tensor
from cnnkit.errors import CheckpointError, ShapeError


class Block(nn.Module):
    """A custom module with a parameter of its own, a child, and a residual."""

    def __init__(self) -> None:
        self.scale = nn.Parameter(np.full(2, 0.5))
        self.conv = nn.Conv2d(2, 2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x) * self.scale + x


def test_names_follow_the_attributes():
    block = nn.Sequential({"first": Block(), "pool": nn.GlobalAvgPool2d()})
    assert [name for name, _ in block.named_parameters()] == ["first.scale", "first.conv.weight", "first.conv.bias"]
    assert [name for name, _ in block.named_modules()] == ["", "first", "first.conv", "pool"]


def test_a_parameter_used_twice_is_listed_once():
    layer = nn.Linear(3, 3)
    assert len(nn.Sequential(layer, layer).parameters()) == 2


def test_the_state_holds_the_arrays_themselves():
    layer = nn.Linear(3, 2)
    assert layer.state_dict()["weight"] is layer.weight.data


def test_loading_copies_into_the_same_arrays():
    layer = nn.Linear(3, 2)
    own, given = layer.weight.data, np.ones((3, 2))
    layer.load_state_dict({"weight": given, "bias": np.zeros(2)})
    assert layer.weight.data is own
    np.testing.assert_array_equal(own, given)


def test_another_shape_is_named_and_nothing_is_loaded():
    model = nn.Sequential({"conv": nn.Conv2d(1, 2, 3), "dense": nn.Linear(4, 10)})
    state = {name: np.ones_like(array) for name, array in model.state_dict().items()}
    state["dense.weight"] = np.ones((4, 12))
    with pytest.raises(
        ShapeError, match=r"dense.weight has shape \(4, 10\) in this model, but \(4, 12\) in the loaded"
    ):
        model.load_state_dict(state)
    assert not (model.state_dict()["conv.bias"] == 1).any()


def test_a_missing_name_is_told_with_the_nearest():
    model = nn.Sequential({"conv1": nn.Conv2d(1, 2, 3)})
    state = {"conv2.weight": np.ones((5, 5, 1, 2)), "conv1.bias": np.ones(2)}
    with pytest.raises(
        CheckpointError, match=r"lacks conv1.weight \(3, 3, 1, 2\)\. The most similar .* conv2.weight \(5, 5"
    ):
        model.load_state_dict(state)


def test_a_name_too_many_is_told_with_the_nearest():
    model = nn.Sequential({"conv1": nn.Conv2d(1, 2, 3)})
    state = {**model.state_dict(), "conv1.wait": np.ones(1), "conv1.wit": np.ones(1)}
    with pytest.raises(
        CheckpointError, match=r"has conv1.wait \(1,\) \(and 1 more\).* most similar name in the model is conv1.wei"
    ):
        model.load_state_dict(state)


def test_not_strict_loads_what_fits():
    layer = nn.Linear(3, 2)
    layer.load_state_dict({"bias": np.ones(2), "other": np.ones(3)}, strict=False)
    np.testing.assert_array_equal(layer.bias.data, [1, 1])


def test_zero_grad_forgets_the_gradients():
    layer = nn.Linear(3, 2)
    layer.bias.grad = np.ones(2)
    layer.zero_grad()
    assert layer.bias.grad is None


def test_a_custom_module_finds_shape_and_work_by_trying():
    block = Block()
    for parameter in block.parameters():
        parameter.data = parameter.data.astype(np.float64)
    assert block.output_shape((2, 4, 4, 2)) == (2, 4, 4, 2)
    assert block.multiply_adds((1, 4, 4, 2)) == 4 * 4 * 2 * 3 * 3 * 2
    assert block.training


def test_the_tree_is_printed_as_a_tree():
    model = nn.Sequential({"features": nn.Sequential(nn.Conv2d(1, 2, 3, activation="relu")), "flat": nn.Flatten()})
    assert repr(model) == (
        "Sequential(\n  (features): Sequential(\n    (0): Conv2d(1, 2, 3x3, relu)\n  )\n  (flat): Flatten()\n)"
    )


def test_a_module_without_forward_says_so():
    with pytest.raises(NotImplementedError):
        nn.Module()(np.zeros(1))


def test_residuals_train(rng):
    block = Block()
    for parameter in block.parameters():
        parameter.data = parameter.data.astype(np.float64)
    ops.sum(block(rng.normal(size=(1, 3, 3, 2)))).backward()
    assert all(parameter.grad is not None for parameter in block.parameters())


def test_a_call_passes_on_what_forward_takes_by_name_and_by_place():
    class Scaled(nn.Module):
        def forward(self, x, factor=1.0, *, shift=0.0):
            return x * factor + shift

    x = np.ones((1, 2), np.float32)
    np.testing.assert_array_equal(Scaled()(x, 3.0, shift=1.0), [[4, 4]])
    np.testing.assert_array_equal(Scaled()(x, factor=2.0), [[2, 2]])
    with pytest.raises(TypeError, match="unexpected keyword argument 'scale'"):
        Scaled()(x, scale=2.0)


def test_a_layer_with_its_own_forward_tells_the_shape_of_that():
    class Pooled(nn.Conv2d):
        def forward(self, x):
            return ops.max_pool2d(super().forward(x), 2)

    class Renamed(nn.Conv2d):
        pass

    class Cutting:
        def forward(self, x):
            return ops.max_pool2d(super().forward(x), 2)

    class Mixed(Cutting, nn.Conv2d):
        pass

    class OfAPool(nn.MaxPool2d):
        def forward(self, x):
            return super().forward(super().forward(x))

    class ToldAnew(nn.Conv2d):
        def forward(self, x):
            return ops.max_pool2d(super().forward(x), 2)

        def output_shape(self, x_shape):
            return x_shape[0], 2, 2, 3

    assert Mixed(1, 3, 3).output_shape((2, 6, 6, 1)) == ToldAnew(1, 3, 3).output_shape((2, 6, 6, 1)) == (2, 2, 2, 3)
    assert OfAPool(2).output_shape((2, 8, 8, 1)) == (2, 2, 2, 1)
    assert Pooled(1, 3, 3).output_shape((2, 6, 6, 1)) == (2, 2, 2, 3)
    assert Renamed.output_shape is nn.Conv2d.output_shape


class Told(Block):
    @nn.module.asked
    def told(self, x: Tensor, more: float = 0.0) -> Tensor:
        """The half of it, and more."""
        return x * 0.5 + more


def test_a_method_that_is_asked_may_be_stood_in_for_as_a_call():
    block, x, calls = Told(), Tensor(np.ones((1, 2, 2, 2), np.float32)), []

    def stand_in(module, x, *rest, **options):
        calls.append((module, rest, options))
        return x if rest else None

    with nn.module.standing_in(stand_in):
        assert block.told(x).numpy().max() == 0.5
        assert block.told(x, 1.0) is x
    assert calls == [(block, (), {"method": "told"}), (block, (1.0,), {"method": "told"})]
    assert block.told(x, 1.0).numpy().max() == 1.5
    assert block.told.__doc__ == "The half of it, and more."
