"""Weights of networks for masks as others publish them, brought in by `weights convert`."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from cnnkit import models, nn
from cnnkit.autograd import no_grad
from cnnkit.engine.use.choices import Choices
from cnnkit.engine.use.load import load
from cnnkit.engine.use.weights import convert
from cnnkit.graph.sums import Norm, folded
from cnnkit.models.network import Network
from cnnkit.models.weights.downloads import DOWNLOADS
from cnnkit.models.weights.identify import identify
from cnnkit.models.weights.published import VOC

MANUAL = Path(models.__file__).parents[1] / "docs" / "networks.md"
GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "segmentation.json").read_text())["networks"]
TORCHVISION = ("fcn_resnet50", "deeplab_v3_resnet50", "deeplab_v3_mobilenet_v3_large")


@pytest.mark.slow
@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvisions_names_tell_the_network_whether_the_second_classifier_is_there_or_not(name):
    arrays = {key: np.broadcast_to(np.float32(0), shape) for key, shape in GOLDEN[name]["shapes"].items()}
    H, W, C = models.spec(name).input
    for found in (arrays, {key: a for key, a in arrays.items() if not key.startswith("aux_")}):
        (reading,) = identify(found)
        assert reading.network == Network(name, 21, C, (H, W))
    assert DOWNLOADS[name].address.endswith(".pth") and not DOWNLOADS[name].tried


@pytest.fixture
def network(rng):
    """A narrow DeepLab v3 on MobileNet v2, whose norms have seen something."""
    module = models.create("deeplab_v3_mobilenet_v2_x0_1", classes=21, in_channels=3, image_size=(65, 65), rng=rng)
    for name, array in module.state_dict().items():
        if "norm" in name:
            array[...] = rng.uniform(0.5, 1.5, array.shape)
    return module.eval()


def as_others_publish(network: nn.Module) -> dict[str, np.ndarray]:
    """Filters (O, KH, KW, C), depthwise ones (1, KH, KW, C), batch norm folded into filters and biases."""
    arrays = {}
    for name, layer in network.named_modules():
        if isinstance(layer, nn.ConvNorm):
            conv, norm = layer.conv, layer.norm
            after = Norm(norm.weight, norm.bias, norm.running_mean, norm.running_var, norm.eps)
            weight, bias = folded(conv.weight, conv.bias, conv.groups, after, transposed=False)
            name = f"{name}.conv"
        elif isinstance(layer, nn.Conv2d) and layer.bias is not None:
            weight, bias = layer.weight.numpy(), layer.bias.numpy()
        else:
            continue
        arrays[f"{name}.weight"] = np.ascontiguousarray(
            weight.transpose(2, 0, 1, 3) if weight.shape[2] == 1 else weight.transpose(3, 0, 1, 2)
        )
        arrays[f"{name}.bias"] = bias
    return arrays


def test_arrays_in_ohwi_with_batch_norm_folded_give_the_same_logits(network, tmp_path, rng):
    arrays = as_others_publish(network)
    assert arrays["backbone.features.3.depthwise.conv.weight"].shape[:3] == (1, 3, 3)
    np.savez(tmp_path / "w.npz", **arrays)
    target = tmp_path / "w.safetensors"
    told = convert(
        tmp_path / "w.npz",
        "deeplab_v3_mobilenet_v2_x0_1",
        target,
        Choices(layout="ohwi", mean=(1.0,), std=(1.0,), scale=127.5, image_size=(65, 65)),
    )
    assert (told.layout, told.classes) == ("ohwi", 21)
    ours = load(target)
    assert ours.record["task"] == "segmentation" and len(ours.record["settings"]["colours"]) == 21
    x = rng.standard_normal((1, 65, 81, 3)).astype(np.float32)
    with no_grad():
        expected, found = network(x).numpy(), ours.module.eval()(x).numpy()
    # Folding rounds each of some fifty layers once more.
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


@pytest.mark.slow
def test_the_lines_of_the_manual_bring_in_a_folder_of_bare_arrays(tmp_path, monkeypatch, rng):
    monkeypatch.chdir(tmp_path)
    (lines,) = re.findall(r"^```py\n(.*?)^```", MANUAL.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    network = models.create("deeplab_v3_mobilenet_v2", classes=21, in_channels=3, image_size=(513, 513), rng=rng).eval()
    (tmp_path / "arrays").mkdir()
    for number, (name, array) in enumerate(as_others_publish(network).items()):
        np.save(f"arrays/{number // 2:02}_{'bias' if name.endswith('bias') else 'weights'}.npy", array)
    exec(lines, {})
    convert("deeplab.npz", "deeplab_v3_mobilenet_v2", "deeplab.safetensors", Choices(layout="ohwi", padding="same"))
    x = rng.standard_normal((1, 65, 65, 3)).astype(np.float32)  # at 65 pixels both ways to pad are one
    with no_grad():
        expected, found = network(x).numpy(), load("deeplab.safetensors").module.eval()(x).numpy()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


def test_published_classes_are_those_of_voc():
    assert len(VOC) == 21 and VOC[0] == "background" and VOC[-1] == "tvmonitor"
