"""What is wrong with boxes: each kind of fault is found, named, and nothing else is."""

import json
import shutil
from pathlib import Path

import pytest
from data.box_files import BOXES, FORMS, csv, put, voc, write_picture, xml, yolo

from cnnkit.data.check.check import check

# Warnings on few and noisy pictures that these tests are not about.
USUAL = {"absent-class"}


def found(report):
    """kind -> the files of its findings, as names."""
    kinds = {}
    for finding in report.findings:
        if finding.kind not in USUAL:
            kinds.setdefault(finding.kind, []).append([Path(name).name for name in finding.files])
    return kinds


@pytest.mark.parametrize("form", FORMS)
def test_sound_boxes_are_counted(form, tmp_path):
    report = check(FORMS[form](tmp_path / form))
    assert report.ok and found(report) == {} and report.parts == ["train", "val", "test"]
    assert report.rows == [("cat", 2, 1, 0), ("dog", 1, 1, 1)]
    train = json.loads(json.dumps(report.to_json()))["boxes"]["train"]
    assert (train["pictures"], train["without_boxes"], train["most_in_a_picture"]) == (3, 1, 2)
    assert [(row["name"], row["boxes"], row["pictures"]) for row in train["classes"]] == [("cat", 2, 2), ("dog", 1, 1)]


def test_swapped_corners_numbers_that_are_none_and_broken_files_are_problems(tmp_path):
    root = voc(tmp_path)
    put(root / "Annotations/a.xml", xml([("dog", 9, 9, 3, 12, False)]))
    put(root / "Annotations/b.xml", xml([("dog", 9, 9, float("inf"), 12, False)]))
    put(root / "Annotations/d.xml", "<annotation>")
    report = check(root)
    assert not report.ok
    kinds = found(report)
    assert (kinds["box-swapped"], kinds["box-number"]) == ([["a.xml"]], [["b.xml"]])
    assert kinds["annotation"] == [["d.xml"]] and kinds["untrainable"] == [[]]
    assert any(
        problem.startswith(f"{root / 'Annotations/a.xml'}: line 1: the box of 'dog'") for problem in report.problems
    )


def test_a_label_that_is_no_class_is_a_problem(tmp_path):
    root = yolo(tmp_path)
    put(root / "labels/train/b.txt", "7 0.5 0.5 0.1 0.1\n")
    report = check(root)
    assert found(report) == {"box-label": [["b.txt"]]} and "the class is 7, expected 0 to 1" in report.problems[0]


def test_boxes_beyond_their_picture_are_a_warning(tmp_path):
    wide = {
        "train": {
            "a": [("dog", -5, 0, 30, 20, False), ("cat", 70, 0, 80, 9, False), ("cat", 0, 0, 60.5, 40.5, False)],
            "b": [("dog", 0, 0, 61, 41, False)],
            "c": [],
        }
    }
    report = check(csv(tmp_path, wide))
    assert report.ok and found(report) == {"box-outside": [["a.png"], ["a.png"]]}
    away, partly = (finding.message for finding in report.findings if finding.kind == "box-outside")
    assert away == "1 of its 3 boxes lie outside of it and are left out"
    assert partly == "1 of its 3 boxes reach beyond it, by up to 5 pixels, and are cut"


def test_boxes_without_extent_and_doubled_ones_are_warnings(tmp_path):
    box = ("dog", 4, 5, 24, 35, False)
    odd = {"train": {"a": [box, box, ("cat", 1, 1, 1, 9, False)], "b": [box, ("cat", *box[1:])], "c": []}}
    report = check(voc(tmp_path, odd))
    assert report.ok and found(report) == {"box-empty": [[]], "box-doubled": [["a.png"]]}
    assert "1 of 'dog', with the same corners as another" in [finding.message for finding in report.findings]


def test_a_picture_in_two_parts_and_with_different_boxes_is_a_problem(tmp_path):
    root = voc(tmp_path)
    shutil.copy(root / "JPEGImages/a.png", root / "JPEGImages/d.png")
    report = check(root)
    assert found(report) == {"two-boxes": [["a.png", "d.png"]], "duplicate-across": [["a.png", "d.png"]]}
    put(root / "Annotations/d.xml", xml(BOXES["train"]["a"]))
    report = check(root, allowed=["duplicate-across"])
    assert found(report) == {"duplicate-across": [["a.png", "d.png"]]} and report.ok


def test_a_picture_of_another_size_and_a_damaged_one_are_problems(tmp_path):
    root = voc(tmp_path)
    write_picture(root / "JPEGImages/b.png", (40, 61))
    (root / "JPEGImages/d.png").write_bytes(b"")
    report = check(root)
    assert found(report) == {"empty": [["d.png"]], "box-size": [["b.png"]]}
    assert "by " in report.problems[1] and "it is 40x60" in report.problems[1]


def test_what_is_named_and_not_there_is_a_problem(tmp_path):
    file = csv(tmp_path)
    (tmp_path / "pictures/e.png").unlink()
    assert found(check(file)) == {"missing": [["e.png"]]}


def test_shapes_in_memory_are_sound():
    report = check("shapes", task="detection")
    assert report.ok and [name for name, *_ in report.rows] == ["circle", "square", "triangle"]
    assert report.to_json()["boxes"]["train"]["pictures"] == 240
