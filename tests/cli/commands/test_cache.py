import pytest


@pytest.fixture
def root(monkeypatch, tmp_path):
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setenv("CNNKIT_CACHE", str(folder))
    return folder


def test_dir_tells_the_folder(cnnkit, root):
    assert cnnkit("cache", "dir").out == f"{root}\n"
    assert cnnkit("cache", "dir", "--json").json["folder"] == str(root)


def test_clear_removes_compiled_kernels_and_nothing_else(cnnkit, root, tmp_path):
    (root / "kernels-0123").mkdir()
    (root / "kernels-0123" / "conv.nbc").write_bytes(b"12345")
    (root / "notes.txt").write_text("mine")
    (root / "photos").mkdir()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "keep").write_text("mine")
    (root / "kernels-link").symlink_to(outside)
    ended = cnnkit("cache", "clear", "--json")
    assert (ended.code, ended.json["removed"], ended.json["bytes"]) == (0, 1, 5)
    assert sorted(path.name for path in root.iterdir()) == ["kernels-link", "notes.txt", "photos"]
    assert (outside / "keep").exists()


def test_clear_of_a_cache_that_never_was_is_no_error(cnnkit, monkeypatch, tmp_path):
    monkeypatch.setenv("CNNKIT_CACHE", str(tmp_path / "none"))
    ended = cnnkit("cache", "clear")
    assert ended.code == 0
    assert "Removed 0" in ended.out
    assert not (tmp_path / "none").exists()
