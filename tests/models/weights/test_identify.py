"""Every network is known by the names and shapes that torchvision gives it, and by no other's."""

import json
from pathlib import Path

import numpy as np
import pytest

from cnnkit import models, nn
from cnnkit.errors import CheckpointError
from cnnkit.models import registry
from cnnkit.models.network import Network
from cnnkit.models.weights.adopt import to_state
from cnnkit.models.weights.identify import AmbiguousError, Reading, fit, identify
from cnnkit.models.weights.layouts import HWIO, OIHW
from cnnkit.models.weights.published import ROWS, offers, row

GOLDEN = Path(__file__).parents[2] / "golden" / "networks.json"
NETWORKS = json.loads(GOLDEN.read_text())["networks"]


def arrays(name: str) -> dict[str, np.ndarray]:
    """Published names with arrays of their shapes, all of one zero."""
    return {key: np.broadcast_to(np.float32(0), shape) for key, shape in NETWORKS[name]["shapes"].items()}


def networks(found: dict[str, np.ndarray]) -> list[Network]:
    return [reading.network for reading in identify(found)]


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_a_published_network_is_known_for_what_it_is(name):
    H, W, C = models.spec(name).input
    assert identify(arrays(name)) == [Reading(Network(name, models.spec(name).classes, C, (H, W)), OIHW, False)]


def test_a_stem_for_small_images_is_known_by_its_filters():
    found = arrays("resnet18")
    found["conv1.weight"] = np.zeros((64, 3, 3, 3), np.float32)
    assert networks(found) == [Network("resnet18", 1000, 3, (32, 32))]


def test_auxiliary_heads_may_be_there_or_not():
    found = arrays("googlenet")
    assert any(key.startswith("aux1.") for key in found)
    plain = {key: array for key, array in found.items() if not key.startswith("aux")}
    assert [network.model for network in networks(plain)] == ["googlenet"]


def test_a_fine_tuned_head_and_grey_images_are_counted():
    found = arrays("resnet18")
    found["fc.weight"], found["fc.bias"] = np.zeros((7, 512), np.float32), np.zeros(7, np.float32)
    found["conv1.weight"] = np.zeros((64, 1, 7, 7), np.float32)
    assert networks(found) == [Network("resnet18", 7, 1, (224, 224))]


def test_a_depth_for_another_is_told_by_the_first_layer_that_lacks():
    with pytest.raises(CheckpointError, match=r"The file lacks layer1\.2\.conv1\.conv\.weight .* of resnet34"):
        fit(arrays("resnet18"), "resnet34")


# Known by name, but in no list until the command line has trained them.
UNLISTED = ["yolo_v3", "yolo_fastest"]


def test_every_row_belongs_to_a_model_and_has_a_source():
    names = [*models.names(), *UNLISTED]
    known = [row(name) for name in names]
    assert all(any(published is entry for entry in known) for published in ROWS.values())
    assert all(published.sources for published in ROWS.values())
    assert all(
        len(published.mean) == len(published.std) == models.spec(name).input[2]
        for name in names
        if (published := row(name))
    )


def test_offers_name_every_source_once():
    listed = offers(models.names())
    assert len({offer.source for offer in listed}) == len(listed)
    assert all(offer.models and offer.source.licence for offer in listed)


def test_arrays_of_our_own_are_known_by_their_shapes():
    module = models.create("resnet20", classes=4, in_channels=3, image_size=(32, 32))
    (reading,) = identify(module.state_dict())
    assert reading == Reading(Network("resnet20", 4, 3, (32, 32)), HWIO, True)


# (KH, KW, C, O) -> the array as each layout has it
AXES = {"hwio": (0, 1, 2, 3), "oihw": (3, 2, 0, 1), "ohwi": (3, 0, 1, 2)}


