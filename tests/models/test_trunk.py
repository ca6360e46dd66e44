"""The trunk of a classifier: its maps by name, from weights of which only a part is used."""

import tracemalloc

import numpy as np
import pytest

from cnnkit import models, ops
from cnnkit.autograd import Tensor, no_grad
from cnnkit.engine.use.choices import Choices
from cnnkit.engine.use.inside import named_result
from cnnkit.engine.use.weights import adopt, convert
from cnnkit.errors import CheckpointError, UsageError
from cnnkit.graph import Planned
from cnnkit.models.trunk import last_map
from cnnkit.nn.init import without_values

# Channels and strides as in the tables of the papers.
TAPS = {
    "vgg16": {"pool3": (256, 8), "pool4": (512, 16), "conv5_3": (512, 16), "pool5": (512, 32)},
    "resnet18": {"conv1": (64, 2), "layer1": (64, 4), "layer2": (128, 8), "layer3": (256, 16), "layer4": (512, 32)},
    "resnet50": {"layer1": (256, 4), "layer4": (2048, 32)},
    "mobilenet_v2": {"features.3": (24, 4), "features.6": (32, 8), "features.13": (96, 16), "features.18": (1280, 32)},
}
SMALL = ("block3.depthwise", "block5", "block11")
NAME = "mobilenet_v1_x0_25"


