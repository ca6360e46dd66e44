import os
import shlex
import shutil

import pytest
from PIL import Image


@pytest.fixture
def photos(empty_folder):
    for number, name in enumerate(("ants", "bees")):
        folder = empty_folder / "my photos" / name
        folder.mkdir(parents=True)
        for i in range(10):
            Image.new("RGB", (16, 16), (20 * i, 90 * number, 7)).save(folder / f"{i}.png")
    return empty_folder / "my photos"


def test_the_parts_are_written_and_the_next_command_opens_them(cnnkit, photos, empty_folder):
    ended = cnnkit("data", "split", "my photos", "--output", "the parts")
    assert ended.code == 0
    assert ["all", "12", "4", "4"] in [line.split() for line in ended.out.splitlines()]
    command = ended.err.splitlines()[-1].strip()
    assert command == "cnnkit train --data 'the parts'"
    assert sorted(os.listdir("the parts")) == ["test", "train", "val"]
    checked = cnnkit("data", "stats", *shlex.split(command)[3:], "--json")
    assert checked.json["images"] == {"train": 12, "val": 4, "test": 4}


def test_the_record_counts(cnnkit, photos):
    arguments = ["--val", "0.2", "--test", "0", "--link", "hard", "--seed", "7", "--json"]
    record = cnnkit("data", "split", "my photos", "-o", "parts", *arguments).json
    assert record == {
        "schema_version": 1,
        "folder": os.path.abspath("parts"),
        "link": "hard",
        "seed": 7,
        "parts": {"train": 16, "val": 4},
        "classes": [{"name": name, "train": 8, "val": 2} for name in ("ants", "bees")],
        "bytes": sum(path.stat().st_size for path in photos.rglob("*.png")),
        "renamed": 0,
        "copies": 0,
        "notes": [],
    }


def test_copies_and_numbers_are_told(cnnkit, photos):
    (photos / "ants" / "deep").mkdir()
    for name in ("3.png", "4.png"):
        shutil.copy(photos / "ants" / name, photos / "ants" / "deep" / name)
    ended = cnnkit("data", "split", "my photos", "-o", "parts")
    assert "Exact copies: 2" in ended.err
    assert "2, they got a number" in ended.err


def test_endings(cnnkit, photos, empty_folder, monkeypatch):
    (empty_folder / "empty").mkdir()
    for code, text, arguments in [
        (2, "Missing option '--output'", ["my photos"]),
        (2, "above 0 and below 1", ["my photos", "-o", "parts", "--val", "0.6", "--test", "0.6"]),
        (2, "15 per cent is 0.15", ["my photos", "-o", "parts", "--val", "15"]),
        (2, "is not empty", ["my photos", "-o", "my photos"]),
        (2, "holds arrays", ["digits", "-o", "parts"]),
        (2, "one of none, hard, symbolic", ["my photos", "-o", "parts", "--link", "soft"]),
        (3, "holds no data", ["empty", "-o", "parts"]),
    ]:
        ended = cnnkit("data", "split", *arguments)
        assert (ended.code, ended.out) == (code, ""), arguments
        assert text in ended.err
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(1, 1, 0))
    ended = cnnkit("data", "split", "my photos", "-o", "parts")
    assert (ended.code, os.path.exists("parts")) == (5, False)
