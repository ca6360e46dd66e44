"""COCO's files: pictures, categories, outlines; where their pictures are; and what a file may do wrong."""

import json

import numpy as np
import pytest
from PIL import Image

from cnnkit.data.layout.masks import coco, coco_json
from cnnkit.data.layout.masks.find import find_pairs
from cnnkit.data.layout.masks.outlines import Runs
from cnnkit.errors import DataError, ResourceError


def read(path):
    return coco.read_coco(coco_json.read_json(path))


SQUARE = [1, 1, 5, 1, 5, 5, 1, 5]


def content(names=("a.jpg",), **changes):
    return {
        "images": [{"id": k, "file_name": name, "height": 8, "width": 10} for k, name in enumerate(names, 1)],
        "categories": [{"id": 7, "name": "dog"}, {"id": 3, "name": "cat"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 3, "segmentation": [SQUARE], "area": 16, "iscrowd": 0}],
    } | changes


def written(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def pictures(folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        Image.fromarray(np.zeros((8, 10, 3), np.uint8)).save(folder / name)


def test_classes_are_the_categories_by_their_ids_behind_the_background(tmp_path):
    classes, found = read(written(tmp_path / "a.json", content()))
    assert classes == ["background", "cat", "dog"]
    (thing,) = found["a.jpg"].things
    assert (thing.label, thing.crowd, thing.shape) == (1, False, (tuple(map(float, SQUARE)),))


def test_a_background_of_its_own_is_class_0(tmp_path):
    own = content(categories=[{"id": 3, "name": "cat"}, {"id": 9, "name": "Background"}])
    assert read(written(tmp_path / "a.json", own))[0] == ["Background", "cat"]


def test_the_smaller_thing_is_in_front_and_a_crowd_behind_all(tmp_path):
    entry = content()["annotations"][0]
    many = [entry | {"area": 4, "category_id": 7}, entry | {"area": 40}, entry | {"area": 90, "iscrowd": 1}]
    _, found = read(written(tmp_path / "a.json", content(annotations=many)))
    assert [(thing.label, thing.crowd) for thing in found["a.jpg"].things] == [(1, True), (1, False), (2, False)]


@pytest.mark.parametrize(("counts", "kept"), [("231N", "231N"), ([2, 3, 75], (2, 3, 75))])
def test_runs_are_kept_in_both_forms(tmp_path, counts, kept):
    runs = content(annotations=[{"image_id": 1, "category_id": 3, "segmentation": {"counts": counts, "size": [8, 10]}}])
    _, found = read(written(tmp_path / "a.json", runs))
    assert found["a.jpg"].things[0].shape == Runs(kept, (8, 10))


@pytest.mark.parametrize(
    ("folders", "file"),
    [
        (("train2017", "val2017"), "annotations/instances_{}.json"),
        (("images/train2017", "images/val2017"), "annotations/instances_{}.json"),
        (("train", "val"), "{}/_annotations.coco.json"),
        (("train", "val"), "annotations/{}.json"),
    ],
)
def test_pictures_are_found_where_tools_put_them(tmp_path, folders, file):
    for folder in folders:
        pictures(tmp_path / folder, ["a.jpg", "b.jpg"])
        written(tmp_path / file.format(folder.rpartition("/")[2]), content(["a.jpg", "b.jpg"]))
    if "instances" in file:
        written(tmp_path / "annotations/captions_train2017.json", {"images": [], "annotations": []})
    listing = find_pairs(tmp_path)
    assert {part: len(pairs) for part, pairs in listing.parts.items()} == {"train": 2, "val": 2}
    assert listing.classes == ["background", "cat", "dog"] and not listing.lacking


def test_one_file_is_enough(tmp_path):
    pictures(tmp_path / "images", ["a.jpg"])
    file = written(tmp_path / "labels.json", content(["a.jpg", "gone.jpg"]))
    listing = find_pairs(file)
    assert len(listing.pairs) == 1 and "gone.jpg" in listing.lacking[0].message
    assert find_pairs(tmp_path).pairs == listing.pairs


def change(where, **fields):
    entry = content()[where][0] | fields
    return content(**{where: [entry, *content()[where][1:]]})


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("not json", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ('{"images": [NaN]}', "NaN is no number"),
        ({"images": []}, "lacks one of the lists"),
        (content(images={}), "lacks one of the lists"),
        (change("images", file_name="../../secret.png"), "file_name within the folder"),
        (change("images", file_name="/etc/hosts.png"), "file_name within the folder"),
        (change("images", height=0), "height and width above 0"),
        (change("images", width="10"), "lacks width"),
        (content(images=[7]), "image 7"),
        (content(images=content()["images"] * 2), "id of its own"),
        (change("categories", name="cat"), "two categories called 'cat'"),
        (change("categories", id=True), "lacks id"),
        (content(categories=[{"id": n, "name": str(n)} for n in range(300)]), "301 categories"),
        (change("annotations", image_id=5), "image_id and a category_id that the file has"),
        (change("annotations", category_id=5), "image_id and a category_id that the file has"),
        (change("annotations", segmentation=[[1, 2, 3, 4]]), "three or more points"),
        (change("annotations", segmentation=[[1, 2, 3, 4, 5, 1e300]]), "three or more points"),
        (change("annotations", segmentation=[[1, 2, 3, 4, 5, 10**400]]), "three or more points"),
        (change("annotations", segmentation=None), "lacks a segmentation"),
        (change("annotations", segmentation={"counts": [1.5], "size": [8, 10]}), "lacks a segmentation"),
        (change("annotations", area="big"), "finite area"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_entry(tmp_path, value, said):
    file = written(tmp_path / "a.json", value)
    with pytest.raises(DataError, match=said):
        read(file)


def test_a_file_that_memory_cannot_hold_is_refused_before_it_is_taken_apart(tmp_path, monkeypatch):
    file = written(tmp_path / "a.json", content())
    monkeypatch.setattr(coco_json, "available_memory", lambda: 1000)
    with pytest.raises(ResourceError, match="times as much memory"):
        read(file)
    monkeypatch.setattr(coco_json, "LARGEST", 100)
    with pytest.raises(DataError, match="larger than the 100 bytes"):
        read(file)


def test_parts_of_other_categories_are_refused(tmp_path):
    for part in ("train", "val"):
        pictures(tmp_path / part, ["a.jpg"])
    written(tmp_path / "annotations/instances_train.json", content())
    written(tmp_path / "annotations/instances_val.json", content(categories=[{"id": 3, "name": "cow"}]))
    with pytest.raises(DataError, match="other categories than"):
        find_pairs(tmp_path)
