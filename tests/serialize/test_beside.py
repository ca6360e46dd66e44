from pathlib import Path

from cnnkit.serialize.beside import meant


def test_the_name_that_is_nearly_the_one_is_proposed(tmp_path):
    for name in ("photos", "drawings"):
        (tmp_path / name).mkdir()
    (tmp_path / "photo.csv").touch()
    assert meant(tmp_path / "phtos") == f" Did you mean {tmp_path / 'photos'} or {tmp_path / 'photo.csv'}?"
    assert meant(tmp_path / "phtos", Path.is_file) == f" Did you mean {tmp_path / 'photo.csv'}?"
    assert meant(tmp_path / "DRAWING") == f" Did you mean {tmp_path / 'drawings'}?"


def test_nothing_like_it_and_no_such_folder_propose_nothing(tmp_path):
    (tmp_path / ".hidden").touch()
    assert meant(tmp_path / "hiden") == meant(tmp_path / "x") == meant(tmp_path / "none" / "x") == ""


def test_of_a_huge_folder_some_entries_are_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr("cnnkit.serialize.beside.MOST", 0)
    (tmp_path / "photos").mkdir()
    assert meant(tmp_path / "phtos") == ""
