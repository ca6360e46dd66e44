"""COCO's files with boxes: what a file may do wrong, and how large it may be."""

import json

import pytest
from data.box_files import BOXES, coco, coco_json, put, said

from cnnkit.data.layout.boxes.find import find_boxes
from cnnkit.data.layout.masks import coco_json as json_file
from cnnkit.errors import DataError, ResourceError


def changed(root, **entry):
    """The training file, whose first box has these fields."""
    content = coco_json(BOXES["train"])
    content["annotations"][0] |= entry
    return put(root / "annotations/instances_train.json", json.dumps(content))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"bbox": [1, 2, 3]}, "lacks a bbox: x, y, width and height"),
        ({"bbox": None}, "lacks a bbox"),
        ({"bbox": [1, 2, 3, "4"]}, "lacks a bbox"),
        ({"bbox": [1, 2, True, 4]}, "lacks a bbox"),
        ({"image_id": 5}, "lacks an image_id and a category_id that the file has"),
        ({"category_id": 5}, "lacks an image_id and a category_id that the file has"),
        ({"category_id": "7"}, "lacks category_id, a whole number"),
    ],
)
def test_an_annotation_that_says_too_little_is_refused(entry, words, tmp_path):
    root = coco(tmp_path)
    changed(root, **entry)
    with pytest.raises(DataError, match=words):
        find_boxes(root)


@pytest.mark.parametrize(
    ("bbox", "kind"),
    [([9, 9, -3, 4], "box-swapped"), ([1, 2, 10**400, 4], "box-number"), ([1, 2, 1e300, 4], "box-number")],
)
def test_a_box_that_makes_no_sense_is_a_fault_of_its_picture(bbox, kind, tmp_path):
    root = coco(tmp_path)
    changed(root, bbox=bbox)
    listing = find_boxes(root)
    assert [fault.kind for picture in listing.parts["train"] for fault in picture.faults] == [kind]
    assert "annotation 0: the box of 'dog'" in listing.parts["train"][0].faults[0].message


def test_numbers_that_are_none_are_refused(tmp_path):
    root = coco(tmp_path)
    file = changed(root)
    put(file, file.read_text().replace('"bbox": [4,', '"bbox": [NaN,'))
    with pytest.raises(DataError, match="is not valid JSON: NaN is no number"):
        find_boxes(root)


def test_a_picture_that_is_not_there_is_a_fault(tmp_path):
    root = coco(tmp_path)
    (root / "train/a.png").unlink()
    (fault,) = find_boxes(root).faults
    assert fault.kind == "missing" and fault.name == str(root / "train/a.png")


def test_files_with_other_categories_are_refused(tmp_path):
    root = coco(tmp_path)
    content = coco_json(BOXES["val"])
    content["categories"].append({"id": 9, "name": "owl"})
    put(root / "annotations/instances_val.json", json.dumps(content))
    with pytest.raises(DataError, match="has other categories than"):
        find_boxes(root)


def test_a_file_of_two_gigabytes_is_refused_before_it_is_read(tmp_path):
    root = coco(tmp_path)
    with open(root / "annotations/instances_train.json", "r+b") as file:
        file.seek(2 << 30)  # blanks that no disk holds
        file.write(b"}")
    with pytest.raises(DataError, match="it is larger than the 536,870,912 bytes that are read of such a file"):
        find_boxes(root)


def test_a_file_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    root = coco(tmp_path)
    monkeypatch.setattr(json_file, "available_memory", lambda: 1000)
    with pytest.raises(ResourceError, match=r"takes 8 times as much memory. Split it"):
        find_boxes(root)


def test_fractions_of_pixels_stay(tmp_path):
    root = coco(tmp_path)
    changed(root, bbox=[4.25, 5.5, 10.125, 20.0])
    assert said(find_boxes(root))["train"]["a"][0][:5] == ("dog", 4.25, 5.5, 14.375, 25.5)
