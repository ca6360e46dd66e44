import os

import numpy as np
import pytest

from cnnkit.data.layout.folders import innermost
from cnnkit.data.layout.listing import list_folder
from cnnkit.data.load.loader import Loader
from cnnkit.data.open.source import open_data
from cnnkit.errors import DataError


@pytest.fixture
def files(tmp_path):
    """Make empty files below a folder."""

    def make(*paths):
        for path in paths:
            (tmp_path / "photos" / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "photos" / path).touch()
        return tmp_path / "photos"

    return make


@pytest.mark.parametrize(
    ("paths", "place"),
    [
        (["cats/1.png", "dogs/1.png"], "."),
        (["photos/cats/1.png", "photos/dogs/1.png"], "photos"),
        (["a/b/cats/1.png", "a/b/dogs/1.png", "README"], "a/b"),
        (["photos/train/cats/1.png", "photos/train/dogs/1.png"], "photos"),
        (["train/cats/1.png", "train/dogs/1.png"], "."),
        (["__MACOSX/x/1.png", "photos/cats/1.png", "photos/dogs/1.png"], "photos"),
        (["cats/1.png"], "."),
        (["cats/1.png", "cats/more/1.png"], "."),
    ],
)
def test_a_folder_of_nothing_but_the_data_is_looked_through(files, paths, place):
    top = files(*paths)
    assert innermost(top) == top / place


def test_parts_may_lie_one_folder_deeper_too(files):
    listing = list_folder(
        files("train/train/cats/1.png", "train/train/dogs/1.png", "test/cats/2.png", "test/dogs/2.png")
    )
    assert listing.classes == ["cats", "dogs"] and {part: len(f) for part, f in listing.parts.items()} == {
        "train": 2,
        "test": 2,
    }


def test_the_folder_that_is_taken_and_what_is_not_used_are_told(files):
    listing = list_folder(files("in/cats/1.png", "in/dogs/1.png", "in/dogs/more/2.png", "loose.jpg"))
    assert listing.classes == ["cats", "dogs"] and len(listing.files) == 3
    assert any("The class folders are in" in note for note in listing.notes)
    listing = list_folder(files("cats/1.png", "loose2.jpg"))
    assert listing.notes == ["2 pictures are outside the class folders and not used."]


def test_a_training_folder_without_pictures_is_refused(files):
    with pytest.raises(DataError, match="train holds no pictures"):
        list_folder(files("train/cats/.hidden", "test/cats/1.png"))


@pytest.mark.slow
def test_ten_thousand_classes_are_listed_and_split(tmp_path, picture_folder):
    source = picture_folder(a=1) / "a" / "000.png"
    for label in range(10_000):  # three pictures each, so that each part gets one
        folder = tmp_path / "many" / f"{label:05}"
        folder.mkdir(parents=True)
        for name in ("1.png", "2.png", "3.png"):
            os.link(source, folder / name)
    splits = open_data(tmp_path / "many", cache_bytes=0)
    assert len(splits.classes) == 10_000 and len(splits.test) == 10_000
    assert np.unique(splits.test.labels()).size == 10_000


@pytest.mark.skipif(os.name == "nt", reason="Windows has other names")
def test_classes_and_files_of_any_name_are_trained_on(picture_folder):
    folder = picture_folder(cats=4, dogs=4)
    (folder / "cats").rename(folder / "two\nlines 🐜")
    (folder / "dogs").rename(folder / os.fsdecode(b"\xff dogs"))
    splits = open_data(folder)
    assert len(splits.fingerprint()) == 64 and len(splits.classes) == 2
    assert sum(len(batch) for batch in Loader(splits.train, 2).epoch(0)) == len(splits.train)


def test_annotations_beside_pictures_are_no_pictures_and_told_in_one_note(files):
    top = files("cats/1.png", "cats/1.xml", "cats/deep/1.TXT", "dogs/1.png", "dogs/1.json", "labels/1.txt", "README.md")
    listing = list_folder(top)
    assert [file.path.name for file in listing.files] == ["1.png", "1.png"] and listing.classes == ["cats", "dogs"]
    assert listing.notes == [
        "Not used: labels/ (0 pictures), README.md.",
        "3 files that are no pictures are among the pictures and not used (.json, .txt, .xml), such as cats/1.xml.",
    ]


def test_a_folder_of_annotations_alone_is_no_folder_of_pictures(files):
    with pytest.raises(DataError, match="holds no data"):
        open_data(files("labels/1.txt", "labels/2.xml"))


def test_pictures_with_annotations_are_trained_on(picture_folder):
    folder = picture_folder(cats=5, dogs=5)
    (folder / "cats" / "000.xml").write_text("<annotation/>")
    splits = open_data(folder)
    assert len(splits.train) + len(splits.val) + len(splits.test) == 10
    assert any(note.startswith("1 file that is no picture is") for note in splits.notes)


NFC, NFD = "caf\u00e9", "cafe\u0301"


def test_a_class_is_one_however_its_accents_are_stored(files):
    listing = list_folder(files(f"train/{NFC}/1.png", "train/tea/1.png", f"test/{NFD}/2.png", "test/tea/2.png"))
    assert listing.classes == [NFC, "tea"] and {file.class_name for file in listing.parts["test"]} == {NFC, "tea"}
    assert not listing.notes


def test_two_folders_of_one_name_are_one_class(files):
    listing = list_folder(files(f"{NFC}/1.png", f"{NFD}/2.png", "tea/1.png"))
    assert listing.classes == [NFD, "tea"] and [file.class_name for file in listing.files] == [NFD, NFD, "tea"]


@pytest.mark.parametrize(("other", "how"), [("Cats", "upper and lower case"), ("cats ", "a blank at the")])
def test_a_class_that_only_looks_like_one_of_train_is_told_apart(files, other, how):
    with pytest.raises(DataError, match=rf"has the class '{other}', which .* lacks. It looks like 'cats', .* {how}"):
        list_folder(files("train/cats/1.png", "train/dogs/1.png", f"test/{other}/2.png"))
