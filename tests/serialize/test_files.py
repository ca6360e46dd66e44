"""The layer of durable writes: whole or not at all, with errors that say what to do."""

import errno
import os
import socket
from pathlib import Path

import pytest

from cnnkit.errors import ResourceError, UsageError
from cnnkit.serialize import files

PRIMITIVES = ("_write", "_fsync", "_replace", "_truncate")


def failing(monkeypatch, name: str, code: int) -> None:
    def fail(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(files, name, fail)


@pytest.mark.parametrize("name", ["_write", "_fsync", "_replace"])
def test_a_failing_step_leaves_the_old_file_and_nothing_beside(tmp_path, monkeypatch, name):
    path = tmp_path / "x"
    files.write_atomic(path, b"old")
    failing(monkeypatch, name, errno.EIO)
    with pytest.raises(ResourceError, match=r"Writing .* failed"):
        files.write_atomic(path, b"new")
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["x"]


def test_a_full_disk_says_so_and_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x"
    files.write_atomic(path, b"old")
    failing(monkeypatch, "_write", errno.ENOSPC)
    with pytest.raises(ResourceError, match=r"no room to write .*Free some space"):
        files.write_atomic(path, b"new")
    assert path.read_bytes() == b"old"


def test_short_writes_are_continued(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_write", lambda descriptor, data: os.write(descriptor, data[:3]))
    files.write_atomic(tmp_path / "x", b"0123456789")
    assert (tmp_path / "x").read_bytes() == b"0123456789"


def test_the_order_is_write_fsync_rename_fsync_of_the_folder(tmp_path, monkeypatch):
    calls = []
    for name in PRIMITIVES:
        real = getattr(files, name)
        monkeypatch.setattr(files, name, lambda *a, real=real, name=name: (calls.append(name), real(*a))[1])
    files.write_atomic(tmp_path / "x", b"new")
    assert calls == ["_write", "_fsync", "_replace", "_fsync"]


def test_append_returns_the_length_and_a_failure_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "log"
    assert files.append(path, b"one\n") == 4
    assert files.append(path, b"two\n") == 8

    def half(descriptor, data):
        os.write(descriptor, data[:2])
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(files, "_write", half)
    with pytest.raises(ResourceError):
        files.append(path, b"three\n")
    assert path.read_bytes() == b"one\ntwo\n"


def test_cut_back_drops_the_rest_and_never_lengthens(tmp_path):
    path = tmp_path / "log"
    files.append(path, b"0123456789")
    files.cut_back(path, 4)
    assert path.read_bytes() == b"0123"
    files.cut_back(path, 9)
    assert path.read_bytes() == b"0123"
    files.cut_back(tmp_path / "missing", 3)
    assert not (tmp_path / "missing").exists()


def test_a_folder_is_claimed_by_one(tmp_path):
    files.make_folder(tmp_path / "a" / "b")
    with pytest.raises(FileExistsError):
        files.make_folder(tmp_path / "a" / "b")


def test_a_folder_that_is_taken_is_not_replaced(tmp_path):
    for name in ("new", "taken"):
        files.make_folder(tmp_path / name)
        files.write_atomic(tmp_path / name / "x", name.encode())
    with pytest.raises(FileExistsError):
        files.move_folder(tmp_path / "new", tmp_path / "taken")
    assert (tmp_path / "taken" / "x").read_bytes() == b"taken"
    files.move_folder(tmp_path / "new", tmp_path / "free")
    assert (tmp_path / "free" / "x").read_bytes() == b"new"


def test_a_folder_without_permission_is_a_wrong_output(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(UsageError, match=r"cannot be written \(Permission denied\). Choose another folder"):
        files.write_atomic(Path(tmp_path / "x"), b"")


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path):
    files.write_atomic(tmp_path / "x", b"")
    with pytest.raises((UsageError, FileExistsError)):
        files.make_folder(tmp_path / "x" / "y")


def test_removing_what_is_gone_is_no_error(tmp_path):
    files.write_atomic(tmp_path / "x", b"")
    files.remove(tmp_path / "x")
    files.remove(tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_only_a_plain_file_of_the_agreed_size_is_read(tmp_path):
    (tmp_path / "plain").write_bytes(b"0123456789")
    assert files.read_whole(tmp_path / "plain", 10) == b"0123456789"
    with pytest.raises(OSError, match="it is larger than the 9 bytes that are read of such a file"):
        files.read_whole(tmp_path / "plain", 9)
    os.truncate(tmp_path / "plain", 1 << 40)  # a sparse file takes no room
    with pytest.raises(OSError, match="it is larger than the 1,000 bytes"):
        files.read_whole(tmp_path / "plain", 1000)
    with pytest.raises(IsADirectoryError, match="it is a folder"):
        files.read_whole(tmp_path, 10)
    with pytest.raises(FileNotFoundError):
        files.read_whole(tmp_path / "missing", 10)


def test_what_would_wait_or_never_end_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    os.symlink("/dev/zero", tmp_path / "zeros")
    os.symlink("loop", tmp_path / "loop")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        for name, why in (("pipe", "pipe"), ("zeros", "device"), ("socket", "socket"), ("loop", "symbolic links")):
            with pytest.raises(OSError, match=why) as caught:
                files.read_whole(tmp_path / name, 10)
            assert caught.value.strerror


def test_a_file_that_does_not_know_its_length_is_read_to_its_end():
    assert files.read_whole(Path("/proc/self/status"), 1 << 20).startswith(b"Name:")


def linked(tmp_path):
    """Somebody's file, and a link to it where one of ours belongs."""
    (tmp_path / "foreign").write_bytes(b"somebody's")
    (tmp_path / "x").symlink_to(tmp_path / "foreign")
    return tmp_path / "x"


def test_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path):
    path = linked(tmp_path)
    files.write_atomic(path, b"ours")
    assert path.read_bytes() == b"ours" and not path.is_symlink()
    assert (tmp_path / "foreign").read_bytes() == b"somebody's"


@pytest.mark.parametrize("write", [lambda path: files.append(path, b"more"), lambda path: files.cut_back(path, 3)])
def test_nothing_is_added_or_cut_through_a_link(tmp_path, write):
    path = linked(tmp_path)
    with pytest.raises(UsageError, match=r"x is a link, and nothing is written through a link. Remove it\."):
        write(path)
    assert (tmp_path / "foreign").read_bytes() == b"somebody's"
    path.unlink()
    path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="is a link"):
        write(path)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("write", [lambda path: files.append(path, b"!"), lambda path: files.cut_back(path, 3)])
def test_a_twin_of_a_file_is_parted_from_it_first(tmp_path, write):
    (tmp_path / "foreign").write_bytes(b"somebody's")
    os.link(tmp_path / "foreign", tmp_path / "x")
    write(tmp_path / "x")
    assert (tmp_path / "foreign").read_bytes() == b"somebody's"
    assert (tmp_path / "x").read_bytes() in (b"somebody's!", b"som")


def test_a_pipe_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "x")
    with pytest.raises(UsageError, match="is a pipe or a device, not a plain file"):
        files.write_atomic(tmp_path / "x", b"ours")
    assert [path.name for path in tmp_path.iterdir()] == ["x"] and (tmp_path / "x").is_fifo()


