"""No network is listed before it was trained from the command line: it learns pictures by heart, is killed and goes on,
and predicts."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_detectors import TRAINED

from cnnkit import models
from cnnkit.cli import main

PICTURES = 8


def cnnkit(*words: object) -> int:
    return main.run([str(word) for word in words])


def training(name: str, run: Path, *more: object) -> list[str]:
    told = TRAINED[name]
    words = ["train", "--task", "detection", "--data", "shapes", "--model", told.model, "--image-size", told.size]
    words += ["--overfit", PICTURES, "--batch-size", PICTURES, "--optimiser", "adam", "--lr", told.lr]
    return [str(word) for word in (*words, "--output", run, *more)]


def test_every_listed_network_is_trained():
    assert [*TRAINED] == models.names("detection")
    for name, told in TRAINED.items():
        assert models.spec(told.model).file == models.spec(name).file


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAINED)
def test_it_learns_eight_pictures_by_heart_and_predicts(name, tmp_path, capsys):
    run = tmp_path / "run"
    assert cnnkit(*training(name, run, "--epochs", TRAINED[name].epochs, "--quiet")) == 0
    assert json.loads((run / "result.json").read_text())["map50"] >= 0.95
    H, W = 48, 80  # not of the training's size
    picture = np.random.default_rng(0).integers(0, 255, (H, W, 3)).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "photo.png")
    capsys.readouterr()
    assert cnnkit("predict", tmp_path / "photo.png", "--model", run, "--json", "--output", tmp_path / "drawn") == 0
    with Image.open(tmp_path / "drawn" / "photo-boxes.jpg") as drawn:
        assert drawn.size == (W, H)


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAINED)
def test_killed_and_resumed_it_ends_with_the_same_weights(name, tmp_path):
    """Four steps; killed where the second one is told, a state having been saved after each."""
    smooth, killed = tmp_path / "smooth", tmp_path / "killed"
    assert cnnkit(*training(name, smooth, "--epochs", 4, "--quiet")) in (0, 4)
    environment = {**os.environ, "CNNKIT_CHECKPOINT_SECONDS": "0"}
    command = [sys.executable, "-m", "cnnkit", *training(name, killed, "--epochs", 4)]
    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as running:
        for line in running.stderr:
            if line.startswith("epoch") and " 2/" in line:
                running.send_signal(signal.SIGKILL)
    assert running.returncode == -signal.SIGKILL
    assert not (killed / "result.json").exists()
    assert cnnkit("train", "--resume", killed, "--quiet") in (0, 4)
    for weights in ("best", "last"):
        one, other = (run / "weights" / f"{weights}.safetensors" for run in (smooth, killed))
        assert one.read_bytes() == other.read_bytes()
