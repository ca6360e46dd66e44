"""Pictures with boxes are found in each form, and nothing else is taken for them."""

import json
import re

import pytest
from data.box_files import BOXES, CLASSES, FORMS, coco, coco_json, csv, put, said, voc, write_picture, xml, yolo

from cnnkit.data.layout.boxes.find import find_boxes
from cnnkit.data.layout.boxes.gathering import FURTHEST
from cnnkit.data.layout.masks.find import find_pairs


@pytest.mark.parametrize("form", FORMS)
def test_each_form_says_the_same(form, tmp_path):
    place = FORMS[form](tmp_path / form)
    listing = find_boxes(place)
    expected = BOXES
    if form == "yolo":  # which knows no crowds
        expected = {
            part: {name: [(*box[:5], False) for box in boxes] for name, boxes in pictures.items()}
            for part, pictures in BOXES.items()
        }
    assert said(listing) == expected and listing.classes == CLASSES and listing.split and not listing.faults
    assert listing.layout.lower().startswith(form) or form == "csv"
    assert listing.notes == ["1 picture has no boxes: that nothing is in it is learned as well."]


def test_bccd_has_its_own_parts_and_two_boxes_without_extent(shared):
    listing = find_boxes(shared / "data" / "bccd")
    assert {part: len(pictures) for part, pictures in listing.parts.items()} == {"train": 205, "val": 87, "test": 72}
    counts = [sum(int((picture.labels == k).sum()) for picture in listing.pictures) for k in range(3)]
    # 4,155 of RBC are in the files.
    assert dict(zip(listing.classes, counts, strict=True)) == {"Platelets": 361, "RBC": 4153, "WBC": 372}
    (note,) = listing.notes
    assert note.startswith("2 boxes without extent are left out") and not listing.faults
    assert "BloodImage_00338.xml" in note and "BloodImage_00343.xml" in note


def test_folders_of_classes_and_of_masks_are_not_taken_for_boxes(picture_folder, pairs_folder, tmp_path):
    assert find_boxes(picture_folder(cats=2, dogs=2)) is None
    assert find_boxes(pairs_folder({"images/a.jpg": "masks/a.png", "images/b.jpg": "masks/b.png"})) is None
    put(tmp_path / "list.csv", "path,label\na.png,cat\n")
    assert find_boxes(tmp_path / "list.csv") is None and find_boxes(tmp_path / "nothing") is None
    write_picture(tmp_path / "notes" / "images" / "a.png")
    put(tmp_path / "notes" / "labels" / "a.txt", "a cat on a mat\n")
    assert find_boxes(tmp_path / "notes") is None


@pytest.mark.parametrize("form", FORMS)
def test_boxes_are_not_taken_for_masks(form, tmp_path):
    assert find_pairs(FORMS[form](tmp_path / form), asked=False) is None


def test_xml_and_txt_may_lie_beside_their_pictures_also_within_parts(tmp_path):
    for part in ("train", "valid"):
        write_picture(tmp_path / "beside" / part / "a.png")
        put(tmp_path / "beside" / part / "a.xml", xml(BOXES["train"]["a"]))
    listing = find_boxes(tmp_path / "beside")
    assert said(listing) == {part: {"a": BOXES["train"]["a"]} for part in ("train", "val")}
    assert list(listing.parts) == ["train", "val"] and listing.layout == "VOC, pictures and boxes in train/, val/"
    write_picture(tmp_path / "flat" / "a.png")
    put(tmp_path / "flat" / "a.txt", "1 0.5 0.5 1 1\n")
    put(tmp_path / "flat" / "classes.txt", "cat\ndog\n")
    assert said(find_boxes(tmp_path / "flat")) == {"train": {"a": [("dog", 0, 0, 60, 40, False)]}}


def test_an_annotation_without_a_picture_is_a_fault_and_a_picture_without_one_is_a_negative(tmp_path):
    root = yolo(tmp_path)
    put(root / "labels/train/lost.txt", "0 0.5 0.5 0.1 0.1\n")
    listing = find_boxes(root)
    (fault,) = listing.faults
    assert fault.kind == "missing" and fault.message.endswith("tells boxes, but there is no picture of its name.")
    assert fault.message.startswith(fault.name) and said(listing)["train"]["c"] == []


