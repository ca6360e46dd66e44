"""Weight files are known by their content, and what is none is told what it is."""

import os
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from torch_files import old_file, state, zip_file

from cnnkit.errors import CheckpointError
from cnnkit.serialize import safe
from cnnkit.serialize.foreign import read
from cnnkit.serialize.foreign.read import read_arrays


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "weights.bin"


def test_every_kind_is_known_whatever_its_name(path, rng):
    told, storages, arrays = state(rng)
    with open(path.with_suffix(".npz"), "wb") as file:
        np.savez(file, **arrays)
    contents = [
        zip_file(told, storages),
        old_file(told, storages),
        path.with_suffix(".npz").read_bytes(),
        safetensors.numpy.save(arrays),
    ]
    for content in contents:
        path.write_bytes(content)
        read, _ = read_arrays(path)
        for name, array in arrays.items():
            np.testing.assert_array_equal(read[name], array)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"\x89HDF\r\n\x1a\n", r"HDF5 file, which cnnkit does not read.*numpy\.savez"),
        (b"\x93NUMPY\x01\x00", "holds one array"),
        (b"\x1f\x8b\x08\x00", "compressed with gzip. Unpack it"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"<!DOCTYPE html>", "is a web page"),
        (b"\x08\x07\x12\x07pytorch", r"not a weight file that cnnkit reads.*\.safetensors, \.npz"),
        (b"", r"is empty \(0 bytes\). Copy it again"),
    ],
)
def test_what_is_no_weight_file_is_told_what_it_is(path, content, match):
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=match):
        read_arrays(path)


def test_a_huge_file_is_refused_unread(path, monkeypatch):
    monkeypatch.setattr(read, "_LARGEST", 1000)
    path.write_bytes(b"PK\x03\x04" + bytes(2000))
    with pytest.raises(CheckpointError, match="has 2,004 bytes, more than any of our networks needs"):
        read_arrays(path)


@pytest.mark.skipif(os.name == "nt", reason="there is no /dev/zero")
def test_a_device_is_refused_unread():
    with pytest.raises(CheckpointError, match="it is a device, not a plain file"):
        read_arrays(Path("/dev/zero"))


def test_a_missing_file_is_named(path):
    with pytest.raises(CheckpointError, match=r"There is no file .*weights\.bin"):
        read_arrays(path)


def test_files_of_ours_are_told_from_others(path, rng):
    _, _, arrays = state(rng)
    assert not safe.is_ours(path)
    path.write_bytes(safetensors.numpy.save(arrays))
    assert not safe.is_ours(path)
    safe.save(path, arrays, {"model": "tiny"})
    assert safe.is_ours(path)
    path.write_bytes(path.read_bytes()[:-3])
    assert safe.is_ours(path)