@pytest.mark.parametrize("write", [lambda path: files.append(path, b"more"), lambda path: files.cut_back(path, 3)])
def test_a_pipe_is_not_written_to(tmp_path, write):
    os.mkfifo(tmp_path / "x")
    with pytest.raises(UsageError, match="it is a pipe or a device, not a plain file"):
        write(tmp_path / "x")


def test_the_file_beside_is_new_whatever_lies_there(tmp_path, monkeypatch):
    monkeypatch.setattr(files.secrets, "token_hex", lambda n: "guessed")
    (tmp_path / "foreign").write_bytes(b"somebody's")
    (tmp_path / ".x.guessed.tmp").symlink_to(tmp_path / "foreign")
    with pytest.raises((UsageError, ResourceError)):
        files.write_atomic(tmp_path / "x", b"ours")
    assert (tmp_path / "foreign").read_bytes() == b"somebody's"


def test_a_long_name_can_be_written_beside(tmp_path):
    for name in ("n" * 255, "\N{CAT FACE}" * 63):
        files.write_atomic(tmp_path / name, b"ours")
        assert (tmp_path / name).read_bytes() == b"ours"


def test_what_a_kill_left_is_swept_and_nothing_else(tmp_path):
    (tmp_path / "foreign").write_bytes(b"somebody's")
    (tmp_path / ".x.0123.tmp").write_bytes(b"half")
    (tmp_path / ".y.tmp").symlink_to(tmp_path / "foreign")
    (tmp_path / ".folder.tmp").mkdir()
    (tmp_path / "z.tmp").write_bytes(b"")
    files.sweep(tmp_path)
    files.sweep(tmp_path / "missing")
    assert sorted(os.listdir(tmp_path)) == [".folder.tmp", "foreign", "z.tmp"]
    assert (tmp_path / "foreign").read_bytes() == b"somebody's"
