from collections import Counter

import numpy as np
import pytest

from cnnkit.data.check.look import Look, Place
from cnnkit.data.check.oddities import odd_classes, odd_sizes, outside, wrong_endings


def looks(*sizes):
    thumb = np.zeros((32, 32), np.uint8)
    return [Look(Place("train", "x", f"{i}.png"), size, "PNG", 0, b"", thumb, None) for i, size in enumerate(sizes)]


def files(findings):
    return [finding.files for finding in findings]


def test_sizes_far_from_the_others_are_odd():
    usual = [(300, 400)] * 20
    assert odd_sizes(looks(*usual, (280, 800), (90, 100))) == []
    found = odd_sizes(looks(*usual, (20, 30), (3000, 4000), (40, 600), (12, 100)))
    assert files(found) == [("20.png", "23.png"), ("21.png",), ("22.png",)]
    assert found[0].message == "far smaller than the others: 20x30, where 300x400 is the median"
    assert odd_sizes([]) == []


def test_small_pictures_among_small_ones_are_usual():
    assert odd_sizes(looks(*[(28, 28)] * 20, (14, 28))) == []


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a", "folder.png/a", "a.jfif"])
def test_a_name_that_promises_a_jpeg_or_nothing_fits_a_jpeg(name):
    assert wrong_endings([(name, "JPEG")]) == []


def test_a_name_that_promises_another_format_is_told():
    (found,) = wrong_endings([("a.jpg", "PNG"), ("b.png", "PNG"), ("c.txt", "")])
    assert found.sentence() == "a.jpg: named .jpg, but PNG inside"


def kinds(*parts, **files):
    counts = {name: Counter(classes) for name, classes in parts}
    return [(finding.kind, finding.message) for finding in odd_classes(counts, files)]


def test_classes_of_like_size_in_every_part_are_well():
    assert kinds(("train", {"a": 10, "b": 40}), ("val", {"a": 1, "b": 9})) == []


def test_a_class_far_smaller_than_another_is_told():
    ((kind, message),) = kinds(("train", {"a": 100, "b": 20, "c": 90}))
    assert kind == "imbalance" and "'a' has 100 pictures and 'b' 20" in message and "--class-weights" in message


def test_a_class_of_one_picture_is_told_with_its_file():
    counts = {"train": Counter(a=3, b=1)}
    (found,) = odd_classes(counts, {("train", "b"): ["b/1.png"]})
    assert found.kind == "small-class" and found.files == ("b/1.png",)


def test_classes_that_a_part_lacks_are_told_once_a_part():
    train = {f"c{i}": 5 for i in range(9)}
    found = kinds(("train", train), ("val", {"c0": 5, "x": 2}), ("test", {}))
    assert [kind for kind, _ in found] == ["class-difference"] * 2
    assert found[0][1] == "val lacks 'c1', 'c2', 'c3', 'c4', 'c5' and 3 more, which train has"
    assert found[1][1] == "train lacks 'x', which val has"


def test_files_behind_links_that_leave_the_folder_are_told(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").touch()
    (tmp_path / "out.png").touch()
    (tmp_path / "in" / "b.png").symlink_to(tmp_path / "out.png")
    (tmp_path / "in" / "c.png").symlink_to(tmp_path / "in" / "a.png")
    names = [str(tmp_path / "in" / name) for name in ("a.png", "b.png", "c.png")]
    (found,) = outside(tmp_path / "in", names)
    assert found.files == (names[1],) and str(tmp_path / "out.png") in found.message
