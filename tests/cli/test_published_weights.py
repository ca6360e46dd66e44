"""The proof: published weights, converted and used by the command line, give the results that are documented for them.

The figures come from the weights' publishers, or from another runtime on the very same files.
"""

import json
import subprocess
import sys

import numpy as np
import pytest

import cnnkit as library
from cnnkit.autograd import no_grad

pytestmark = pytest.mark.slow


@pytest.fixture
def weights(shared):
    return shared / "data" / "weights"


@pytest.fixture(scope="module")
def cifar10(shared, tmp_path_factory):
    """CIFAR-10 in its published binary files."""
    folder = tmp_path_factory.mktemp("cifar10")
    maker = shared / "data" / "cifar10" / "to_binary.py"
    subprocess.run([sys.executable, str(maker), str(folder)], check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("name", ["resnet32-d509ac18.th", "resnet32-d509ac18.npz"])
def test_resnet_32_is_right_on_92_63_percent_of_cifar_10(cnnkit, weights, cifar10, tmp_path, name):
    target = tmp_path / "resnet32.safetensors"
    made = cnnkit("weights", "convert", weights / "resnet32-cifar10" / name, "--model", "resnet32", target, "--json")
    assert made.code == 0 and made.json["parameters"] == 464_154
    judged = cnnkit("evaluate", target, "--data", cifar10, "--json").json
    # Its publisher: 7.37 % error. A picture whose two best logits are all but equal may fall either way.
    assert judged["n"] == 10_000 and abs(judged["top1"] - 0.9263) <= 1e-4


def test_a_raw_file_does_what_the_converted_one_does(cnnkit, weights, cifar10, tmp_path):
    raw = weights / "resnet32-cifar10" / "resnet32-d509ac18.th"
    target = tmp_path / "resnet32.safetensors"
    cnnkit("weights", "convert", raw, target, "--model", "resnet32")
    given, converted = library.load(raw), library.load(target)
    assert given.preprocessing == converted.preprocessing and given.classes == converted.classes
    for name, array in converted.module.state_dict().items():
        np.testing.assert_array_equal(given.module.state_dict()[name], array)


def test_lenet_is_right_on_98_94_percent_of_mnist(cnnkit, shared, weights, tmp_path):
    target = tmp_path / "lenet.safetensors"
    source = weights / "lenet-mnist" / "lenet.npz"
    made = cnnkit(
        *("weights", "convert", source, "--model", "lenet_caffe", target),
        *("--mean", "0", "--std", "1", "--scale", "256"),
    )
    assert made.code == 0
    judged = cnnkit("evaluate", target, "--data", shared / "data" / "mnist", "--json").json
    assert judged["n"] == 10_000 and abs(judged["top1"] - 0.9894) <= 1e-4


@pytest.mark.parametrize("pair", [0, 1, 2])
def test_squeezenet_gives_its_recorded_outputs(cnnkit, weights, tmp_path, pair):
    target = tmp_path / "squeezenet.safetensors"
    source = weights / "squeezenet1.1"
    assert cnnkit("weights", "convert", source / "squeezenet1.1_nchw.npz", target, "--model", "squeezenet1_1").code == 0
    x = np.load(source / "test_data_set" / str(pair) / "input_0.npy")
    recorded = np.load(source / "test_data_set" / str(pair) / "output_0.npy")
    with no_grad():
        logits = library.load(target).module(np.ascontiguousarray(x.transpose(0, 2, 3, 1))).numpy()
    # Logits reach 300, and both sides sum up to some thousand products in float32, in another order, layer by layer.
    np.testing.assert_allclose(logits, recorded, rtol=0, atol=2e-4 * np.abs(recorded).max() / 100)


def test_mobilenet_sees_a_cup_of_espresso_and_an_egyptian_cat(cnnkit, shared, weights, tmp_path):
    target = tmp_path / "mobilenet.safetensors"
    source = weights / "mobilenet_v1_0.25_224" / "mobilenet_v1_0.25_224.npz"
    photos = shared / "data" / "photos"
    made = cnnkit(
        *("weights", "convert", source, "--model", "mobilenet_v1_x0_25", target),
        *("--classes", photos / "imagenet_synsets.txt"),
    )
    assert made.code == 0
    ended = cnnkit("predict", photos / "coffee.png", photos / "chelsea.png", "--model", target, "--json")
    answers = [json.loads(line) for line in ended.out.splitlines()]
    assert [answer["label"] for answer in answers] == ["espresso", "Egyptian cat"]
    # Another runtime on the same file: 0.93 and 0.36, as told to two digits.
    np.testing.assert_allclose([answer["score"] for answer in answers], [0.93, 0.36], atol=0.01)