@pytest.mark.parametrize("name", TAPS)
def test_maps_have_the_channels_and_strides_of_the_paper(name):
    with without_values():
        trunk = models.trunk(name, [*TAPS[name]])
    assert {tap: (trunk.channels[tap], trunk.strides[tap]) for tap in trunk.taps} == TAPS[name]
    H, W = 192, 128  # not the published size
    assert trunk.output_shape((2, H, W, 3)) == {tap: (2, H // s, W // s, c) for tap, (c, s) in TAPS[name].items()}


@pytest.mark.parametrize(
    ("name", "tap"), [("vgg11_x0_125", "pool4"), ("mobilenet_v2", "features.6"), ("resnet18", "layer2")]
)
def test_the_trunk_and_what_follows_have_the_first_weights_that_the_whole_classifier_leaves_them(name, tap):
    rng, of_whole = np.random.default_rng(3), np.random.default_rng(3)
    trunk = models.trunk(name, [tap], rng=rng)
    whole = models.create(name, classes=1000, in_channels=3, image_size=(224, 224), rng=of_whole).state_dict()
    assert trunk.state_dict().keys() < whole.keys()
    for key, array in trunk.state_dict().items():
        np.testing.assert_array_equal(array, whole[key], strict=True)
        assert array.flags.writeable
    assert rng.bit_generator.state == of_whole.bit_generator.state


def test_what_is_cut_off_takes_no_memory():
    tracemalloc.start()
    try:
        trunk = models.trunk("vgg11_x0_25", ["pool3"])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    cut_off = models.summary("vgg11_x0_25").parameters - sum(parameter.size for parameter in trunk.parameters())
    assert peak < cut_off  # bytes, and a weight has four


def whole_and_image(rng, size=(96, 64)):
    """The classifier with the first weights of the trunk, and an image of another size than its own."""
    whole = models.create(NAME, classes=1000, in_channels=3, image_size=(224, 224), rng=np.random.default_rng(3))
    return whole.eval(), Tensor(rng.standard_normal((2, *size, 3)).astype(np.float32))


def test_maps_are_the_bits_that_the_classifier_computes_on_its_way(rng):
    whole, x = whole_and_image(rng)
    trunk = models.trunk(NAME, SMALL[::-1], rng=np.random.default_rng(3)).eval()
    with no_grad():
        maps = trunk(x)
        assert [*maps] == [*SMALL[::-1]]
        for tap, found in maps.items():
            np.testing.assert_array_equal(found.numpy(), named_result(whole, tap)(x))


def test_the_head_is_neither_there_nor_paid_for():
    whole = models.summary(NAME)
    trunk = models.trunk(NAME, ["block11"])
    names = models.create(NAME, image_size=(224, 224)).state_dict()
    assert {*trunk.state_dict()} == {name for name in names if not name.startswith(("block12", "block13", "fc"))}
    rows = models.summary(trunk, (224, 224, 3)).layers
    assert rows == whole.layers[: len(rows)] and rows[-1].name.startswith("block11.pointwise")
    assert trunk.multiply_adds((1, 224, 224, 3)) == sum(row.multiply_adds for row in rows)


def test_gradients_reach_the_first_layer_from_every_map(rng):
    trunk = models.trunk(NAME, ["block3", "block5"])
    maps = trunk(rng.standard_normal((2, 32, 32, 3)).astype(np.float32))
    (ops.mean(maps["block3"] * maps["block3"]) + ops.mean(maps["block5"])).backward()
    assert all(parameter.grad is not None and np.any(parameter.grad) for parameter in trunk.parameters())


def test_made_ready_for_use_it_gives_the_same_maps(rng):
    _, x = whole_and_image(rng, (64, 64))
    trunk = models.trunk(NAME, SMALL).eval()
    with no_grad():
        maps, ready = trunk(x), Planned(trunk)(x)
    for tap in SMALL:  # folding rounds each of some twenty layers once more
        expected = maps[tap].numpy()
        np.testing.assert_allclose(ready[tap].numpy(), expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.fixture(scope="module")
def foreign():
    """Arrays as torch has them, under the names of torchvision, of a network for 7 classes."""
    network = models.create("resnet18", classes=7, in_channels=3, image_size=(224, 224), rng=np.random.default_rng(1))
    back = {"shortcut.conv": "downsample.0", "shortcut.norm": "downsample.1"}
    arrays = {}
    for name, array in network.state_dict().items():
        for ours, theirs in back.items():
            name = name.replace(ours, theirs)
        stem, _, last = name.rpartition(".")
        for number in "123":
            stem = stem.replace(f"conv{number}.conv", f"conv{number}").replace(f"conv{number}.norm", f"bn{number}")
        turned = array.transpose(3, 2, 0, 1) if array.ndim == 4 else array.T if array.ndim == 2 else array
        arrays[f"{stem}.{last}"] = np.ascontiguousarray(turned)
    return network, arrays


@pytest.mark.parametrize("left", ["with a head", "without"])
def test_foreign_weights_may_lack_the_head_or_have_another(foreign, left, tmp_path):
    network, arrays = foreign
    kept = {name: array for name, array in arrays.items() if left == "with a head" or not name.startswith("fc.")}
    np.savez(tmp_path / "w.npz", **kept)
    trunk = models.trunk("resnet18", ["layer2", "layer1"], weights=tmp_path / "w.npz")
    state = network.state_dict()
    for name, array in trunk.state_dict().items():
        np.testing.assert_array_equal(array, state[name])


def test_what_the_trunk_needs_may_not_be_missing(foreign, tmp_path):
    arrays = {name: array for name, array in foreign[1].items() if not name.startswith("layer1.1.conv2")}
    np.savez(tmp_path / "w.npz", **arrays)
    with pytest.raises(CheckpointError, match=r"not for a trunk of resnet18: The file lacks layer1\.1\.conv2"):
        models.trunk("resnet18", ["layer1"], weights=tmp_path / "w.npz")
    narrow = {**foreign[1], "conv1.weight": foreign[1]["conv1.weight"][:, :, :3, :3]}
    np.savez(tmp_path / "n.npz", **narrow)
    with pytest.raises(CheckpointError, match=r"n\.npz is not for a trunk of resnet18: conv1.weight"):
        models.trunk("resnet18", ["layer1"], weights=tmp_path / "n.npz")


def test_a_file_of_ours_is_read_and_keeps_its_padding(foreign, tmp_path):
    np.savez(tmp_path / "w.npz", **foreign[1])
    convert(tmp_path / "w.npz", "resnet18", tmp_path / "w.safetensors", Choices(padding="same"))
    trunk = models.trunk("resnet18", ["layer1"], weights=tmp_path / "w.safetensors")
    np.testing.assert_array_equal(trunk.state_dict()["conv1.conv.weight"], foreign[0].state_dict()["conv1.conv.weight"])
    layers = dict(trunk.named_modules())
    assert layers["conv1.conv"].padding == layers["maxpool"].padding == "same"
    with pytest.raises(CheckpointError, match="it holds weights of resnet18"):
        models.trunk("resnet34", ["layer1"], weights=tmp_path / "w.safetensors")


def test_a_tap_that_is_not_there_is_told_with_those_there_are():
    with without_values():
        with pytest.raises(UsageError, match=r"no map 'pool6'\. Did you mean 'pool[1-5]'\? Known: conv1_1"):
            models.trunk("vgg16", ["pool6"])
        with pytest.raises(UsageError, match="no map 'fc6'"):
            models.trunk("vgg16", ["fc6"])
        for taps in ([], ["pool1", "pool1"]):
            with pytest.raises(UsageError, match="expected names of maps, each once: conv1_1"):
                models.trunk("vgg16", taps)
        with pytest.raises(UsageError, match=r"no map 'dense1'\. Known: conv1, conv2, pool\."):
            models.trunk("convnet", ["dense1"])
        with pytest.raises(UsageError, match="googlenet is no sequence of layers, so it has no trunk"):
            models.trunk("googlenet", ["inception3a"])


def test_published_weights_give_the_maps_of_the_whole_network(shared):
    folder = shared / "data" / "weights" / "squeezenet1.1"
    trunk = models.trunk("squeezenet1_1", ["pool1", "fire5", "fire9"], weights=folder / "squeezenet1.1_nchw.npz").eval()
    assert trunk.channels == {"pool1": 64, "fire5": 256, "fire9": 512} and trunk.strides == {
        "pool1": 4,
        "fire5": 8,
        "fire9": 16,
    }
    adopted = adopt(folder / "squeezenet1.1_nchw.npz", "squeezenet1_1", Choices())
    whole = adopted.network.build().eval()
    whole.load_state_dict(adopted.state)
    x = np.load(folder / "test_data_set" / "0" / "input_0.npy")
    x = Tensor(np.ascontiguousarray(x.transpose(0, 2, 3, 1)))
    with no_grad():
        for tap, found in trunk(x).items():
            np.testing.assert_array_equal(found.numpy(), named_result(whole, tap)(x))


@pytest.mark.parametrize(
    ("name", "stride", "tap"),
    [
        ("vgg16", 16, "conv5_3"),
        ("vgg11_bn_x0_25", 8, "norm4_2"),
        ("resnet18", 16, "layer3"),
        ("mobilenet_v2", 16, "features.13"),
        ("squeezenet1_1", 16, "dropout"),
    ],
)
def test_the_last_map_of_a_stride_is_the_one_before_the_next_pool(name, stride, tap):
    assert last_map(name, stride) == tap


def test_a_classifier_without_so_fine_a_map_or_without_a_sequence_has_no_last_one():
    with pytest.raises(UsageError, match="vgg16 has no map of stride 0 or less"):
        last_map("vgg16", 0)
    with pytest.raises(UsageError, match="googlenet is no sequence of layers"):
        last_map("googlenet", 16)
