"""Boxes in another form: what is read from the new files is what was read from the old ones."""

import errno
import os

import numpy as np
import pytest
from data.box_files import BOXES, CLASSES, FORMS, csv, put, said, voc, write_picture, xml, yolo

from cnnkit.data.layout.boxes.find import find_boxes
from cnnkit.data.layout.boxes.written import FORMS as WRITTEN
from cnnkit.data.open.source import open_data
from cnnkit.data.split import new_folder
from cnnkit.data.split.convert import convert_boxes
from cnnkit.errors import DataError, UsageError


def convert(place, output, form, **how):
    *_, made = convert_boxes(str(place), output, form, **how)
    return made


def place_of(folder, form):
    return folder / "boxes.csv" if form == "csv" else folder


def without_crowds(data):
    return {
        part: {name: [box for box in boxes if not box[5]] for name, boxes in pictures.items()}
        for part, pictures in data.items()
    }


@pytest.mark.parametrize("new", WRITTEN)
@pytest.mark.parametrize("old", FORMS)
def test_there_and_back_is_equal(old, new, tmp_path):
    place = FORMS[old](tmp_path / "old")
    before = find_boxes(place)
    made = convert(place, tmp_path / "new", new)
    there = find_boxes(place_of(tmp_path / "new", new))
    convert(place_of(tmp_path / "new", new), tmp_path / "back", old)
    back = find_boxes(place_of(tmp_path / "back", old))
    expected = said(before) if new != "yolo" else without_crowds(said(before))
    assert said(there) == said(back) == expected and there.classes == back.classes == CLASSES
    assert made.parts == {"train": 3, "val": 1, "test": 1} and made.boxes == sum(
        map(len, [b for p in expected.values() for b in p.values()])
    )
    assert bool(made.notes[1:]) == (new == "yolo" != old)
    for picture, copy in zip(before.pictures, back.pictures, strict=True):
        assert picture.path.read_bytes() == copy.path.read_bytes()


@pytest.mark.parametrize("new", WRITTEN)
def test_fractions_of_pixels_come_back_to_the_last_bit(new, tmp_path, rng):
    low = rng.uniform(0, 30, (40, 2)).astype(np.float32)
    high = np.minimum(low + rng.uniform(0.05, 30, (40, 2)).astype(np.float32), np.float32(40))
    low[0], high[1] = 0, (60, 40)
    many = {"train": {"a": [(CLASSES[k % 2], *map(float, (*low[k], *high[k])), False) for k in range(40)]}}
    place = csv(tmp_path / "old", many)
    convert(place, tmp_path / "new", new)
    one, other = (
        find_boxes(where).parts["train"][0].boxes((40, 60)) for where in (place, place_of(tmp_path / "new", new))
    )
    np.testing.assert_array_equal(one.corners, other.corners)
    np.testing.assert_array_equal(one.labels, other.labels)


@pytest.mark.slow
def test_bccd_is_the_same_in_all_forms(shared, tmp_path):
    before = find_boxes(shared / "data" / "bccd")
    place = shared / "data" / "bccd"
    for form in ("coco", "yolo", "csv", "voc"):
        convert(place, tmp_path / form, form, link="symbolic")
        place = place_of(tmp_path / form, form)
    after = find_boxes(place)
    assert after.classes == before.classes and [*after.parts] == [*before.parts]
    for one, other in zip(before.pictures, after.pictures, strict=True):
        np.testing.assert_array_equal(one.corners, other.corners)
        np.testing.assert_array_equal(one.labels, other.labels)


def test_what_a_form_cannot_tell_is_left_out_and_told(tmp_path):
    small = {"train": {"a": [("dog", 4, 5, 5, 6, False), ("cat", 4, 5, 5, 7, False)]}}
    made = convert(csv(tmp_path / "old", small), tmp_path / "new", "voc")
    assert made.notes == [
        "1 box is left out: in VOC's files a box of a single pixel is one without extent.",
        "Without a box, and so not in the new files: dog.",
    ]
    assert said(find_boxes(tmp_path / "new")) == {"train": {"a": [("cat", 4, 5, 5, 7, False)]}}
    made = convert(voc(tmp_path / "crowd"), tmp_path / "new yolo", "yolo")
    assert made.notes[-1].startswith("1 box is left out: YOLO's files cannot say that a box is around a crowd")


