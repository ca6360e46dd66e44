"""Pictures with boxes in files, opened as a training opens them."""

import numpy as np
import pytest
from data.box_files import BOXES, CLASSES, FORMS, coco, csv, put, voc, write_picture, xml, yolo
from PIL import Image

from cnnkit.data.open.source import open_data
from cnnkit.data.targets import Boxes
from cnnkit.errors import DataError, UsageError


@pytest.mark.parametrize("form", FORMS)
def test_boxes_open_as_three_parts_and_are_said(form, tmp_path):
    splits = open_data(FORMS[form](tmp_path / form))
    assert (splits.task, splits.classes, splits.train.labelled) == ("detection", CLASSES, False)
    assert [len(splits.part(part)) for part in ("train", "val", "test")] == [3, 1, 1]
    assert "6 boxes, read as 64x64 RGB: 3 train, 1 val, 1 test, 2 classes" in splits.found
    assert splits.preprocessing.fit == "letterbox" and len(splits.colours) == 2


def test_boxes_move_along_where_pictures_are_brought_to_the_size(tmp_path):
    splits = open_data(voc(tmp_path), image_size=(80, 60))
    sample = splits.train[0]
    assert sample.image.shape == (80, 60, 3) and sample.path.stem == "a"
    # 40x60 in 80x60: as it is, in the middle.
    assert sample.target.corners.tolist() == [[4, 25, 24, 55], [30, 30, 50, 50]]
    assert sample.target.labels.tolist() == [1, 0] and splits.val[0].target.crowd.tolist() == [True, False]
    assert splits.train[2].target.corners.shape == (0, 4)
    stretched = open_data(tmp_path, image_size=(80, 60), fit="stretch").train[0].target
    assert stretched.corners.tolist() == [[4, 10, 24, 70], [30, 20, 50, 60]]


def test_a_thing_that_is_smaller_than_a_pixel_of_the_image_stays(tmp_path):
    small = {"train": {"a": [("dog", 30, 20, 31, 21, False)], "b": BOXES["train"]["b"], "c": []}}
    (box,) = open_data(csv(tmp_path, small), image_size=16).train.dataset.dataset[0].target.corners
    assert 0 < box[2] - box[0] < 1 and 0 < box[3] - box[1] < 1


def test_a_picture_on_its_side_has_its_boxes_where_they_are_seen(tmp_path):
    root = tmp_path / "turned"
    for stem in "abc":
        path = write_picture(root / f"{stem}.jpg", (60, 40))  # stored upright beside a note to turn it
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.open(path).save(path, exif=exif)
        put(root / f"{stem}.xml", xml([("dog", 0, 0, 30, 40, False)]))
    splits = open_data(root, image_size=64)
    sample = splits.train[0]
    # Upright it is 40x60, as the annotation says: scaled to 43x64, with ten rows of nothing above it.
    np.testing.assert_allclose(sample.target.corners[0], [0, 10, 32, 53], rtol=1e-6)
    put(root / "a.xml", xml([("dog", 0, 0, 30, 40, False)], (60, 40)))
    with pytest.raises(DataError, match=r"by .*a.xml it is 60x40. One is turned on its side"):
        open_data(root)


def test_a_size_that_is_not_the_pictures_is_refused(tmp_path):
    root = voc(tmp_path)
    put(root / "Annotations/b.xml", xml(BOXES["train"]["b"], (400, 600)))
    with pytest.raises(DataError, match=r"b.png is 40x60 \(height x width\), but by .*b.xml it is 400x600. Was the"):
        open_data(root)
    splits = open_data(root, on_unreadable="skip")
    assert len(splits.train) == 2 and any(note.startswith("Skipped: ") and "b.xml" in note for note in splits.notes)


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("Annotations/a.xml", "<annotation>", "is not valid XML"),
        ("Annotations/a.xml", "<!DOCTYPE a []><annotation/>", "has a document type"),
        ("Annotations/a.xml", xml([("dog", 9, 9, 3, 12, False)]), "has swapped corners: 9, 9, 3, 12"),
        ("Annotations/a.xml", xml([("dog", 9, 9, float("nan"), 12, False)]), "has corners that are no numbers"),
        ("Annotations/lost.xml", xml([]), "there is no such picture beside its annotation"),
    ],
)
def test_what_is_wrong_is_refused_or_skipped_and_told(file, text, words, tmp_path):
    root = voc(tmp_path)
    (root / "ImageSets/Main/val.txt").unlink()
    put(root / "ImageSets/Main/train.txt", "a\nb\nc\nd\n" + "lost\n" * ("lost" in file))
    put(root / file, text)
    with pytest.raises(DataError, match=words) as refused:
        open_data(root)
    assert "--on-unreadable skip" in str(refused.value)
    splits = open_data(root, on_unreadable="skip")
    assert any(words in note for note in splits.notes)
    assert len(splits.train) + len(splits.val) == (4 if "lost" in file else 3)


