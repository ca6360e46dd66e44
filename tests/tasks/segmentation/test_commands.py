"""The commands on shapes that are made in memory: train, go on, evaluate with a threshold, and what comes before."""

import json

import pytest
import tasks.segmentation.toy  # noqa: F401  (its networks)

from cnnkit.cli import main

TRAIN = ["train", "--data", "shapes", "--image-size", 32, "--model", "toy_fcn", "--batch-size", 8, "--augment", "none"]


@pytest.fixture
def command(capsys):
    def call(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main.run([str(word) for word in words])
        return (code, *capsys.readouterr())

    return call


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


def test_a_few_pictures_that_are_not_learned_by_heart_say_what_was_wanted(command, tmp_path):
    code, _, err = command(*TRAIN[:7], "--overfit", 4, "--epochs", 2, "--output", tmp_path / "run")
    assert code == 4 and "did not memorise 4 images in 2 epochs: mIoU is" in err and "an mIoU of 95 % is wanted" in err