def test_the_order_of_classes_stays_where_the_form_has_one(tmp_path):
    root = yolo(tmp_path / "old")
    put(root / "data.yaml", "train: images/train\nnames: ['wet dog, brown', \"it's\", c: d]\n")
    names = ["wet dog, brown", "it's", "c: d"]
    assert find_boxes(root).classes == names
    for form in ("coco", "yolo"):
        convert(root, tmp_path / form, form)
        assert find_boxes(tmp_path / form).classes == names
    convert(root, tmp_path / "csv", "csv")
    convert(tmp_path / "csv" / "boxes.csv", tmp_path / "voc", "voc")
    assert find_boxes(tmp_path / "voc").classes == sorted(names[:2])


def test_names_that_are_taken_or_mean_something_get_others(tmp_path):
    rows = ["one/a.png,1,1,9,9,dog", "two/A.png,2,2,9,9,dog", "two/train.png,3,3,9,9,dog", "two/.b c.png,4,4,9,9,dog"]
    for row in rows:
        write_picture(tmp_path / "old" / row.split(",")[0])
    place = put(tmp_path / "old" / "boxes.csv", "path,x_min,y_min,x_max,y_max,label\n" + "\n".join(rows))
    for form in WRITTEN:
        convert(place, tmp_path / form, form)
        found = said(find_boxes(place_of(tmp_path / form, form)))["train"]
        assert {name: boxes[0][1] for name, boxes in found.items()} == {"a": 1, "A-2": 2, "train": 3, "b_c": 4}


def test_the_new_folder_opens_as_a_training_opens_it(tmp_path):
    made = convert(voc(tmp_path / "old"), tmp_path / "new", "coco", link="hard")
    splits = open_data(made.folder)
    assert [len(splits.part(part)) for part in ("train", "val", "test")] == [3, 1, 1] and made.link == "hard"
    assert os.stat(tmp_path / "new/train/a.png").st_nlink == 2


def test_what_is_wrong_is_refused_and_nothing_is_written(tmp_path):
    root = voc(tmp_path / "old")
    put(root / "Annotations/a.xml", xml([("dog", 9, 9, 3, 12, False)]))
    with pytest.raises(DataError, match=r"1 files or boxes of .* cannot be used\. .*has swapped corners"):
        convert(root, tmp_path / "new", "coco")
    put(root / "Annotations/a.xml", xml(BOXES["train"]["a"], (400, 600)))
    with pytest.raises(DataError, match="it is 400x600"):
        convert(root, tmp_path / "new", "coco")
    put(root / "Annotations/a.xml", xml([("a\nb", 1, 1, 3, 12, False)]))
    with pytest.raises(DataError, match="has blanks around it, or line breaks"):
        convert(root, tmp_path / "new", "coco")
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_a_file_that_is_no_picture_is_not_copied(tmp_path):
    place = csv(tmp_path / "old")
    secret = put(tmp_path / "secret.png", "password")
    put(place, place.read_text() + f"{secret},1,1,2,9,dog,train,0\n")
    with pytest.raises(DataError, match=r"secret\.png"):
        convert(place, tmp_path / "new", "voc")
    assert not (tmp_path / "new").exists()


def test_an_output_in_use_and_a_form_that_is_none_are_refused(tmp_path, picture_folder):
    root = voc(tmp_path / "old")
    put(tmp_path / "new" / "mine.txt", "")
    with pytest.raises(UsageError, match="exists and is not empty"):
        convert(root, tmp_path / "new", "coco")
    with pytest.raises(UsageError, match=r"is inside .*old, which is not changed"):
        convert(root, root / "new", "coco")
    with pytest.raises(UsageError, match="Known"):
        convert(root, tmp_path / "other", "kitti")
    with pytest.raises(UsageError, match="is made in memory"):
        convert("shapes", tmp_path / "other", "coco")
    with pytest.raises(DataError, match="holds no pictures with boxes"):
        convert(picture_folder(cats=2, dogs=2), tmp_path / "other", "coco")


def test_a_failure_on_the_way_leaves_nothing(tmp_path, monkeypatch):
    def fail(source, target, link, size):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))

    monkeypatch.setattr(new_folder, "put", fail)
    with pytest.raises(Exception, match="no space left to write"):
        convert(voc(tmp_path / "old"), tmp_path / "new", "coco")
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
