"""Files of compiled kernels: only what is whole, the user's own and no link is loaded."""

import os
import random
import re
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from cnnkit.kernels.cpu.machine import cache, cache_file
from cnnkit.kernels.cpu.machine.cache_file import MAGIC, Refused, read, write
from cnnkit.kernels.cpu.machine.code.kinds import kinds_of
from cnnkit.kernels.cpu.machine.code.loader import Code
from cnnkit.kernels.cpu.machine.code.settings import DISABLE_JIT
from cnnkit.kernels.cpu.machine.jit import Kernel, inner
from cnnkit.kernels.cpu.machine.threads import parallel_for

PAYLOAD = bytes(range(256)) * 3


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "a.kernel"
    write(file, "a", PAYLOAD)
    return file


def test_what_was_written_is_read_and_nothing_lies_beside(path):
    assert read(path, "a") == PAYLOAD
    assert os.listdir(path.parent) == ["a.kernel"] and path.stat().st_mode & 0o777 == 0o600
    assert read(path.with_name("b.kernel"), "b") is None


def test_every_flipped_bit_is_noticed(path):
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
        with pytest.raises(Refused, match="is damaged"):
            read(path, "a")


@pytest.mark.parametrize("length", [0, 1, len(MAGIC), len(MAGIC) + 31, len(MAGIC) + 32, len(MAGIC) + 32 + 100])
def test_a_file_cut_short_or_grown_is_noticed(path, length):
    whole = path.read_bytes()
    for content in (whole[:length], whole + bytes(length + 1)):
        path.write_bytes(content)
        with pytest.raises(Refused, match="is damaged"):
            read(path, "a")


def test_a_file_of_another_kernel_is_noticed(path):
    with pytest.raises(Refused, match="is damaged"):
        read(path, "b")


def test_files_of_others_are_refused(path, monkeypatch):
    for mode in (0o620, 0o602, 0o666):
        path.chmod(mode)
        with pytest.raises(Refused, match="can be written by others"):
            read(path, "a")
    path.chmod(0o600)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.raises(Refused, match="belongs to another user"):
        read(path, "a")


def test_what_is_no_file_is_refused_without_waiting(path, tmp_path):
    link, pipe, folder = (tmp_path / name for name in ("link", "pipe", "folder"))
    link.symlink_to(path)
    os.mkfifo(pipe)
    folder.mkdir()
    for found, why in ((link, "is a link"), (pipe, "is not a regular file"), (folder, "is not a regular file")):
        with pytest.raises(Refused, match=why):
            read(found, "a")
    os.truncate(path, cache_file.LARGEST + 1)
    with pytest.raises(Refused, match="is larger than any kernel"):
        read(path, "a")


def test_a_link_is_replaced_and_not_followed(tmp_path):
    foreign, link = tmp_path / "foreign", tmp_path / "a.kernel"
    foreign.write_text("precious")
    link.symlink_to(foreign)
    write(link, "a", PAYLOAD)
    assert foreign.read_text() == "precious" and read(link, "a") == PAYLOAD and not link.is_symlink()


def test_a_reader_beside_writers_sees_whole_files_only(path):
    stop = threading.Event()

    def rewrite(byte):
        while not stop.is_set():
            write(path, "a", byte * 5000)

    writers = [threading.Thread(target=rewrite, args=(byte,)) for byte in (b"1", b"2")]
    try:
        for writer in writers:
            writer.start()
        for _ in range(500):
            found = read(path, "a")
            assert found == PAYLOAD or len(set(found)) == 1
    finally:
        stop.set()
        for writer in writers:
            writer.join()


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*paths):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write(tmp_path / "a.kernel", "a", PAYLOAD)
    assert not os.listdir(tmp_path)


@inner
def count_task(y, worker, task):
    y[task] += 1


def count_kernel(y):
    parallel_for(count_task, y.size, (y,))


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """An empty cache folder of this process."""
    monkeypatch.setattr(cache, "_folder", tmp_path)
    monkeypatch.setattr(cache, "_refused", {})
    return tmp_path


def counted():
    """The kernel as a new process would have it: (compiled, loaded) of one call with the right result."""
    kernel, y = Kernel(count_kernel, "count"), np.zeros(7, np.float32)
    kernel(y)
    assert (y == 1).all()
    return kernel.cache.compiled, kernel.cache.loaded


@pytest.mark.skipif(DISABLE_JIT, reason="nothing is compiled")
def test_damage_is_compiled_again_and_told_once(folder):
    assert counted() == (1, 0)
    assert counted() == (0, 1)
    (file,) = folder.iterdir()
    assert file.suffix == ".kernel"
    for spoil in (
        lambda: file.write_bytes(file.read_bytes()[:-1]),
        lambda: file.chmod(0o666),
        lambda: (file.rename(folder / "other"), file.symlink_to(folder / "other")),
        lambda: file.write_bytes(b""),
    ):
        spoil()
        assert counted() == (1, 0)
        note = cache.refused_note()
        assert str(file) in note and "compiled again" in note and cache.refused_note() == ""
        assert counted() == (0, 1) and cache.refused_note() == ""


@pytest.mark.skipif(DISABLE_JIT, reason="nothing is compiled")
@pytest.mark.parametrize("spoiled", ["text", "no names", "nobody's", "another's", "no object", "needs"])
def test_a_payload_that_makes_no_kernel_is_compiled_again(folder, spoiled):
    """Whoever wrote it: the digest is right."""
    counted()
    (file,) = folder.iterdir()
    path, label = Kernel(count_kernel, "count").cache._place(kinds_of([np.zeros(1, np.float32)]))
    code = Code.from_bytes(read(path, label), path.stem)
    payload = {
        "text": b"no kernel",
        "no names": b"{}\n" + code.content,
        "nobody's": b"[]\n" + code.content,
        "another's": code._replace(name="another").to_bytes(),
        "no object": code._replace(content=b"text").to_bytes(),
        "needs": code._replace(needs=["a_function_of_nobody"]).to_bytes(),
    }[spoiled]
    write(file, label, payload)
    assert counted() == (1, 0) and "cannot be loaded" in cache.refused_note()


TRAIN = ["train", "--steps", "2", "--model", "digitnet", "--batch-size", "8", "--augment", "none", "--output"]


@pytest.mark.slow
def test_a_training_beside_flipped_bits_ends_with_the_same_weights(tmp_path):
    """One bit in each of some files: right results, exit 0, compiled again and told once."""

    def train(name):
        env = {**os.environ, "CNNKIT_CACHE": str(tmp_path / "cache")}
        command = [sys.executable, "-m", "cnnkit", *TRAIN, str(tmp_path / name)]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        weights = next(Path(tmp_path / name).glob("weights/best*")).read_bytes()
        return re.sub(rb'"(run|started|created)[^,}]*', b"", weights)[-10000:], done.stderr

    expected, said = train("clean")
    assert "compiled again" not in said
    files = sorted((tmp_path / "cache").glob("kernels-*/*.kernel"))
    rng = random.Random(0)
    for file in rng.sample(files, len(files) // 2):
        content = bytearray(file.read_bytes())
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        file.write_bytes(content)
    found, said = train("damaged")
    assert found == expected and " ".join(said.split()).count("compiled again") == 1
    found, said = train("again")
    assert found == expected and "compiled again" not in said
