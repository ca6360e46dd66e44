"""Where zeros go: TensorFlow's way, both sides alike, or the network's own."""

import numpy as np
import pytest

from cnnkit import models, nn
from cnnkit.engine.records import options
from cnnkit.errors import UsageError
from cnnkit.models.geometry import PADDINGS, depends_on_padding, pad
from cnnkit.models.network import Network


def network(stride=2, side=8):
    return nn.Sequential(
        {
            "conv": nn.Conv2d(3, 4, 3, stride=stride, padding=1),
            "bare": nn.Conv2d(4, 4, 3),
            "uneven": nn.Conv2d(4, 4, 3, padding=((0, 1), (0, 1))),
            "pool": nn.MaxPool2d(3, 2, 1),
            "mean": nn.AvgPool2d(3, 1, 1),
        }
    )


def test_the_names_are_those_of_the_options():
    assert PADDINGS == options.PADDINGS


def test_layers_that_pad_pad_as_told_and_the_others_do_not():
    same = pad(network(), "same", (1, 30, 30, 3))
    assert [same.conv.padding, same.uneven.padding, same.pool.padding, same.mean.padding] == ["same"] * 4
    assert same.bare.padding == 0 and same.mean.count_padding is None
    both = pad(network(), "symmetric", (1, 30, 30, 3))
    assert both.conv.padding == both.uneven.padding == (1, 1) and both.pool.padding == 1
    default = pad(network(), "default", (1, 30, 30, 3))
    assert default.uneven.padding == ((0, 1), (0, 1))


def test_an_unknown_way_is_refused():
    with pytest.raises(UsageError, match="no padding 'valid'"):
        models.create("resnet20", padding="valid")


def test_layers_that_no_longer_fit_are_told():
    net = nn.Sequential(nn.Conv2d(1, 1, 11, stride=4, padding=2), nn.Flatten(), nn.Linear(55 * 55, 2))
    with pytest.raises(UsageError, match="With --padding same the layers do not fit each other"):
        pad(net, "same", (1, 224, 224, 1))


@pytest.mark.parametrize(
    ("stride", "side", "depends"), [(1, 8, False), (2, 8, True), (2, 9, False)], ids=["stride 1", "even", "odd"]
)
def test_only_strides_over_even_sizes_make_a_difference(stride, side, depends):
    net = nn.Sequential(nn.Conv2d(3, 4, 3, stride=stride, padding=1), nn.ReLU())
    assert depends_on_padding(net, (1, side, side, 3)) == depends


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "mobilenet_v3_small", "googlenet", "shufflenet_v2_x0_5"])
def test_networks_are_built_either_way_with_the_same_parameters(name):
    networks = [Network(name, 10, 3, (224, 224), padding) for padding in PADDINGS]
    states = [network.build().state_dict() for network in networks]
    assert all(state.keys() == states[0].keys() for state in states)
    assert depends_on_padding(networks[0].build(), networks[0].input_shape)


def test_mobilenet_v1_pads_as_keras_where_sizes_are_even_and_same_does_at_odd_ones_too(rng):
    for side, alike in ((64, True), (65, False)):
        x = rng.normal(size=(1, side, side, 3)).astype(np.float32)
        default, same = (
            models.create("mobilenet_v1_x0_25", classes=5, in_channels=3, image_size=(side, side), padding=padding)
            .eval()(x)
            .data
            for padding in ("default", "same")
        )
        assert np.array_equal(default, same) == alike