def saved(module, filters: str, flat: tuple[int, int, int] | None = None) -> dict[str, np.ndarray]:
    """The state as a framework with this layout saves it; flat: (H, W, C) before the first dense layer."""
    state = {}
    for name, array in module.state_dict().items():
        if array.ndim == 4:
            array = array.transpose(AXES[filters])
        elif array.ndim == 2 and filters != "hwio":
            if filters == "oihw" and flat is not None and array.shape[0] == np.prod(flat):
                array = array.reshape(*flat, -1).transpose(2, 0, 1, 3).reshape(array.shape)
            array = array.T
        state[name] = array
    return state


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("filters", AXES)
@pytest.mark.parametrize(
    ("name", "flat", "options"),
    [
        ("lenet5", (5, 5, 16), {}),
        ("convnet", (12, 12, 64), {"classes": 7}),
        ("mobilenet_v1_x0_25", None, {"in_channels": 3, "image_size": (224, 224)}),
        ("squeezenet1_1", None, {"in_channels": 3, "image_size": (224, 224), "classes": 5}),
        ("mobilenet_v3_small", None, {"in_channels": 3, "image_size": (224, 224)}),
    ],
)
def test_every_layout_is_told_by_shapes_and_gives_the_same_state(name, flat, options, filters, told, rng):
    module = models.create(name, **options)
    for parameter in module.parameters():
        parameter.data[...] = rng.normal(size=parameter.shape)
    arrays = saved(module, filters, flat)
    reading = fit(arrays, name, filters=filters if told else None)
    assert reading.layout.filters == filters and reading.by_shape == (filters != "oihw" and not told)
    state = to_state(arrays, reading.network, reading.network.build(), reading.layout)
    for key, array in module.needed_in_use().items():
        np.testing.assert_array_equal(state[key], array)


def test_a_layout_that_is_told_and_does_not_fit_is_refused():
    with pytest.raises(CheckpointError, match=r"does not fit conv1\.weight"):
        fit(models.create("lenet5").state_dict(), "lenet5", filters="oihw")


def test_dense_weights_may_stand_the_other_way_round(rng):
    module = models.create("lenet5", rng=rng)
    for filters, dense in (("hwio", "oi"), ("oihw", "io")):
        arrays = saved(module, filters, (5, 5, 16))
        arrays = {name: array.T if array.ndim == 2 else array for name, array in arrays.items()}
        reading = fit(arrays, "lenet5")
        assert reading.layout == (filters, dense) and reading.by_shape
        state = to_state(arrays, reading.network, reading.network.build(), reading.layout)
        for key, array in module.state_dict().items():
            np.testing.assert_array_equal(state[key], array)


@pytest.mark.parametrize("filters", ["hwio", "ohwi"])
def test_a_depthwise_filter_may_have_its_channels_where_others_have_inputs(filters, rng):
    """TensorFlow's (KH, KW, C, M), TFLite's (1, KH, KW, C·M)."""
    module = models.create("mobilenet_v1_x0_25", in_channels=3, image_size=(32, 32), rng=rng)
    arrays = saved(module, filters)
    for name, array in arrays.items():
        if "depthwise.conv" in name:
            axes = (0, 1, 3, 2) if filters == "hwio" else (3, 1, 2, 0)
            arrays[name] = array.transpose(axes)
    reading = fit(arrays, "mobilenet_v1_x0_25", (32, 32))
    state = to_state(arrays, reading.network, reading.network.build(), reading.layout)
    for key, array in module.state_dict().items():
        np.testing.assert_array_equal(state[key], array)


@pytest.fixture
def square(monkeypatch):
    """A network whose arrays fit in two orders: filters of 3x3 over 3 channels, a square dense layer."""

    def build(*, classes, in_channels, image_size, rng):
        layers = {
            "conv": nn.Conv2d(3, 3, 3, rng=rng),
            "pool": nn.GlobalAvgPool2d(),
            "fc": nn.Linear(3, classes, rng=rng),
        }
        return nn.Sequential(layers)

    known = dict(registry._specs)
    monkeypatch.setattr(registry, "_specs", known)
    known["square"] = models.ModelSpec("square", (8, 8, 3), "", "", build, 3)
    return "square"


def test_arrays_that_fit_in_two_orders_are_refused_until_told(square, rng):
    module = models.create(square, classes=3, in_channels=3, image_size=(8, 8), rng=rng)
    arrays = module.state_dict()
    with pytest.raises(AmbiguousError, match=r"fit as oihw and as hwio.*give --layout oihw .*--layout hwio"):
        fit(arrays, square)
    for filters in AXES:
        reading = fit(arrays, square, filters=filters)
        assert reading.layout.filters == filters
    # Keras' names tell.
    named = {name.replace("weight", "kernel"): array for name, array in arrays.items()}
    assert fit(named, square).layout == HWIO
    # Where it makes no difference, none is asked for.
    assert fit({name: np.zeros_like(array) for name, array in arrays.items()}, square).layout == OIHW
