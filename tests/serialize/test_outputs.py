import contextlib
import os
from pathlib import Path

import pytest

from cnnkit.errors import ResourceError, UsageError
from cnnkit.serialize.outputs import check_output, text_output


def test_a_file_appears_when_all_of_it_is_written(tmp_path):
    path = tmp_path / "out.csv"
    with text_output(path) as out:
        out.write("a\n")
        assert not path.exists()
    assert path.read_text() == "a\n" and os.listdir(tmp_path) == ["out.csv"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_work_broken_off_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "out.csv"
    path.write_text("old")
    with contextlib.suppress(error), text_output(path, exist_ok=True) as out:
        out.write("a\n")
        raise error
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["out.csv"]


def test_what_must_not_be_written_is_refused_before_anything_is_touched(tmp_path):
    (tmp_path / "old.csv").write_text("old")
    (tmp_path / "away.csv").symlink_to("nowhere.csv")
    for name, message in [
        ("old.csv", "old.csv exists.*--exist-ok"),
        ("away.csv", "away.csv exists.*--exist-ok"),
        (".", "is a folder"),
        ("none/out.csv", "There is no folder"),
    ]:
        with pytest.raises(UsageError, match=message):
            check_output(tmp_path / name)
        with pytest.raises(UsageError, match=message), text_output(tmp_path / name):
            pytest.fail("it was opened")
    assert (tmp_path / "old.csv").read_text() == "old"
    check_output(tmp_path / "old.csv", exist_ok=True)


def test_a_link_stays_a_link_and_its_file_is_replaced(tmp_path):
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("real.csv")
    with text_output(tmp_path / "link.csv", exist_ok=True) as out:
        out.write("new")
    assert (tmp_path / "link.csv").is_symlink() and (tmp_path / "real.csv").read_text() == "new"


def test_a_link_in_place_of_the_temporary_file_is_not_followed(tmp_path):
    (tmp_path / "other.txt").write_text("keep")
    (tmp_path / f".cnnkit-{os.getpid()}.tmp").symlink_to("other.txt")
    with text_output(tmp_path / "out.csv") as out:
        out.write("new")
    assert (tmp_path / "other.txt").read_text() == "keep" and not (tmp_path / "out.csv").is_symlink()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_full_disk_is_told_with_the_name_of_the_file():
    for text in ("short", "long" * 100_000):
        with pytest.raises(ResourceError, match="no room to write /dev/full"), text_output(Path("/dev/full")) as out:
            out.write(text)


def test_a_disk_that_fills_up_while_it_is_written_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "out.csv"
    path.write_text("old")

    def fail(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ResourceError, match=r"no room to write .*out\.csv"), text_output(path, exist_ok=True) as out:
        out.write("new")
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["out.csv"]


def test_a_device_is_written_to_as_it_is():
    with text_output(Path(os.devnull)) as out:
        out.write("gone")


def test_a_dash_is_no_name_for_a_file():
    with pytest.raises(UsageError, match="- is no name for a file"):
        check_output(Path("-"))
