import os

import pytest

from cnnkit.data.layout import existence
from cnnkit.data.layout.existence import absent


@pytest.mark.parametrize("many", [1, 1000])
def test_what_is_no_file_is_told_in_order(tmp_path, monkeypatch, many):
    monkeypatch.setattr(existence, "MANY", many)
    monkeypatch.chdir(tmp_path)
    for name in ("a/1.png", "a/2.png", "b/1.png", "top.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "a" / "folder.png").mkdir()
    (tmp_path / "a" / "link.png").symlink_to(tmp_path / "a" / "1.png")
    (tmp_path / "a" / "broken.png").symlink_to(tmp_path / "nowhere")
    names = ["a/1.png", "a/folder.png", "c/1.png", "b/1.png", "a/link.png", "a/broken.png", "a/2.png", "top.png", "x"]
    assert absent(names) == [1, 2, 5, 8]
    assert absent([os.fspath(tmp_path / name) for name in names]) == [1, 2, 5, 8]


def test_a_missing_folder_is_asked_for_once(tmp_path, monkeypatch):
    asked = []
    isfile = os.path.isfile
    monkeypatch.setattr(os.path, "isfile", lambda name: asked.append(name) or isfile(name))
    assert len(absent([os.fspath(tmp_path / "gone" / f"{i}.png") for i in range(1000)])) == 1000 and not asked


def test_many_files_of_one_folder_are_not_asked_for_one_by_one(tmp_path, monkeypatch):
    for i in range(50):
        (tmp_path / f"{i}.png").touch()
    monkeypatch.setattr(os.path, "isfile", None)
    assert absent([os.fspath(tmp_path / f"{i}.png") for i in range(50)]) == []
