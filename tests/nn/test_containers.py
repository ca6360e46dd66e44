"""Sequential and ModuleList."""

import numpy as np
import pytest

from cnnkit import nn, ops
from cnnkit.errors import ShapeError, UsageError


def test_numbers_are_the_names_unless_told():
    assert list(nn.Sequential(nn.ReLU(), nn.Flatten()).named_children())[1][0] == "1"
    assert next(nn.Sequential({"act": nn.ReLU()}).named_children())[0] == "act"


def test_a_sequential_is_indexed_counted_and_iterated():
    relu, flatten = nn.ReLU(), nn.Flatten()
    model = nn.Sequential(relu, flatten)
    assert len(model) == 2 and model[0] is relu and list(model) == [relu, flatten]


def test_an_image_too_small_names_the_layer():
    model = nn.Sequential({"conv1": nn.Conv2d(1, 2, 3), "conv2": nn.Conv2d(2, 2, 5)})
    with pytest.raises(ShapeError, match="Layer conv2, Conv2d: conv2d with kernel"):
        model.output_shape((1, 5, 5, 1))


def test_work_is_that_of_all_layers():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 3))
    assert model.multiply_adds((1, 4, 4, 1)) == 2 * 2 * 2 * 9 + 8 * 3


@pytest.mark.parametrize("name", ["forward", "a.b", ""])
def test_a_name_that_cannot_be_is_refused(name):
    with pytest.raises(UsageError, match="each name once, not empty, without a dot"):
        nn.Sequential({name: nn.ReLU()})


def test_what_is_no_module_is_refused():
    with pytest.raises(UsageError, match=r"expects modules, or one dict of them, but received function"):
        nn.Sequential(nn.ReLU(), lambda x: x)


def test_a_module_list_registers_its_modules():
    layers = nn.ModuleList(nn.Linear(2, 3), nn.Linear(3, 4))
    layers.append(nn.Linear(4, 5))
    assert [name for name, _ in layers.named_parameters()][-1] == "2.bias"
    assert len(layers) == 3 and layers[2].weight.shape == (4, 5) and len(list(layers)) == 3
    with pytest.raises(UsageError, match="A ModuleList computes nothing itself"):
        layers(np.zeros((1, 2)))


def test_a_slice_is_a_sequential_of_the_same_modules_under_the_same_names(rng):
    net = nn.Sequential({"a": nn.Linear(4, 4, rng=rng), "b": nn.ReLU(), "c": nn.Linear(4, 4, rng=rng), "d": nn.ReLU()})
    for cut in (slice(3), slice(1, None), slice(-2, None), slice(None, None, 2), slice(None, None, -1), slice(9, 10)):
        part = net[cut]
        assert type(part) is nn.Sequential and list(part) == list(net)[cut]
        assert [name for name, _ in part.named_children()] == ["a", "b", "c", "d"][cut]
    x = rng.normal(size=(2, 4)).astype(np.float32)
    np.testing.assert_array_equal(net[2:](net[:2](x)), net(x))
    np.testing.assert_array_equal(net[:0](x), x)
    with pytest.raises(IndexError):
        net[4]


def test_a_slice_of_a_kind_with_its_own_forward_is_a_plain_sequential():
    class Twice(nn.Sequential):
        def __init__(self) -> None:
            super().__init__(nn.ReLU(), nn.Flatten())

        def forward(self, x):
            return super().forward(super().forward(x))

    assert type(Twice()[:1]) is nn.Sequential


def test_a_slice_of_a_module_list_is_a_module_list():
    layers = nn.ModuleList(nn.ReLU(), nn.Flatten(), nn.ReLU())
    assert type(layers[1:]) is nn.ModuleList and list(layers[1:]) == list(layers)[1:]


def test_a_sequential_with_its_own_forward_finds_its_shapes_by_trying():
    class Halves(nn.Sequential):
        def forward(self, x):
            return super().forward(ops.max_pool2d(x, 2))

    halves = Halves(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU())
    assert halves.output_shape((1, 6, 8, 1)) == (1, 3, 4, 2)
    assert halves.multiply_adds((1, 6, 8, 1)) == 3 * 4 * 2 * 9


def test_a_layer_with_another_forward_on_the_object_tells_the_shape_of_that():
    pooled = nn.Conv2d(1, 2, 3, padding=1)
    pooled.forward = lambda x: ops.max_pool2d(ops.conv2d(x, pooled.weight, padding=1), 2)
    assert nn.Sequential(pooled, nn.Conv2d(2, 3, 3)).output_shape((1, 8, 10, 1)) == (1, 2, 3, 3)
