"""Pictures with boxes are divided: each keeps its boxes, in the form that they had, and no picture is in two parts."""

import json

import pytest
from data.box_files import FORMS, WHOLE, put, said, undivided

from cnnkit.data.layout.boxes.find import find_boxes
from cnnkit.data.open.source import open_data
from cnnkit.data.split.folder import SplitFolder, split_folder
from cnnkit.errors import DataError, UsageError


def split(data, output, **options) -> SplitFolder:
    *_, result = split_folder(str(data), output, **options)
    assert isinstance(result, SplitFolder)
    return result


@pytest.mark.parametrize("form", FORMS)
def test_boxes_go_with_their_pictures_in_the_form_that_they_have(form, tmp_path):
    place = undivided(tmp_path / "old", form)
    before = {path: path.read_bytes() for path in (tmp_path / "old").rglob("*.*")}
    made = split(place, tmp_path / "new")
    assert made.parts == {"train": 14, "val": 3, "test": 3} and made.boxes == 19 and made.renamed == 0
    assert {path: path.read_bytes() for path in (tmp_path / "old").rglob("*.*")} == before
    listing = find_boxes(tmp_path / "new" / ("boxes.csv" if form == "csv" else ""))
    found = said(listing)
    assert listing.form == form and {part: len(pictures) for part, pictures in found.items()} == made.parts
    assert {name: boxes for pictures in found.values() for name, boxes in pictures.items()} == WHOLE["train"]


def test_copies_stay_in_one_part_and_the_seed_draws(tmp_path):
    place = undivided(tmp_path / "old", "coco")
    for k in range(4):
        (tmp_path / "old" / "train" / f"p{k + 4}.png").write_bytes((tmp_path / "old/train" / f"p{k}.png").read_bytes())
    drawn = []
    for seed in (1, 2):
        made = split(place, tmp_path / f"new{seed}", seed=seed, link="symbolic")
        found = {
            name: part for part, pictures in said(find_boxes(tmp_path / f"new{seed}")).items() for name in pictures
        }
        assert made.copies == 4 and all(found[f"p{k}"] == found[f"p{k + 4}"] for k in range(4))
        drawn.append(found)
    assert drawn[0] != drawn[1]


def test_the_new_folder_opens_as_a_training_opens_it(tmp_path):
    made = split(undivided(tmp_path / "old", "yolo"), tmp_path / "new", val=0.2, test=0.0)
    splits = open_data(made.folder)
    assert list(made.parts) == ["train", "val"] and "val is the test part" in " ".join(splits.notes)


def test_what_is_divided_already_or_wrong_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(UsageError, match="has parts already: train, val, test"):
        split(FORMS["coco"](tmp_path / "parts"), tmp_path / "new")
    place = undivided(tmp_path / "old", "coco")
    file = place / "annotations/instances_train.json"
    content = json.loads(file.read_text())
    content["annotations"][0]["bbox"] = [9, 9, -3, 4]
    put(file, json.dumps(content))
    with pytest.raises(DataError, match=r"1 files or boxes of .* cannot be used\. .*has swapped corners"):
        split(place, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_too_few_pictures_for_a_part_are_told(tmp_path):
    few = {"train": {"a": [("dog", 4, 5, 30, 30, False)], "b": [("dog", 6, 5, 30, 30, False)]}}
    with pytest.raises(DataError, match=r"too few pictures for a val part: 2\. Add pictures"):
        split(FORMS["yolo"](tmp_path / "old", few), tmp_path / "new")
