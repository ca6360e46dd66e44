"""COCO's files with boxes: what a file may do wrong, and how large it may be."""

import json
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from data.box_files import BOXES, HEIGHT, WIDTH, coco, coco_json, put, said, write_picture
from metrics.detection.drawn import boxes_of

from cnnkit.data.layout.boxes.find import find_boxes
from cnnkit.data.layout.masks import coco_json as json_file
from cnnkit.errors import DataError, ResourceError
from cnnkit.metrics.detection import CocoScore
from cnnkit.tasks.detection.tally import true_boxes

GOLDEN = Path(__file__).parents[3] / "golden"
sys.path.insert(0, str(GOLDEN))

from box_cases import case  # noqa: E402 - what both sides draw lies beside what one has recorded

RECORDED = json.loads((GOLDEN / "coco_scores.json").read_text())


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
        ({"category_id": 5}, "'category_id': 5} lacks an image_id and a category_id that the file has"),
        ({"category_id": "7"}, "lacks category_id, a whole number"),
    ],
)
def test_an_annotation_that_says_too_little_is_refused(entry, words, tmp_path):
    root = coco(tmp_path)
    changed(root, **entry)
    with pytest.raises(DataError, match=words):
        find_boxes(root)


def test_a_byte_order_mark_before_a_file_changes_nothing(tmp_path):
    file = coco(tmp_path) / "annotations/instances_train.json"
    before = said(find_boxes(tmp_path))
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert said(find_boxes(tmp_path)) == before


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


def test_a_thing_may_cover_less_than_its_box(tmp_path):
    """COCO's areas are those of masks; a file may leave them out."""
    root = coco(tmp_path)
    boxes = find_boxes(root).parts["train"][0].boxes((HEIGHT, WIDTH))
    sides = (boxes.corners[:, 2:] - boxes.corners[:, :2]).astype(np.float64)
    np.testing.assert_array_equal(boxes.areas, sides.prod(axis=1))
    changed(root, area=5.5)
    assert find_boxes(root).parts["train"][0].boxes((HEIGHT, WIDTH)).areas[0] == 5.5
    changed(root, area=None)
    np.testing.assert_array_equal(find_boxes(root).parts["train"][0].boxes((HEIGHT, WIDTH)).areas, boxes.areas)
    content = coco_json(BOXES["train"])
    for annotation in content["annotations"]:
        del annotation["area"]
    put(root / "annotations/instances_train.json", json.dumps(content))
    assert find_boxes(root).parts["train"][0].boxes((HEIGHT, WIDTH)).areas is None


@pytest.mark.parametrize("area", [-1, "large", 1e300, True])
def test_an_area_that_is_none_is_refused(area, tmp_path):
    root = coco(tmp_path)
    changed(root, area=area)
    with pytest.raises(DataError, match="lacks a finite area"):
        find_boxes(root)


def test_pictures_that_are_not_to_be_trained_on_are_judged_by_one_file(tmp_path):
    root = coco(tmp_path)
    (root / "annotations/instances_train.json").unlink()
    with pytest.raises(DataError, match=r"There are pictures of val and test, and no file for training") as told:
        find_boxes(root)
    named = re.search(r"--data (\S+) --split all", str(told.value))
    assert [*find_boxes(Path(named[1])).parts] == ["train"] and "instances_val" in named[1]


def test_annotations_of_training_pictures_that_are_elsewhere_are_told(tmp_path):
    """As where COCO's two files were unpacked, and the pictures of one."""
    root = coco(tmp_path)
    shutil.rmtree(root / "train")
    with pytest.raises(DataError, match=r"pictures of val and test, but none of those in .*instances_train\.json"):
        find_boxes(root)


@pytest.mark.parametrize("number", [0, 6, 7, 9])
def test_the_twelve_numbers_of_a_file_are_those_of_pycocotools(number, tmp_path):
    """Things that cover a half or three quarters of their boxes are measured by that: box_cases.py."""
    drawn, recorded = case(number), RECORDED[number]
    size = {"height": 1000, "width": 1000}
    content = {"images": [], "annotations": [], "categories": []}
    content["categories"] = [{"id": k + 1, "name": f"thing {k}"} for k in range(drawn["classes"])]
    for key, picture in enumerate(drawn["pictures"]):
        content["images"].append({"id": key, "file_name": f"{key}.png", **size})
        write_picture(tmp_path / f"{key}.png")
        for left, top, right, bottom, label, crowd, area in picture["true"]:
            box = {"bbox": [left, top, right - left, bottom - top], "area": area, "iscrowd": int(crowd)}
            content["annotations"].append({"image_id": key, "category_id": label + 1, **box})
    listing = find_boxes(put(tmp_path / "things.json", json.dumps(content)))
    ours, plain = CocoScore(drawn["classes"]), CocoScore(drawn["classes"])
    for one, picture in zip(listing.parts["train"], drawn["pictures"], strict=True):
        found, _ = boxes_of(picture)
        true = true_boxes(one.boxes((1000, 1000)))
        ours.add(found, true)
        plain.add(found, replace(true, areas=None))
    assert [-1.0 if value is None else value for value in ours.values().values()] == recorded
    assert plain.values() != ours.values(), "areas of masks decide"
