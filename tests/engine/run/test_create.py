"""A new run folder."""

import errno
import json
import threading
from pathlib import Path

import pytest

from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run import create as runs
from cnnkit.engine.run.create import create_run
from cnnkit.errors import UsageError


def test_many_starters_get_a_folder_each(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "RUNS", tmp_path / "runs")
    found = []

    def start(n: int) -> None:
        # Threads stand in for processes here.
        found.append(create_run(FitOptions(model="m"), "classification", {"n": n}, "d").path)

    threads = [threading.Thread(target=start, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 8
    assert {json.loads((path / "manifest.json").read_text())["n"] for path in found} == set(range(8))
    assert sorted(path.name for path in found) == sorted(f"m-d-{n}" for n in range(1, 9))


def test_an_empty_folder_may_be_named_as_output(tmp_path):
    (tmp_path / "run").mkdir()
    assert create_run(FitOptions(output=str(tmp_path / "run")), "t", {}, "d").config.exists()


def test_an_output_that_cannot_be_a_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a file, but --output names a folder"):
        create_run(FitOptions(output=str(tmp_path / "file")), "t", {}, "d")
    with pytest.raises(UsageError):
        create_run(FitOptions(output=str(tmp_path / "file" / "run")), "t", {}, "d")


def test_a_place_that_cannot_be_written_is_told_by_the_name_of_the_run(tmp_path, monkeypatch):
    def refuse(self, *_, **__):
        raise OSError(errno.EROFS, "Read-only file system", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(UsageError, match=r"/run cannot be written \(Read-only file system\)") as told:
        create_run(FitOptions(output=str(tmp_path / "run")), "t", {}, "d")
    assert ".tmp" not in str(told.value)


def test_a_name_of_data_makes_a_plain_folder_name(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "RUNS", tmp_path)
    assert create_run(FitOptions(model="m"), "t", {}, "../my photos").path == tmp_path / "t" / "m-my-photos-1"
