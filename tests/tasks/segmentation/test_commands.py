"""The commands on shapes that are made in memory: train, go on, evaluate with a threshold, and what comes before."""

import json

import numpy as np
import pytest
from tasks.segmentation.toy import squares

from cnnkit.cli import main

TRAIN = ["train", "--data", "shapes", "--image-size", 32, "--model", "toy_fcn", "--batch-size", 8, "--augment", "none"]


@pytest.fixture
def command(capsys):
    def call(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main.run([str(word) for word in words])
        return (code, *capsys.readouterr())

    return call


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_a_training_is_shown_resumed_and_judged(command, tmp_path):
    run = tmp_path / "run"
    code, out, err = command(*TRAIN, "--steps", 2, "--loss", "cross-entropy+dice", "--output", run)
    assert code == 0 and "test mIoU" in out and "lowest IoU" in out and "val mIoU" in err and "accuracy" in err
    assert command("train", "--resume", run, "--steps", 3, "--quiet")[0] == 0
    code, out, err = command("evaluate", run, "--json", "--top-losses", 2, "--min", "pixel_accuracy=0.01,miou=0.99")
    told = json.loads(out)
    assert code == 4 and "below --min miou=0.99." in err and len(told["top_losses"]) == 2
    assert told["task"] == "segmentation" and len(told["confusion"]) == 4
    assert told["classes"] == ["background", "circle", "square", "triangle"]


@pytest.mark.slow
def test_what_comes_before_a_training_knows_the_task(command, tmp_path):
    code, out, _ = command(*TRAIN, "--dry-run", "--json")
    assert code == 0 and json.loads(out)["options"]["task"] == "segmentation"
    assert command("lr-find", *TRAIN[1:], "--steps", 60)[0] == 0
    assert command("data", "show", "shapes", "--output", tmp_path / "shown.png")[0] == 0


def test_a_threshold_that_cannot_be_measured_is_refused_before_anything_is_judged(command, smooth, monkeypatch):
    monkeypatch.setattr("cnnkit.engine.evaluate.evaluate", lambda *_, **__: pytest.fail("the network was judged"))
    code, _, err = command("evaluate", smooth.run, "--data", "shapes", "--min", "miou=0.1,rand=0.9")
    assert code == 2 and "--min rand=0.9 asks for the Rand score, which is for two classes, but this" in one_line(err)


def test_data_that_have_no_masks_are_refused_with_what_to_do_instead(command, tmp_path):
    run = tmp_path / "run"
    for words in (["--task", "segmentation"], ["--model", "toy_fcn"], ["--data", "digits", "--task", "segmentation"]):
        code, _, err = command("train", *words, "--output", run)
        assert code == 2 and "digits is for classification" in err and not run.exists()
        assert "Give data for segmentation with --data, such as --data shapes" in one_line(err)
    code, _, err = command("train", "--data", "shapes", "--model", "lenet5", "--output", run)
    assert code == 2 and "lenet5 is a network for classification, but shapes is for segmentation" in one_line(err)
    assert "cnnkit models --task segmentation" in err and not run.exists()


def test_masks_in_a_file_of_numpy_are_learned_judged_and_looked_at(command, tmp_path):
    parts = {"train": squares().train, "test": squares().test}
    arrays = {f"x_{part}": np.stack([data[i].image for i in range(len(data))]) for part, data in parts.items()}
    arrays |= {f"y_{part}": np.stack([data[i].target.labels for i in range(len(data))]) for part, data in parts.items()}
    file, run = tmp_path / "squares.npz", tmp_path / "run"
    np.savez(file, **arrays, classes=squares().classes)
    asked = ["--model", "toy_fcn", "--steps", 2, "--batch-size", 8, "--augment", "none", "--output", run]
    code, out, _ = command("train", "--data", file, *asked)
    assert code == 0 and "test mIoU" in out
    code, out, _ = command("evaluate", run, "--data", file, "--json")
    assert code == 0 and json.loads(out)["classes"] == ["ground", "bright", "dark"] and json.loads(out)["n"] == 6
    assert command("data", "show", file, "--output", tmp_path / "shown.png")[0] == 0
    code, out, _ = command("data", "stats", file, "--json")
    assert code == 0 and "ground" in out
    assert command("data", "check", file)[0] == 0


def test_a_few_pictures_that_are_not_learned_by_heart_say_what_was_wanted(command, tmp_path):
    code, _, err = command(*TRAIN[:7], "--overfit", 4, "--epochs", 2, "--output", tmp_path / "run")
    assert code == 4 and "did not memorise 4 images in 2 epochs: mIoU is" in err and "an mIoU of 95 % is wanted" in err
