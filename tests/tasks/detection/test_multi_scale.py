"""Training at several scales, by command."""

import json

import pytest

from cnnkit.cli import main

TRAIN = ["train", "--task", "detection", "--data", "shapes", "--image-size", 64, "--batch-size", 8, "--multi-scale"]
NANO = [*TRAIN, "--model", "yolo_nano_x0_25", "--schedule", "constant", "--quiet"]


def cnnkit(*words):
    return main.run([str(word) for word in words])


@pytest.mark.slow
def test_it_goes_on_exactly_and_the_forecast_is_that_of_the_largest_images(tmp_path, capsys):
    """24 steps, across two changes of size; cut within one size."""
    for name, steps in (("smooth", 24), ("cut", 17)):
        assert cnnkit(*NANO, "--steps", steps, "--output", tmp_path / name) == 0
    assert cnnkit("train", "--resume", tmp_path / "cut", "--steps", 24, "--quiet") == 0
    one, other = (tmp_path / name / "weights" / "last.safetensors" for name in ("smooth", "cut"))
    assert one.read_bytes() == other.read_bytes()
    assert " --multi-scale " in json.loads((tmp_path / "cut" / "manifest.json").read_text())["command"]
    needed = []
    for size, words in ((64, NANO), (96, [word for word in NANO if word != "--multi-scale"])):
        capsys.readouterr()
        assert cnnkit(*words, "--image-size", size, "--dry-run", "--json") == 0
        needed.append(json.loads(capsys.readouterr().out)["memory_bytes"])
    assert needed[0] == needed[1]


@pytest.mark.parametrize("model", ["yolo_v1_x0_03", "ssd_nano_x0_25"])
def test_networks_that_learn_from_one_size_refuse_it(model, tmp_path, capsys):
    assert cnnkit(*TRAIN, "--model", model, "--output", tmp_path / "run") == 2
    err = " ".join(capsys.readouterr().err.split())
    assert f"--multi-scale shows images of several sizes, but {model} learns from one. Leave it out" in err
    assert not (tmp_path / "run").exists()
