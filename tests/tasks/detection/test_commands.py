"""The commands with boxes: train, go on, evaluate with thresholds and a file, predict with a drawing."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import tasks.detection.toy  # noqa: F401  (its network)
from PIL import Image

import cnnkit
from cnnkit.cli import main
from cnnkit.data.open.source import open_data

TRAIN = ["train", "--data", "shapes", "--task", "detection", "--image-size", 32, "--model", "toy_detector"]


@pytest.fixture
def command(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main.run([str(word) for word in words])
        return (code, *capsys.readouterr())

    return call


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A short training on shapes, by command."""
    path = tmp_path_factory.mktemp("shapes") / "run"
    steps = ["--batch-size", 8, "--augment", "none", "--lr", 0.01, "--optimiser", "adam", "--steps", 60]
    assert main.run([str(word) for word in [*TRAIN, *steps, "--quiet", "--output", path]]) == 0
    return path


@pytest.fixture
def photo(tmp_path):
    """One of the shapes, as a file."""
    sample = open_data("shapes", task="detection", image_size=(32, 32)).test[0]
    Image.fromarray(sample.image).save(tmp_path / "photo.png")
    return sample


def one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.slow
def test_a_training_shows_the_parts_of_its_loss_and_goes_on(command):
    code, out, err = command(*TRAIN, "--steps", 2, "--batch-size", 8, "--output", "run")
    assert code == 0 and "test mAP@0.5" in out and "val mAP@0.5" in err and "val mAP" in err
    assert "box loss" in err and "class loss" in err and "object loss" not in err and "accuracy" not in out + err
    assert command("train", "--resume", "run", "--steps", 3, "--quiet")[0] == 0
    code, out, _ = command(*TRAIN, "--dry-run", "--json")
    assert code == 0 and json.loads(out)["options"]["task"] == "detection"


def test_an_evaluation_tells_each_class_what_is_wrong_and_the_twelve_numbers(command, run):
    code, out, _ = command("evaluate", run)
    assert code == 0 and "mAP@0.5" in out and "COCO's" in out and "Each class, the lowest AP first:" in out
    assert all(name in out for name in ("circle", "square", "triangle", "precision", "recall"))
    assert "boxes are right, and find" in one_line(out) and "missed altogether" in one_line(out)
    code, out, _ = command("evaluate", run, "--json")
    told = json.loads(out)
    assert code == 0 and told["task"] == "detection" and told["loss"] == 1 - told["map"]
    assert {"map50", "voc07", "ap50", "ap75", "ap_small", "ar1", "ar100", "ar_large"} <= set(told)
    assert told["ap_large"] is None, "in images of 32x32 pixels nothing is large"
    row = told["per_class"][0]
    assert row["label"] == "circle" and len(row["curve"]) == 101 and row["errors"].keys() == told["errors"].keys()
    things = sum(len(sample.target.labels) for sample in open_data("shapes", task="detection").test)
    assert told["things"] == sum(row["things"] for row in told["per_class"]) == things


def test_a_threshold_that_is_missed_or_cannot_be_told_ends_with_4(command, run):
    assert command("evaluate", run, "--min", "map50=0,map=0,ap_small=0")[0] == 0
    code, _, err = command("evaluate", run, "--min", "map50=1")
    assert code == 4 and "mAP@0.5 is 0." in err and "below --min map50=1" in err
    code, _, err = command("evaluate", run, "--min", "ap_large=0.1")
    assert code == 4 and "COCO AP of large things cannot be told" in err


def test_the_worst_pictures_are_named_and_drawn(command, run):
    code, out, _ = command("evaluate", run, "--top-losses", 3, "--sheet", "worst.png")
    assert code == 0 and "with the most errors" in out and "They are drawn in worst.png" in out
    # A row for each: the boxes that are there, and the answer.
    with Image.open("worst.png") as sheet:
        assert sheet.width > 2 * 256
    code, out, _ = command("evaluate", run, "--top-losses", 3, "--json")
    rows = json.loads(out)["top_losses"]
    assert len(rows) == 3 and all(row["missed"] + row["wrong"] > 0 for row in rows)
    assert [row["loss"] for row in rows] == sorted((row["loss"] for row in rows), reverse=True)


