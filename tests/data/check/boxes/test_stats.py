"""Figures of boxes: how many of each class, how large, of which shape."""

import json

import pytest
from data.box_files import FORMS, csv, put, voc, write_picture

from cnnkit.data.check.figures import DataStats
from cnnkit.data.check.stats import data_stats


def stats(place, **how) -> DataStats:
    *_, last = data_stats(place, **how)
    return last


@pytest.mark.parametrize("form", FORMS)
def test_boxes_are_counted_and_measured(form, tmp_path):
    found = stats(FORMS[form](tmp_path / form))
    assert found.parts == ["train", "val", "test"] and found.totals == [3, 1, 1]
    assert found.classes == {"cat": [2, 1, 0], "dog": [1, 1, 1]} and found.files.unreadable == 0
    record = json.loads(json.dumps(found.to_json()))["boxes"]
    # Boxes of 20x30, 20x20 and 60x40.
    train = record["train"]
    assert train["width"] == {"least": 20, "median": 20, "most": 60}
    assert train["height"] == {"least": 20, "median": 30, "most": 40}
    assert train["aspect"] == {"least": 0.667, "median": 1.0, "most": 1.5}
    assert train["share"] == {"least": 0.166667, "median": 0.25, "most": 1.0}
    assert train["sizes"] == {"small": 2, "medium": 1, "large": 0}
    assert record["val"]["crowds"] == (0 if form == "yolo" else 1)
    assert record["test"]["classes"][1]["width"]["most"] == 1


def test_parts_add_up(tmp_path):
    train, val, test = stats(voc(tmp_path)).boxes.values()
    both = train + val + test
    assert both.boxes.tolist() == [3, 3] and (both.total, both.bare, both.most, both.crowds) == (5, 1, 2, 1)
    assert sum(both.by_size().values()) == 6


def test_sizes_are_divided_where_coco_divides_them(tmp_path):
    corners = [(32, 32), (33, 32), (96, 96), (97, 96)]
    wide = {"train": {"a": [("dog", 0, 0, width, height, False) for width, height in corners]}}
    file = csv(tmp_path, wide)
    write_picture(tmp_path / "pictures/a.png", (100, 100))
    assert stats(file).boxes["pictures"].by_size() == {"small": 1, "medium": 2, "large": 1}


def test_what_cannot_be_used_is_left_out_and_told(tmp_path):
    root = voc(tmp_path)
    put(root / "Annotations/a.xml", "<annotation>")
    found = stats(root)
    assert found.totals == [2, 1, 1]
    assert "Pictures or files that cannot be used: 1; `cnnkit data check` names them." in found.notes


def test_shapes_in_memory_are_measured():
    found = stats("shapes", task="detection", sample=10)
    assert found.totals == [240, 40, 60] and found.files is None and found.pixels.sample == 10
    assert found.boxes["val"].figures()["width"].most < 40