def test_lists_that_name_what_is_not_there_are_faults(tmp_path):
    root = voc(tmp_path)
    put(root / "ImageSets/Main/train.txt", "a\nnobody\n")
    (fault,) = find_boxes(root).faults
    assert re.match("nobody is named by .*train.txt, but there is no such picture", fault.message)


def test_a_part_without_any_annotation_is_not_used_and_told(tmp_path):
    root = voc(tmp_path)
    (root / "Annotations/e.xml").unlink()
    listing = find_boxes(root)
    assert list(listing.parts) == ["train", "val"]
    assert "The test pictures have no annotations and are not used." in listing.notes


def test_trainval_stands_for_a_train_that_is_missing(tmp_path):
    root = voc(tmp_path)
    put(root / "ImageSets/Main/trainval.txt", "a\nb\nd\n")
    (root / "ImageSets/Main/train.txt").unlink()
    assert {part: list(names) for part, names in said(find_boxes(root)).items()} == {
        "train": ["a", "b", "d"],
        "test": ["e"],
    }


def test_a_json_file_alone_is_enough(tmp_path):
    root = coco(tmp_path)
    assert said(find_boxes(root / "annotations/instances_val.json")) == {"train": BOXES["val"]}


@pytest.mark.parametrize(
    ("corners", "kind"),
    [
        ((30, 5, 24, 35), "box-swapped"),
        ((3, 35, 24, 5), "box-swapped"),
        ((float("nan"), 5, 24, 35), "box-number"),
        ((3, 5, float("inf"), 35), "box-number"),
        ((3, 5, 2 * FURTHEST, 35), "box-number"),
    ],
)
@pytest.mark.parametrize("form", [voc, csv])
def test_boxes_that_make_no_sense_are_faults_of_their_picture(form, corners, kind, tmp_path):
    broken = {"train": {"a": [("dog", *corners, False), ("cat", 1, 1, 9, 9, False)], "b": BOXES["train"]["b"]}}
    listing = find_boxes(form(tmp_path, broken))
    one, other = listing.parts["train"]
    (fault,) = one.faults
    assert fault.kind == kind and re.search(r"line \d+: the box of 'dog' has ", fault.message) and not other.faults
    assert fault.message.startswith(fault.name) and len(one.labels) == 1


@pytest.mark.parametrize("form", FORMS)
def test_boxes_without_extent_are_left_out_and_told(form, tmp_path):
    flat = {"train": {"a": [("dog", 4, 5, 4, 35, False), ("cat", 1, 1, 9, 9, False)]}}
    listing = find_boxes(FORMS[form](tmp_path, flat))
    assert said(listing) == {"train": {"a": [("cat", 1, 1, 9, 9, False)]}} and not listing.parts["train"][0].faults
    assert listing.notes[0].startswith("1 box without extent is left out: ") and "(dog)" in listing.notes[0]


def test_what_reaches_beyond_the_picture_is_cut_and_what_lies_outside_is_left_out(tmp_path):
    wide = {"train": {"a": [("dog", -5, -5, 70, 20, False), ("cat", 60, 0, 80, 9, False)]}}
    assert said(find_boxes(csv(tmp_path, wide))) == {"train": {"a": [("dog", 0, 0, 60, 20, False)]}}


def test_coco_with_outlines_stays_for_masks_unless_boxes_are_asked_for(tmp_path):
    content = coco_json(BOXES["train"])
    for entry in content["annotations"]:
        entry["segmentation"] = [[4, 5, 24, 5, 24, 35]]
    for stem in BOXES["train"]:
        write_picture(tmp_path / f"{stem}.png")
    put(tmp_path / "a.json", json.dumps(content))
    assert said(find_boxes(tmp_path))["train"] == BOXES["train"]
    assert len(find_pairs(tmp_path, asked=False).pairs) == len(BOXES["train"])