def test_all_boxes_are_written_as_coco_results(command, run):
    assert command("evaluate", run, "--save-json", "found.json")[0] == 0
    written = json.loads(Path("found.json").read_text())
    part, predictor = open_data("shapes", task="detection", image_size=(32, 32)).test, cnnkit.load(run).from_score(0)
    for number in (1, len(part)):
        boxes = predictor.predict(part[number - 1].image).boxes
        own = [row for row in written if row["image_id"] == number]
        assert [row["score"] for row in own] == [box.score for box in boxes] and own
        assert [row["category_id"] for row in own] == [box.index + 1 for box in boxes]
        x, y, w, h = own[0]["bbox"]
        assert (x, y, x + w, y + h) == pytest.approx(boxes[0].box, abs=1e-12)
    code, _, err = command("evaluate", run, "--save-json", "found.json")
    assert code == 2 and "found.json exists" in err
    assert command("evaluate", run, "--save-json", "found.json", "--exist-ok")[0] == 0


def test_other_tasks_have_no_boxes_to_write_or_to_leave_out(command):
    code, _, err = command("evaluate", "--data", "digits", "--save-json", "found.json")
    assert code == 2 and "The task classification has no results in COCO's form" in err
    code, _, err = command("predict", "x.png", "--score", "0.5")
    assert code == 2 and "A least score is for boxes; the task classification has none" in err


def test_a_picture_is_answered_by_a_drawing_beside_which_nothing_is_overwritten(command, run, photo, tmp_path):
    code, out, err = command("predict", "photo.png", "-m", run, "--score", 0.1)
    assert code == 0 and "photo-boxes.jpg" in out and "Their drawings are in" in err
    with Image.open("photo-boxes.jpg") as file:
        drawn = np.asarray(file).astype(int)
    assert drawn.shape == photo.image.shape and np.abs(drawn - photo.image).max() > 60
    code, _, err = command("predict", "photo.png", "-m", run)
    assert code == 2 and "photo-boxes.jpg exists" in err
    assert command("predict", "photo.png", "-m", run, "--exist-ok")[0] == 0
    # A folder is read again without the drawings of before.
    code, _, err = command("predict", ".", "-m", run, "--exist-ok")
    assert code == 0 and "Left out as answers of before: 1 of the files" in err


def test_json_and_a_table_have_every_box(command, run, photo):
    words = ["predict", "photo.png", "-m", run, "--exist-ok", "--score", 0.05, "--csv", "answers.csv"]
    code, out, _ = command(*words, "--json")
    told = json.loads(out)
    assert code == 0 and told["drawing"] == "photo-boxes.jpg" and (told["height"], told["width"]) == (32, 32)
    boxes = cnnkit.load(run).from_score(0.05).predict("photo.png").boxes
    assert len(boxes) > 1 and told["boxes"] == [
        {"label": box.label, "index": box.index, "score": box.score, "box": list(box.box)} for box in boxes
    ]
    assert [box.score for box in boxes] == sorted((box.score for box in boxes), reverse=True)
    with open("answers.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["score"]) for row in rows] == [box.score for box in boxes]
    assert [(row["path"], row["label"], row["error"]) for row in rows] == [("photo.png", b.label, "") for b in boxes]
    assert tuple(float(rows[0][name]) for name in ("x_min", "y_min", "x_max", "y_max")) == boxes[0].box
    command(*words[:-4], "--score", 1, "--csv", "none.csv")
    with open("none.csv", newline="") as file:
        assert [(row["path"], row["label"]) for row in csv.DictReader(file)] == [("photo.png", "")]


def test_a_few_pictures_that_are_not_learned_by_heart_say_what_was_wanted(command):
    code, _, err = command(*TRAIN, "--overfit", 4, "--epochs", 2, "--batch-size", 4, "--output", "run")
    assert code == 4 and "did not memorise 4 images in 2 epochs: mAP@0.5 is" in one_line(err)
    assert "an mAP@0.5 of 95 % is wanted" in one_line(err)
