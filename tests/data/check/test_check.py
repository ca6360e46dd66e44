import gzip
import json
import os
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnkit.data.check.check import check
from cnnkit.data.check.findings import KINDS
from cnnkit.data.check.quick import quick_check
from cnnkit.data.open.source import open_data
from cnnkit.errors import DataError


def test_a_sound_folder_is_counted_as_it_lies(picture_folder):
    picture_folder(below="train", cats=4, dogs=5)
    report = check(picture_folder(below="val", cats=2, dogs=3))
    assert report.ok and report.parts == ["train", "val"]
    assert report.rows == [("cats", 4, 2), ("dogs", 5, 3)]
    assert json.loads(json.dumps(report.to_json()))["ok"] is True


def test_every_unreadable_file_is_named(picture_folder):
    folder = picture_folder(cats=6, dogs=6)
    (folder / "cats" / "001.png").write_bytes(b"")
    (folder / "dogs" / "002.png").write_bytes((folder / "dogs" / "002.png").read_bytes()[:300])
    report = check(folder)
    assert not report.ok and report.rows == [("cats", 5), ("dogs", 5)] and len(report.problems) == 2
    assert "001.png" in report.problems[0] and "002.png" in report.problems[1]


def test_what_stops_a_training_though_nothing_is_damaged_is_a_problem(picture_folder):
    folder = picture_folder(cats=6)
    report = check(folder)
    (finding,) = report.findings
    assert check(folder, allowed=["untrainable"]).ok
    assert not report.ok and finding.kind == "untrainable" and "of one class" in finding.message
    assert report.rows == [("cats", 6)]


