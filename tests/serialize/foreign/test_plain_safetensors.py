"""Safetensors files of others: every byte belongs to one array, every name stands once."""

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from cnnkit.errors import CheckpointError
from cnnkit.serialize.foreign.read import read_arrays


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.safetensors"


def written(path: Path, header: object, payload: bytes = b"") -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + payload)


def entry(begin: int, end: int, *, dtype: object = "F32", shape: object = None) -> dict[str, object]:
    return {"dtype": dtype, "shape": [(end - begin) // 4] if shape is None else shape, "data_offsets": [begin, end]}


def test_what_the_library_saved_comes_back(path, rng):
    arrays = {
        "w": rng.normal(size=(3, 2)).astype(np.float32),
        "double": rng.normal(size=3),
        "half": np.ones(2, np.float16),
        "counter": np.array(7),
        "none": np.zeros((0, 2), np.float32),
    }
    path.write_bytes(safetensors.numpy.save(arrays, metadata={"format": "pt"}))
    read, notes = read_arrays(path)
    assert notes == [] and read.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(read[name], array)
        assert read[name].shape == array.shape and read[name].dtype == array.dtype


def test_bfloat16_is_widened(path):
    values = np.array([1.5, -2.0, 0.1], np.float32)
    halves = (values.view(np.uint32) >> 16).astype("<u2")
    written(path, {"w": entry(0, 6, dtype="BF16", shape=[3])}, halves.tobytes())
    read, _ = read_arrays(path)
    # bfloat16 has eight bits of mantissa, the hidden one among them, and these were cut off, not rounded.
    np.testing.assert_allclose(read["w"], values, rtol=2**-7)
    assert read["w"].dtype == np.float32


@pytest.mark.parametrize(
    ("header", "payload", "match"),
    [
        ({"w": entry(0, 2**42, shape=[2**40])}, b"", "has 0 bytes in w, which do not make"),
        ({"w": entry(0, 16, shape=[2**60])}, bytes(16), "are invalid"),
        ({"w": entry(0, 16, shape=[-4])}, bytes(16), "are invalid"),
        ({"w": entry(0, 16, shape=[4.0])}, bytes(16), "are invalid"),
        ({"w": entry(0, 16, shape=[1] * 17)}, bytes(16), "are invalid"),
        ({"w": entry(0, 16, shape=[3])}, bytes(16), "do not make"),
        ({"w": entry(4, 20)}, bytes(20), "belong to no array"),
        ({"w": entry(0, 16), "v": entry(8, 24)}, bytes(24), "belong to no array, or to two"),
        ({"w": entry(0, 16)}, bytes(20), "claim 16 bytes, but 20 follow"),
        ({"w": entry(0, 16)}, bytes(12), "do not make|claim"),
        ({"w": entry(0, 16, dtype="F8_E4M3")}, bytes(16), "as F8_E4M3, which cnnkit does not read"),
        ({"w": entry(0, 16, dtype=["F32"])}, bytes(16), "damaged"),
        ({"w": {"dtype": "F32", "shape": [4]}}, bytes(16), "damaged"),
        ({"w": 3}, b"", "damaged"),
        ({}, b"", "holds no arrays"),
        ({"__metadata__": {}}, b"", "holds no arrays"),
        (b"{", b"", "damaged"),
        (b'{"w":' + b"[" * 100_000, b"", "damaged"),
        (b'{"w":' + b"9" * 10_000 + b"}", b"", "damaged"),
        (b'{"w":1,"w":2}', b"", "has the name w twice"),
    ],
)
def test_false_claims_are_refused(path, header, payload, match):
    written(path, header, payload)
    with pytest.raises(CheckpointError, match=match):
        read_arrays(path)


def test_a_header_longer_than_the_file_is_refused(path):
    path.write_bytes((2**62).to_bytes(8, "little") + b"{}")
    with pytest.raises(CheckpointError, match="header claims 4,611,686,018,427,387,904"):
        read_arrays(path)


def test_a_file_cut_anywhere_is_refused(path, rng):
    good = safetensors.numpy.save({"w": rng.normal(size=(2, 3)), "b": np.zeros(2, np.float32)})
    for length in range(len(good)):
        path.write_bytes(good[:length])
        with pytest.raises(CheckpointError):
            read_arrays(path)
