"""Networks of the package on large pictures: in tiles as whole, and in bounded memory."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from cnnkit import models
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.use import large
from cnnkit.engine.use.large import maps_of, reach_of, way
from cnnkit.graph import Planned
from cnnkit.serialize import safe

# Small, one of each kind.
BOUNDED = ["deeplab_v1_x0_125", "fcn_resnet18_x0_25", "fcn8s_x0_125", "unet_w4_d3", "unet_unpadded_w4_d3"]
UNBOUNDED = ["deeplab_v3_mobilenet_v2", "deeplab_v3plus_mobilenet_v1_x0_25", "reseg_x0_125"]


def built(name, classes=5):
    network = models.create(name, classes=classes, in_channels=3, image_size=(256, 256)).eval()
    rng = np.random.default_rng(0)
    for parameter in network.parameters():  # scores that begin at zero would be alike everywhere
        if not parameter.data.any():
            parameter.data[...] = rng.standard_normal(parameter.shape) * 0.1
    return network


@pytest.mark.slow
@pytest.mark.parametrize("name", BOUNDED)
def test_in_tiles_it_gives_what_it_gives_for_the_whole(name, rng, monkeypatch):
    network = Planned(built(name))
    known = reach_of(network, 3)
    side = 5 * known.pixels // known.multiple * known.multiple
    size = (side + 3 * known.multiple + 8, 2 * side + 5)
    if not name.startswith(("unet", "fcn8")):  # who resizes to the image stretches where strides do not divide it
        size = tuple(length // known.multiple * known.multiple for length in size)
    x = rng.standard_normal((1, *size, 3)).astype(np.float32)
    monkeypatch.setattr(large, "MOST_BYTES", 1 << 40)
    whole = maps_of(network, x).copy()
    monkeypatch.setattr(large, "MOST_BYTES", int(4 * known.floats * side**2))
    how = way(network, size, 3)
    assert len(how.tiles) >= 4 and how.exact
    # Sums within a convolution are in another order where a tile ends elsewhere.
    np.testing.assert_allclose(maps_of(network, x), whole, rtol=0, atol=2e-5 * np.abs(whole).max())


@pytest.mark.parametrize("name", UNBOUNDED)
def test_who_looks_at_the_whole_image_is_known(name):
    found = reach_of(built(name), 3)
    assert found.pixels is None and found.multiple in (4, 8, 16, 32)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["deeplab_v1_x0_125", "deeplab_v3plus_mobilenet_v2"])
def test_a_photo_of_12_megapixels_takes_less_than_1500_megabytes(name, tmp_path):
    classes = [f"class {k}" for k in range(11)]
    preprocessing = Preprocessing(256, 256, 3, (0.5,) * 3, (0.25,) * 3, "keep")
    record = {
        "kind": "weights",
        "task": "segmentation",
        "model": name,
        "own_module": False,
        "classes": classes,
        "preprocessing": preprocessing.to_record(),
    }
    safe.save(tmp_path / "weights.safetensors", built(name, len(classes)).state_dict(), record)
    noise = np.random.default_rng(0).integers(0, 256, (75, 100, 3), np.uint8)
    Image.fromarray(noise).resize((4000, 3000), Image.Resampling.BICUBIC).save(tmp_path / "photo.jpg")
    # The peak of the process itself: that which a parent is told of begins with the parent's own.
    code = (
        "import pathlib, sys; from cnnkit.cli import main; code = main.run(sys.argv[1:]);"
        "print(pathlib.Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]); sys.exit(code)"
    )
    command = [sys.executable, "-c", code, "predict", "photo.jpg", "-m", "weights.safetensors", "--json"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    told, kilobytes = ended.stdout.splitlines()
    assert int(kilobytes) < 1_500_000
    line = json.loads(told)
    for name in ("mask", "overlay"):
        with Image.open(tmp_path / line[name]) as drawn:
            assert drawn.width == 4000 and drawn.height >= 3000