def test_labels_of_idx_files_are_checked(tmp_path):
    for part, labels in (("train", [0, 1, 0, 1]), ("t10k", [0, 9])):
        images = struct.pack(">4I", 2051, len(labels), 2, 2) + bytes(4 * len(labels))
        (tmp_path / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
        content = struct.pack(">2I", 2049, len(labels)) + bytes(labels)
        (tmp_path / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(content))
    report = check(tmp_path)
    assert not report.ok and "labels run from 0 to 9, but there are 2 classes" in report.problems[0]


@pytest.mark.slow
def test_the_embedded_digits_are_sound(no_network):
    report = check("digits")
    assert report.ok and report.rows[0] == ("0", 900, 100, 200)


def test_what_is_not_there_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no data folder"):
        check(tmp_path / "nowhere")


def kinds(folder, **rest):
    report = check(folder, **rest)
    return report.ok, [(finding.kind, [Path(file).name for file in finding.files]) for finding in report.findings]


def test_photos_that_are_all_well_have_no_findings(photo_folder):
    photo_folder(below="train", cats=8, dogs=8)
    assert kinds(photo_folder(below="test", cats=4, dogs=4)) == (True, [])


def test_a_placeholder_is_told_once_however_often_it_is_there(photo_folder):
    folder = photo_folder(cats=8, dogs=8)
    for name in ("a.gif", "b.gif"):
        Image.new("L", (60, 60), 255).save(folder / "cats" / name)
    assert kinds(folder) == (False, [("placeholder", ["a.gif"]), ("placeholder", ["b.gif"])])


def test_copies_are_graver_across_parts_and_gravest_under_two_labels(photo_folder):
    photo_folder(below="train", cats=8, dogs=8)
    folder = photo_folder(below="val", cats=3, dogs=3)
    train, val = folder / "train", folder / "val"
    shutil.copy(train / "cats" / "000.jpg", train / "cats" / "same.jpg")
    assert kinds(folder) == (True, [("duplicate", ["000.jpg", "same.jpg"])])
    shutil.copy(train / "cats" / "001.jpg", val / "cats" / "leak.jpg")
    shutil.copy(train / "cats" / "002.jpg", train / "dogs" / "what.jpg")
    assert kinds(folder) == (
        False,
        [
            ("two-labels", ["002.jpg", "what.jpg"]),
            ("duplicate-across", ["001.jpg", "leak.jpg"]),
            ("duplicate", ["000.jpg", "same.jpg"]),
        ],
    )


def test_a_copy_of_another_label_in_another_part_counts_as_both(photo_folder):
    photo_folder(below="train", cats=8, dogs=8)
    folder = photo_folder(below="val", cats=3, dogs=3)
    shutil.copy(folder / "train" / "cats" / "000.jpg", folder / "val" / "dogs" / "what.jpg")
    files = ["000.jpg", "what.jpg"]
    assert kinds(folder, allowed=("two-labels",)) == (False, [("two-labels", files), ("duplicate-across", files)])


def test_a_picture_saved_anew_is_nearly_the_same(photo_folder):
    photo_folder(below="train", cats=8, dogs=8)
    folder = photo_folder(below="val", cats=3, dogs=3)
    for source, target in (
        ("train/cats/001.jpg", "val/cats/small.jpg"),
        ("train/dogs/002.jpg", "train/dogs/small.jpg"),
    ):
        with Image.open(folder / source) as picture:
            picture.resize((80, 60)).save(folder / target, quality=50)
    assert kinds(folder) == (
        False,
        [("near-duplicate-across", ["001.jpg", "small.jpg"]), ("near-duplicate", ["002.jpg", "small.jpg"])],
    )
    assert kinds(folder, allowed=("near-duplicate-across",))[0]


def test_odd_pictures_and_classes_only_warn(photo_folder):
    folder = photo_folder(cats=12, dogs=9, fish=1)
    with Image.open(folder / "cats" / "001.jpg") as picture:
        picture.save(folder / "cats" / "001.jpg", "PNG")
    with Image.open(folder / "cats" / "002.jpg") as picture:
        picture.resize((9, 7)).save(folder / "cats" / "tiny.png")
    os.remove(folder / "cats" / "002.jpg")
    (tmp := folder.parent / "elsewhere").mkdir()
    os.rename(folder / "dogs" / "000.jpg", tmp / "000.jpg")
    (folder / "dogs" / "000.jpg").symlink_to(tmp / "000.jpg")
    ok, found = kinds(folder)
    assert ok and [kind for kind, _ in found] == ["wrong-extension", "odd-size", "imbalance", "small-class", "outside"]
    assert [names for kind, names in found if kind != "imbalance"] == [
        ["001.jpg"],
        ["tiny.png"],
        ["000.jpg"],
        ["000.jpg"],
    ]


def test_a_class_that_only_a_later_part_has_is_told(photo_folder):
    photo_folder(below="train", cats=6, dogs=6)
    report = check(photo_folder(below="val", cats=2, fish=2))
    assert report.rows == [("cats", 6, 2), ("dogs", 6, 0), ("fish", 0, 2)]
    assert [finding.kind for finding in report.findings] == ["untrainable", "class-difference", "class-difference"]
    assert not report.ok and "'fish', which" in report.findings[0].message


def test_links_in_circles_and_to_themselves_come_to_an_end(photo_folder):
    folder = photo_folder(cats=6, dogs=6)
    (folder / "cats" / "circle").symlink_to(folder)
    (folder / "cats" / "self.jpg").symlink_to("self.jpg")
    ok, found = kinds(folder)
    assert not ok and found[0] == ("unreadable", ["self.jpg"])


def test_a_list_is_checked_like_a_folder(photo_folder):
    folder = photo_folder(cats=6, dogs=6)
    (folder / "dogs" / "000.jpg").write_bytes(b"")
    rows = [f"{name}/{i:03}.jpg,{name}" for name in ("cats", "dogs") for i in range(6)]
    (folder / "list.csv").write_text("\n".join(["path,label", *rows, "cats/gone.jpg,cats"]))
    assert kinds(folder / "list.csv") == (False, [("missing", ["gone.jpg"]), ("empty", ["000.jpg"])])


def test_a_list_whose_parts_differ_in_their_classes_is_looked_through_all_the_same(photo_folder):
    folder = photo_folder(cats=6, dogs=6)
    rows = [f"{name}/{i:03}.jpg,{name},train" for name in ("cats", "dogs") for i in range(5)]
    rows += ["cats/005.jpg,fish,val", "dogs/gone.jpg,dogs,val"]
    (folder / "list.csv").write_text("\n".join(["path,label,split", *rows]))
    ok, found = kinds(folder / "list.csv")
    assert not ok and [kind for kind, _ in found] == ["missing", "untrainable", *["class-difference"] * 2]


def test_a_list_that_gives_one_picture_two_labels_cannot_be_opened(photo_folder):
    folder = photo_folder(cats=2, dogs=2)
    (folder / "list.csv").write_text("path,label\ncats/000.jpg,cats\ncats/000.jpg,dogs\n")
    report = check(folder / "list.csv")
    assert not report.ok and "two labels: 'cats' in line 2 and 'dogs' in line 3" in report.problems[0]


def test_arrays_are_compared_across_the_parts_that_they_bring(tmp_path, rng):
    x = rng.integers(0, 256, (60, 16, 16, 3), np.uint8)
    test = rng.integers(0, 256, (6, 16, 16, 3), np.uint8)
    test[4] = x[7]
    x[9] = x[11]
    np.savez(tmp_path / "a.npz", x_train=x, y_train=np.arange(60) % 2, x_test=test, y_test=np.array([0, 1, 0, 1, 1, 0]))
    assert kinds(tmp_path / "a.npz") == (
        False,
        [("duplicate-across", ["train image 7", "test image 4"]), ("duplicate", ["train image 9", "train image 11"])],
    )


def test_names_of_any_kind_are_told_as_they_are(photo_folder):
    folder = photo_folder(**{"a cat 🐈\n": 6, "dogs": 6})
    shutil.copy(folder / "dogs" / "000.jpg", folder / "dogs" / "b\nad \x1b[31m.jpg")
    record = json.loads(json.dumps(check(folder).to_json()))
    assert record["rows"][0] == ["a cat 🐈\n", 6]
    assert record["findings"][0]["files"][1].endswith("b\nad \x1b[31m.jpg")


def test_every_kind_has_one_severity():
    errors = {kind.name for kind in KINDS.values() if kind.severity == "error"}
    assert errors == {
        *("unusable", "missing", "special", "empty", "beyond", "truncated", "unreadable", "placeholder"),
        *("two-labels", "duplicate-across", "near-duplicate-across", "untrainable"),
        *("unpaired", "mask-size", "mask-format", "mask-value", "single-class", "two-masks"),
        *("annotation", "box-swapped", "box-number", "box-label", "box-size", "two-boxes"),
    }


@pytest.mark.slow
def test_the_ants_and_bees_hold_one_placeholder_and_no_copies(shared):
    ok, found = kinds(shared / "data" / "ants-bees")
    assert (ok, found) == (False, [("placeholder", ["imageNotFound.jpg"])])


def test_classes_whose_names_look_alike_are_told_apart(photo_folder):
    folder = photo_folder(cats=4, Cats=4)
    (finding,) = check(folder).findings
    assert finding.kind == "look-alike" and "'Cats' and 'cats' look alike, but differ in upper" in finding.message
    assert any("look alike" in warning for warning in quick_check(open_data(folder)))


def test_a_class_of_another_spelling_in_a_later_part_is_a_problem_that_says_how(photo_folder):
    photo_folder(below="train", cats=4, dogs=4)
    report = check(photo_folder(below="test", cats=2, Dogs=2))
    assert not report.ok and "differs in upper and lower case" in report.problems[0]
    assert "look-alike" in [finding.kind for finding in report.findings]
