"""Training on ground, patches and mosaics, by command."""

import json

import pytest

from cnnkit.cli import main

NANO = ["train", "--task", "detection", "--data", "shapes", "--image-size", 64, "--batch-size", 8]
NANO += ["--model", "ssd_nano_x0_25", "--schedule", "constant", "--quiet", "--expand", "--iou-crop", "--mosaic"]


def cnnkit(*words):
    return main.run([str(word) for word in words])


@pytest.mark.slow
def test_it_goes_on_exactly_whatever_the_number_of_threads(tmp_path):
    for name, steps, threads in (("smooth", 12, 1), ("cut", 7, 2)):
        assert cnnkit(*NANO, "--steps", steps, "-t", threads, "--output", tmp_path / name) == 0
    assert cnnkit("train", "--resume", tmp_path / "cut", "--steps", 12, "--quiet") == 0
    one, other = (tmp_path / name / "weights" / "last.safetensors" for name in ("smooth", "cut"))
    assert one.read_bytes() == other.read_bytes()
    assert " --expand --iou-crop --mosaic " in json.loads((tmp_path / "cut" / "manifest.json").read_text())["command"]


@pytest.mark.parametrize("option", ["--expand", "--iou-crop", "--mosaic"])
def test_images_with_a_class_each_refuse_them(option, tmp_path, capsys):
    assert cnnkit("train", "--data", "digits", option, "--output", tmp_path / "run") == 2
    assert f"{option} is for pictures with boxes, but digits has none. Leave it out." in " ".join(
        capsys.readouterr().err.split()
    )
    assert not (tmp_path / "run").exists()
