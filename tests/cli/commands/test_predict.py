"""`predict` on folders and into a file, with the network of the package."""

import csv
import json
import os

import pytest
from PIL import Image

from cnnkit.engine.use import load as loading
from cnnkit.engine.use.predictor import Predictor
from cnnkit.errors import CheckpointError


@pytest.fixture
def folder(empty_folder):
    """One digit under many endings, a linked folder, and files of other kinds."""
    picture = Image.new("L", (40, 40), 220)
    picture.paste(20, (18, 8, 22, 32))
    place = empty_folder / "ext" / "one"
    place.mkdir(parents=True)
    for ending, stored in (
        ("png", "PNG"),
        ("JPG", "JPEG"),
        ("jfif", "JPEG"),
        ("jpe", "JPEG"),
        ("dib", "BMP"),
        ("apng", "PNG"),
    ):
        picture.save(place / f"0.{ending}", stored)
    (empty_folder / "away").mkdir()
    picture.save(empty_folder / "away" / "1.pnm")
    (place.parent / "link").symlink_to(empty_folder / "away")
    picture.save(place / "0.tif")
    (place / "0.avif").write_bytes(b"\0\0\0\x20ftypavif")
    return empty_folder / "ext"


def test_all_pictures_of_a_folder_are_answered_and_what_is_left_out_is_told(cnnkit, folder):
    ended = cnnkit("predict", folder, "--json")
    names = [os.path.basename(json.loads(line)["path"]) for line in ended.out.splitlines()]
    assert (ended.code, sorted(names)) == (0, ["0.JPG", "0.apng", "0.dib", "0.jfif", "0.jpe", "0.png", "1.pnm"])
    assert "Not read: 2 files of other kinds (.avif, .tif), such as" in ended.err
    assert "Not read" not in cnnkit("predict", folder, "--json", "--quiet").err


def test_a_folder_without_pictures_is_an_error_that_says_what_is_there(cnnkit, empty_folder):
    (empty_folder / "scans").mkdir()
    (empty_folder / "scans" / "a.tif").write_bytes(b"II*\0")
    for arguments in (["scans"], ["scans", "--json"]):
        ended = cnnkit("predict", *arguments)
        assert ended.code == 3 and "Not read: 1 file of another kind (.tif)" in ended.err
        assert "scans holds no picture" in ended.out + ended.err


def test_an_existing_file_is_refused_before_any_work_and_stays(cnnkit, folder, monkeypatch):
    (folder / "old.csv").write_text("old")
    monkeypatch.setattr(loading, "load", lambda *_: pytest.fail("a network was loaded"))
    ended = cnnkit("predict", folder / "one", "--csv", folder / "old.csv")
    assert ended.code == 2 and "old.csv exists" in ended.err and "--exist-ok" in ended.err
    assert (folder / "old.csv").read_text() == "old"


def test_answers_are_not_written_over_a_picture(cnnkit, folder):
    picture = folder / "one" / "0.png"
    before = picture.read_bytes()
    ended = cnnkit("predict", folder, "--csv", picture, "--exist-ok")
    assert ended.code == 2 and "0.png is one of the pictures" in ended.err and picture.read_bytes() == before


def test_exist_ok_replaces_the_file_once_all_is_answered(cnnkit, folder):
    (folder / "old.csv").write_text("old")
    assert cnnkit("predict", folder / "one", "--csv", folder / "old.csv", "--exist-ok").code == 0
    with (folder / "old.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 6


def test_a_model_that_cannot_be_loaded_leaves_the_file_as_it_was(cnnkit, folder):
    (folder / "old.csv").write_text("old")
    ended = cnnkit("predict", folder / "one", "--model", "none", "--csv", folder / "old.csv", "--exist-ok")
    assert ended.code in (2, CheckpointError.exit_code) and (folder / "old.csv").read_text() == "old"
    assert cnnkit("predict", folder / "one", "--model", "none", "--csv", folder / "new.csv").code == ended.code
    assert sorted(os.listdir(folder)) == ["link", "old.csv", "one"]


def test_an_interrupt_leaves_no_half_file_and_says_so(cnnkit, folder, monkeypatch):
    def interrupted(self, pictures, top, tell):
        yield self.predict(pictures[0])
        raise KeyboardInterrupt

    monkeypatch.setattr(Predictor, "predict_many", interrupted)
    ended = cnnkit("predict", folder / "one", "--csv", folder / "new.csv")
    assert ended.code == 130 and "new.csv was not written: not all pictures were answered." in ended.err
    assert sorted(os.listdir(folder)) == ["link", "one"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_full_disk_names_the_file(cnnkit, folder):
    ended = cnnkit("predict", folder / "one", "--csv", "/dev/full")
    assert ended.code == 5 and "no room to write /dev/full" in ended.err
