import os
from pathlib import Path

import pytest
from PIL import Image

from cnnkit.data.layout import walk
from cnnkit.data.layout.pictures_below import not_read, pictures_below
from cnnkit.data.layout.suffixes import ENDINGS, SUFFIXES
from cnnkit.data.open.source import open_data
from cnnkit.errors import DataError


@pytest.fixture
def folder(tmp_path):
    """One picture under every ending, and under none."""
    place = tmp_path / "all" / "cat"
    place.mkdir(parents=True)
    for stored, suffixes in ENDINGS.items():
        for suffix in suffixes:
            if suffix != ".pfm":
                Image.new("1" if suffix == ".pbm" else "RGB", (8, 8)).save(place / f"a{suffix.upper()}", stored)
    Image.new("RGB", (8, 8)).save(place / "unnamed", "PNG")
    Image.new("RGB", (8, 8)).save(place / "photo.jpg_large", "JPEG")
    return tmp_path / "all"


def test_what_a_training_reads_is_found_below_a_folder(folder):
    (folder / "dog").mkdir()
    Image.new("RGB", (8, 8)).save(folder / "dog" / "a.png")
    Image.new("RGB", (8, 8)).save(folder / "dog" / "b.png")
    splits = open_data(folder)
    trained = {part.path(i) for part in (splits.train, splits.val, splits.test) for i in range(len(part))}
    below = pictures_below(folder)
    assert set(below.pictures) == trained and len(trained) == len(SUFFIXES) - 1 + 2 + 2
    assert below.pictures == sorted(below.pictures) and not below.others and not below.refused


def test_links_to_folders_are_followed_once_and_circles_end(folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "elsewhere" / "b.png")
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    (folder / "again").symlink_to(tmp_path / "elsewhere")
    (folder / "circle").symlink_to(folder)
    names = [path.name for path in pictures_below(folder).pictures]
    assert names.count("b.png") == 1 and len(names) == len(SUFFIXES) + 2


def test_what_is_left_out_is_told(folder):
    for name in ("a.tif", "b.tif", "c.avif", "notes.txt", ".hidden", "Thumbs.db", "music"):
        (folder / name).write_bytes(b"II*\0 none")
    below = pictures_below(folder)
    assert [path.name for path in below.others] == ["a.tif", "b.tif", "c.avif", "music", "notes.txt"]
    first = folder / "a.tif"
    assert (
        not_read(below.others) == f"Not read: 5 files of other kinds (.tif, .avif, no ending, .txt), such as {first}."
    )
    assert not_read(below.others[:1]) == f"Not read: 1 file of another kind (.tif), such as {first}."
    assert not_read([]) == ""


def test_a_folder_that_cannot_be_listed_is_told_and_the_others_are_read(folder, monkeypatch):
    (folder / "closed").mkdir()
    scan = os.scandir

    def refuse(place):
        if Path(place).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scan(place)

    monkeypatch.setattr(walk.os, "scandir", refuse)
    below = pictures_below(folder)
    assert [place.name for place, _ in below.refused] == ["closed"] and "Permission denied" in below.refused[0][1]
    assert len(below.pictures) == len(SUFFIXES) + 1
    with pytest.raises(DataError, match="cannot be listed"):
        walk.walk([folder])
