"""Data with boxes on the command line: checked, measured, shown and converted."""

import os
import re
from pathlib import Path

import pytest
from data.box_files import BOXES, put, undivided, voc, xml
from PIL import Image

from cnnkit.cli.commands.data.convert import FORMS
from cnnkit.data.layout.boxes.written import FORMS as WRITTEN


@pytest.fixture
def boxes(empty_folder):
    return voc(empty_folder / "my cells")


def test_boxes_are_counted_by_class_and_part(cnnkit, boxes):
    ended = cnnkit("data", "check", boxes)
    lines = [line.split() for line in ended.out.splitlines()]
    assert (
        ended.code == 0
        and ["cat", "2", "2", "1", "1", "0", "0"] in lines
        and ["all", "3", "3", "2", "1", "1", "1"] in lines
    )
    assert ended.out.startswith(f"{boxes}: VOC, pictures in JPEGImages/, boxes in Annotations/")


def test_swapped_corners_are_a_problem_with_code_3_and_in_json(cnnkit, boxes):
    put(boxes / "Annotations/a.xml", xml([("dog", 9, 9, 3, 12, False)]))
    ended = cnnkit("data", "check", boxes)
    assert ended.code == 3 and "problem: Boxes with swapped corners (box-swapped, 1)" in ended.out
    assert "Annotations/a.xml: line 1: the box of 'dog' has swapped corners: 9, 9, 3, 12" in ended.out
    record = cnnkit("data", "check", boxes, "--json", "--allow", "box-swapped").json
    assert record["ok"] and record["boxes"]["train"]["pictures"] == 2


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("Annotations/a.xml", '<!DOCTYPE a [<!ENTITY b "c">]><annotation/>', "has a document type"),
        ("Annotations/a.xml", xml([("dog", float("nan"), 9, 30, 12, False)]), "corners that are no numbers"),
        ("Annotations/a.xml", "<annotation><object>", "is not valid XML"),
        ("ImageSets/Main/train.txt", "a\nnobody\n", "nobody is named by"),
    ],
)
def test_a_training_on_such_files_ends_with_code_3_and_a_reason(cnnkit, boxes, file, text, words):
    put(boxes / file, text)
    ended = cnnkit("train", "--data", boxes, "--dry-run", "--task", "detection")
    assert ended.code == 3 and words in ended.err and "--on-unreadable skip" in ended.err
    assert not os.path.exists("runs")


def test_sizes_and_shapes_are_measured(cnnkit, boxes):
    ended = cnnkit("data", "stats", boxes)
    lines = [line.split() for line in ended.out.splitlines()]
    header = ["class", "train", "boxes", "pictures", "val", "boxes", "pictures", "test", "boxes", "pictures"]
    assert ended.code == 0 and header in lines
    assert ["%", "of", "the", "picture", "1.17", "4.58", "100.00"] in lines
    assert cnnkit("data", "stats", boxes, "--json").json["boxes"]["train"]["sizes"]["large"] == 0


def test_shapes_are_measured_and_drawn_with_boxes_where_detection_is_asked_for(cnnkit):
    asked = ["shapes", "--task", "detection"]
    record = cnnkit("data", "stats", *asked, "--json").json
    assert [row["name"] for row in record["classes"]] == ["circle", "square", "triangle"] and "masks" not in record
    assert cnnkit("data", "show", *asked, "-o", "sheet.png", "-n", "2", "--augment", "none").code == 0
    with Image.open("sheet.png") as sheet:
        colours = {colour for _, colour in sheet.convert("RGB").getcolors(1 << 20)}
    assert (255, 25, 25) in colours  # a circle's line


def test_the_forms_of_the_command_are_those_that_are_written():
    assert tuple(WRITTEN) == FORMS


def test_boxes_are_written_in_another_form_and_the_next_command_opens_them(cnnkit, boxes):
    ended = cnnkit("data", "convert", "my cells", "--to", "csv", "--output", "the csv")
    assert ended.code == 0 and "6 of 2 classes" in ended.out
    assert ended.err.splitlines()[-1].strip() == "cnnkit train --data 'the csv/boxes.csv'"
    record = cnnkit("data", "convert", "the csv/boxes.csv", "--to", "coco", "-o", "coco", "--json").json
    assert record["parts"] == {part: len(pictures) for part, pictures in BOXES.items()}
    assert (record["form"], record["boxes"], record["classes"]) == ("coco", 6, ["cat", "dog"])
    again = cnnkit("data", "convert", "my cells", "--to", "csv", "--output", "the csv")
    assert again.code == 2 and "exists and is not empty" in again.err


def test_pictures_with_boxes_are_divided_and_the_next_command_opens_them(cnnkit, boxes):
    ended = cnnkit("data", "split", boxes, "--output", "parts")
    assert ended.code == 2 and "has parts already: train, val, test" in ended.err and not os.path.exists("parts")
    place = undivided(Path("old"), "csv")
    ended = cnnkit("data", "split", place, "--output", "parts")
    assert ended.code == 0 and re.search(r"pictures with boxes +14 +3 +3\n", ended.out)
    assert ended.err.endswith("cnnkit train --data parts/boxes.csv\n")
    assert cnnkit("data", "check", "parts/boxes.csv", "--json").json["parts"] == ["train", "val", "test"]
    assert cnnkit("data", "split", place, "--output", "more", "--json").json["boxes"] == 19
