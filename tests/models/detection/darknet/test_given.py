"""A `.cfg` text as a network by name: which name, and what of it follows the data."""

import numpy as np
import pytest
from darknet_files import CFG, GRID

from cnnkit import models
from cnnkit.autograd import Tensor, no_grad
from cnnkit.errors import DataError, UsageError
from cnnkit.models.detection.darknet.given import give, text_of
from cnnkit.models.network import Network


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "net.cfg"
    path.write_text(CFG)
    return path


def test_a_path_is_the_name_of_a_network_whose_own_name_tells_its_content(file):
    told = models.spec(str(file))
    assert told.name.startswith("net-") and told.name.endswith(".cfg") and len(told.name) == len("net-12345678.cfg")
    assert (told.input, told.classes, told.kind) == ((32, 64, 3), 2, "detection")
    assert text_of(told.name) == CFG and text_of("yolo_v3") is None
    assert give(CFG, "elsewhere/net.cfg") == give(CFG, told.name) == models.spec(told.name).name == told.name
    assert told.name not in models.names()


def test_a_file_that_changed_is_another_network(file):
    before = models.spec(str(file)).name
    file.write_text(CFG.replace("filters=8", "filters=16").replace("groups=8", "groups=16"))
    after = models.spec(str(file)).name
    assert before != after
    wide, narrow = (Network(name, 2, 3, (32, 64)).build().steps[0].layer.filters for name in (after, before))
    assert (wide, narrow) == (16, 8)


@pytest.mark.parametrize(("text", "channels"), [(CFG, 2 * (5 + 7)), (GRID, 2 * 2 * (7 + 2 * 5))])
def test_heads_and_the_layers_before_them_are_made_for_the_classes_of_the_data(text, channels, rng):
    name = give(text, "a.cfg")
    network = models.create(name, classes=7, in_channels=1, image_size=(32, 64), rng=rng).eval()
    assert [step.reads[0][2] for step in network.steps if step.layer.title in ("yolo", "detection")] == [channels] * (
        2 if text is CFG else 1
    )
    with no_grad():
        _, scores = network.candidates(Tensor(rng.random((1, 32, 64, 1)).astype(np.float32)))
    assert scores.shape[2] == 7


def test_only_the_heads_follow_from_the_classes():
    assert Network(give(CFG, "a.cfg"), 2, 3, (32, 64)).head() == {
        "layers.5.weight", "layers.5.bias", "layers.10.weight", "layers.10.bias",
    }  # fmt: skip


def test_heads_that_read_a_layer_without_channels_of_its_own_have_the_classes_of_the_file():
    text = CFG.replace("[yolo]", "[dropout]\nprobability=.1\n[yolo]", 1).replace("layers = -3", "layers = -4")
    text = text.replace("filters=14\nactivation=linear\n\n[dropout]", "filters=14\nactivation=linear\n[dropout]")
    name = give(text, "a.cfg")
    assert models.create(name, classes=2, in_channels=3, image_size=(32, 64)).steps
    with pytest.raises(
        UsageError, match=r"layer 7, \[yolo\], is for 2 classes, and no \[convolutional\] or \[connected\]"
    ):
        models.create(name, classes=3, in_channels=3, image_size=(32, 64))


def test_images_whose_maps_do_not_fit_are_refused_with_the_line():
    with pytest.raises(UsageError, match=r"cannot be built for 2 classes and images of 30x30 .*line \d+: layer 9"):
        models.create(give(CFG, "a.cfg"), classes=2, in_channels=3, image_size=(30, 30))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("filters=8", "filters=1000000000", "line 12: [convolutional] has filters=1000000000, expected a whole number"),
        ("[dropout]", "[gru]", "there is no section [gru] here"),
        ("layers = -1, 0", "layers = -1, 2", "layer 9, [route]: it joins maps of"),
    ],
)
def test_what_cannot_be_built_is_told_with_its_line_before_memory_is_taken(old, new, told):
    with pytest.raises(DataError) as caught:
        give(CFG.replace(old, new, 1), "dir/bad.cfg")
    assert str(caught.value).startswith("bad.cfg is no network that cnnkit can build: line ")
    assert told in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(DataError, match=r"There is no file .*none.cfg. Give a .cfg file of darknet"):
        models.spec(str(tmp_path / "none.cfg"))
