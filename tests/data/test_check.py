import gzip
import json
import struct

import pytest

from cnnkit.data.check import check
from cnnkit.errors import DataError


def test_a_sound_folder_is_counted_as_it_lies(picture_folder):
    picture_folder(below="train", cats=4, dogs=5)
    report = check(picture_folder(below="val", cats=2, dogs=3))
    assert report.ok and report.parts == ["train", "val"]
    assert report.rows == [("cats", 4, 2), ("dogs", 5, 3)]
    assert json.loads(json.dumps(report.to_json()))["ok"] is True


def test_every_unreadable_file_is_named(picture_folder):
    folder = picture_folder(cats=6, dogs=6)
    (folder / "cats" / "001.png").write_bytes(b"")
    (folder / "dogs" / "002.png").write_bytes((folder / "dogs" / "002.png").read_bytes()[:300])
    report = check(folder)
    assert not report.ok and report.rows == [("cats", 5), ("dogs", 5)] and len(report.problems) == 2
    assert "001.png" in report.problems[0] and "002.png" in report.problems[1]


def test_what_stops_a_training_is_a_problem(picture_folder):
    report = check(picture_folder(cats=6))
    assert not report.ok and "of one class" in report.problems[0] and report.rows == [("cats", 6)]


def test_labels_of_idx_files_are_checked(tmp_path):
    for part, labels in (("train", [0, 1, 0, 1]), ("t10k", [0, 9])):
        images = struct.pack(">4I", 2051, len(labels), 2, 2) + bytes(4 * len(labels))
        (tmp_path / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
        content = struct.pack(">2I", 2049, len(labels)) + bytes(labels)
        (tmp_path / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(content))
    report = check(tmp_path)
    assert not report.ok and "labels run from 0 to 9, but there are 2 classes" in report.problems[0]


def test_the_embedded_digits_are_sound(no_network):
    report = check("digits")
    assert report.ok and report.rows[0] == ("0", 900, 100, 200)


def test_what_is_not_there_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no data folder"):
        check(tmp_path / "nowhere")