def test_a_broken_picture_is_refused(tmp_path):
    root = yolo(tmp_path)
    (root / "images/train/b.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"1 file or box of .* cannot be used. .*b.png"):
        open_data(root)


def test_data_without_a_single_box_are_refused(tmp_path):
    nothing = {"train": {"a": [], "b": []}}
    with pytest.raises(DataError, match=r"no picture has a box that can be used, so there is nothing to find. Do the"):
        open_data(coco(tmp_path, nothing))


def test_parts_are_drawn_where_there_are_none_and_the_same_by_the_same_seed(tmp_path):
    many = {"train": {f"p{k}": [("dog", 0, 0, 9, 9 + k, False)] for k in range(20)}}
    splits = open_data(csv(tmp_path, many), seed=4)
    again = open_data(tmp_path / "boxes.csv", seed=4)
    assert [len(splits.part(part)) for part in ("train", "val", "test")] == [14, 2, 4]
    assert splits.fingerprint() == again.fingerprint() != open_data(tmp_path / "boxes.csv", seed=5).fingerprint()


def test_the_fingerprint_and_the_mark_change_with_a_box(tmp_path):
    root = voc(tmp_path)
    before = open_data(root)
    marks, whole = [before.train.mark(k) for k in range(3)], before.fingerprint()
    put(root / "Annotations/a.xml", xml([("dog", 4, 5, 24, 36, False), BOXES["train"]["a"][1]]))
    after = open_data(root)
    assert after.fingerprint() != whole
    assert [after.train.mark(k) == marks[k] for k in range(3)] == [False, True, True]


def test_classes_in_another_order_are_relabelled(tmp_path):
    splits = open_data(voc(tmp_path)).with_classes(["dog", "owl", "cat"])
    assert splits.train[0].target.labels.tolist() == [0, 2] and len(splits.colours) == 3
    assert splits.val[0].target.crowd.tolist() == [True, False]


def test_a_class_without_a_training_box_is_told(tmp_path):
    rare = {"train": {"a": [("dog", 1, 1, 9, 9, False)]}, "val": BOXES["val"], "test": BOXES["test"]}
    assert "No training picture has a box of cat." in open_data(voc(tmp_path, rare)).notes


@pytest.mark.parametrize("fit", ["crop", "margin", "keep"])
def test_pictures_are_not_cut(fit, tmp_path):
    with pytest.raises(UsageError, match=f"--fit is {fit}, but .* Give letterbox, which keeps their shape, or stretch"):
        open_data(voc(tmp_path), fit=fit)


def test_where_boxes_are_asked_for_and_there_are_none_the_forms_are_named(picture_folder):
    with pytest.raises(DataError, match=r"holds no pictures with boxes. Expected are JPEGImages/ and Annotations/"):
        open_data(picture_folder(cats=3, dogs=3), task="detection")


def test_large_pictures_are_scaled_and_that_is_told(tmp_path):
    for stem in "abc":
        write_picture(tmp_path / f"{stem}.png", (200, 400))
        put(tmp_path / f"{stem}.xml", xml([("dog", 0, 0, 30, 40, False)], (200, 400)))
    splits = open_data(tmp_path)
    assert splits.preprocessing.shape == (320, 320, 3)
    assert "Pictures are scaled to 320x320; --image-size changes that." in splits.notes
    small = open_data(tmp_path, like=(96, 96, 3), like_task="detection")
    other = open_data(tmp_path, like=(96, 96, 3), like_task="classification")
    assert (small.preprocessing.height, other.preprocessing.height) == (96, 320)
    assert isinstance(small.train[0].target, Boxes)
