"""A split that is killed leaves a hidden folder, and the next one removes it."""

import os
import signal
import subprocess
import sys

import pytest

from cnnkit.data.split.folder import split_folder
from cnnkit.data.split.leftovers import sweep


def ended_process():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_leftovers_of_processes_that_are_gone_are_removed(tmp_path):
    gone = tmp_path / f".parts.{ended_process()}.split.tmp"
    kept = [tmp_path / f".parts.{os.getpid()}.split.tmp", tmp_path / ".mine.tmp", tmp_path / ".x.0a.split.tmp"]
    for folder in (gone, *kept):
        (folder / "train").mkdir(parents=True)
    (tmp_path / ".y.99999999.split.tmp").symlink_to(kept[1])
    assert sweep(tmp_path) == [gone.name]
    assert not gone.exists() and all((folder / "train").exists() for folder in kept)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_split_that_was_killed_leaves_nothing_once_another_ran(tmp_path, picture_folder):
    source = picture_folder(cats=6, dogs=6)
    child = os.fork()
    if child == 0:
        for done, _ in enumerate(split_folder(str(source), tmp_path / "parts")):
            if done > 30 and any(tmp_path.glob(".parts.*")):
                os.kill(os.getpid(), signal.SIGKILL)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert [path.name for path in tmp_path.glob(".parts.*")] == [f".parts.{child}.split.tmp"]
    list(split_folder(str(source), tmp_path / "others"))
    assert not list(tmp_path.glob(".*")) and (tmp_path / "others" / "train" / "cats").is_dir()
