"""Pipes, devices and files without end, wherever a file is expected: refused in words, and never waited for."""

import os
import signal

import numpy as np
import pytest

from cnnkit.data.sets.idx_files import class_names
from cnnkit.engine.run.find import newest_run
from cnnkit.engine.run.folder import Run
from cnnkit.engine.use.load import SHIPPED, load
from cnnkit.errors import CheckpointError, DataError


@pytest.fixture(autouse=True)
def bell():
    """What waits for ever is ended after ten seconds."""

    def ring(*_):
        raise TimeoutError("it waits")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(10)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(params=["pipe", "device", "larger"])
def odd(request, tmp_path):
    """A path whose content never ends, and the word for it."""
    path = tmp_path / "odd.safetensors"
    if request.param == "pipe":
        os.mkfifo(path)
    elif request.param == "device":
        path.symlink_to("/dev/zero")
    else:
        path.touch()
        os.truncate(path, 1 << 40)
    return path, request.param


@pytest.mark.parametrize(
    "words",
    [
        ["predict", "x.png", "--model", "{}"],
        ["evaluate", "{}"],
        ["train", "--weights", "{}"],
        ["weights", "convert", "{}", "out.safetensors", "--model", "resnet20"],
        ["train", "--config", "{}"],
    ],
)
def test_a_weight_file_or_a_configuration(cnnkit, odd, words):
    path, kind = odd
    ended = cnnkit(*(word.format(path) for word in words))
    assert ended.code in (2, 3) and str(path) in ended.err
    assert kind in ended.err or "bytes" in ended.err or "not a weight file" in ended.err
    assert "Errno" not in ended.err and "fault" not in ended.err


def test_a_list_of_class_names(cnnkit, odd):
    np.savez("w.npz", a=np.zeros(3))
    ended = cnnkit("weights", "convert", "w.npz", "o.safetensors", "--model", "resnet20", "--classes", odd[0])
    assert ended.code == 3


def test_files_of_a_run(cnnkit, odd, tmp_path):
    path, _ = odd
    run = Run(tmp_path / "runs" / "one")
    run.best.parent.mkdir(parents=True)
    run.best.write_bytes(SHIPPED.read_bytes())
    run.states.mkdir()
    for place in (run.manifest, run.result):
        os.rename(path, place)
        assert newest_run(tmp_path / "runs") is None
        assert run.read_result() is None
        os.rename(place, path)
    os.rename(path, run.config)
    ended = cnnkit("train", "--resume", run.path)
    assert ended.code == 2 and "config.toml cannot be read" in ended.err and "Errno" not in ended.err
    os.rename(run.config, run.states / "step-00000001.safetensors")
    ended = cnnkit("train", "--resume", run.path)
    assert ended.code == 3 and "No checkpoint" in ended.err


def test_lists_of_names_beside_data(cnnkit, odd, tmp_path):
    os.rename(odd[0], tmp_path / "classes.txt")
    if odd[1] == "larger":
        with pytest.raises(DataError, match="it is larger than"):
            class_names(tmp_path / "train-images-idx3-ubyte")
    else:
        assert class_names(tmp_path / "train-images-idx3-ubyte") == ([], 0)


def test_absurd_headers_are_refused_in_linear_time(tmp_path):
    entry = b'"%d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'
    row = [entry % number for number in range(200_000)]
    for about in (b"", b'"__metadata__":{"cnnkit":"{}"},'):
        header = b"{" + about + b",".join(row) + b"}"
        path = tmp_path / "many.safetensors"
        path.write_bytes(len(header).to_bytes(8, "little") + header)
        with pytest.raises(CheckpointError, match="claims more than 20,000 arrays"):
            load(path)
    for header in (b'{"__metadata__":{"cnnkit":' + b"[" * 100_000, b"{" + b'"a":{' * 100_000):
        path.write_bytes(len(header).to_bytes(8, "little") + header)
        with pytest.raises(CheckpointError):
            load(path)
