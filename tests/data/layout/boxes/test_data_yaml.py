"""data.yaml: the forms in which it names folders and classes, and nothing beyond them."""

import pytest
from data.box_files import BOXES, put, said, yolo

from cnnkit.data.layout.boxes.data_yaml import LARGEST, read_data_yaml
from cnnkit.data.layout.boxes.find import find_boxes
from cnnkit.errors import DataError

FORMS = {
    "a list": "names: [cat, dog]",
    "quotes": "names: ['cat', \"dog\"]  # both",
    "several lines": "names: [ 'cat',\n         'dog' ]",
    "hyphens": "names:\n- cat\n- dog",
    "hyphens further in": "names:\n  - cat\n  - 'dog'",
    "numbers": "names:\n  0: cat\n  1: dog",
    "numbers in any order": "names:\n  1: dog\n  0: cat",
    "numbers within braces": "names: {0: cat, 1: 'dog'}",
}


@pytest.mark.parametrize("form", FORMS)
def test_names_are_read_in_each_usual_form(form, tmp_path):
    path = put(tmp_path / "data.yaml", f"# set\ntrain: images/train\nval: images/val # here\nnc: 2\n{FORMS[form]}\n")
    read = read_data_yaml(path)
    assert read.names == ("cat", "dog")
    assert read.places == {"train": ("images/train",), "val": ("images/val",)} and read.root == ""


def test_names_may_hold_what_is_else_a_mark(tmp_path):
    text = "train: a\nnames: ['dog, wet', \"it's\", 'a ''b''', driver's, C#, 'x # y']"
    names = read_data_yaml(put(tmp_path / "data.yaml", text)).names
    assert names == ("dog, wet", "it's", "a 'b'", "driver's", "C#", "x # y")


def test_what_else_a_file_holds_is_passed_over(tmp_path):
    text = (
        "path: ../sets/toy\ntrain:\n  - a\n  - b\ntest:\nroboflow:\n  workspace: x\n  names: [1, 2, 3]\n"
        "download: |\n  import os\n  os.remove('x')\nx: !!python/object/apply:os.system ['true']\n"
    )
    read = read_data_yaml(put(tmp_path / "data.yaml", text))
    assert (read.root, read.places, read.names) == ("../sets/toy", {"train": ("a", "b")}, ())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nc: 3\nnames: [a, b]", "nc is 3, but 2 classes have names"),
        ("nc: many", "nc is 'many', expected the number of classes"),
        ("names: [a, b", "the list behind names has no end. Close it with ]"),
        ("names: [a, a]", "names two classes 'a'"),
        ("names:\n  0: a\n  2: b", "names does not count from 0 without gaps"),
        ("names:\n  zero: a", "names has 'zero: a', expected a number and a name"),
        (" " * (LARGEST + 1), "it is larger than the 1,048,576 bytes"),
    ],
)
def test_what_contradicts_itself_is_refused(text, words, tmp_path):
    with pytest.raises(DataError, match=words):
        read_data_yaml(put(tmp_path / "data.yaml", f"train: a\n{text}\n"))


def test_the_file_itself_may_be_named_and_its_folders_may_be_those_of_another_machine(tmp_path):
    root = yolo(tmp_path)
    listing = find_boxes(root / "data.yaml")
    assert list(said(listing)) == list(BOXES)
    put(root / "data.yaml", "train: ../toy/images/train\nval: /home/nobody/toy/images/val\nnames: [cat, dog]\n")
    assert {part: len(pictures) for part, pictures in find_boxes(root).parts.items()} == {"train": 3, "val": 1}


def test_parts_may_be_lists_of_pictures(tmp_path):
    root = yolo(tmp_path)
    put(root / "train.txt", "./images/train/a.png\nimages/train/c.png\n")
    put(root / "data.yaml", "train: train.txt\nnames: [cat, dog]\n")
    assert {name: len(boxes) for name, boxes in said(find_boxes(root))["train"].items()} == {"a": 2, "c": 0}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("val: images/val", "has no train"),
        ("train: images/elsewhere", "train is 'images/elsewhere', which is not there"),
        ("names: [cat]", "has no train"),
    ],
)
def test_a_file_that_leads_nowhere_is_refused(text, words, tmp_path):
    root = yolo(tmp_path)
    with pytest.raises(DataError, match=words):
        find_boxes(put(root / "data.yaml", text))


def test_without_names_classes_are_numbers_and_a_note_says_so(tmp_path):
    root = yolo(tmp_path)
    put(root / "data.yaml", "train: images/train\n")
    listing = find_boxes(root)
    assert listing.classes == ["class 0", "class 1"] and "The classes have no names" in listing.notes[0]
    put(root / "classes.txt", "cat\ndog\nowl\n")
    assert find_boxes(root).classes == ["cat", "dog", "owl"]
