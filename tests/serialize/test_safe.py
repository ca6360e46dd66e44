"""Files of arrays: what is saved comes back bit for bit, and whatever was altered is refused."""

import hashlib
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from cnnkit.errors import CheckpointError
from cnnkit.serialize import safe

RECORD = {"model": "tiny", "classes": ["a", 'b "quoted" \\', "ü"], "top1": 0.5}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.safetensors"


def small(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {"w": rng.normal(size=(3, 2)).astype(np.float32), "counter": np.array(2**62 + 1, np.int64)}


def test_what_is_saved_comes_back_bit_for_bit(path, rng):
    arrays = small(rng) | {
        "none": np.zeros((0, 3), np.float32),
        "double": rng.normal(size=5),
        "nan": np.array([np.nan, -0.0, np.inf], np.float32),
        "bytes": np.arange(7, dtype=np.uint8),
        "flags": np.array([True, False]),
    }
    safe.save(path, arrays, RECORD)
    loaded, record = safe.load(path)
    assert record == RECORD and safe.read_record(path) == RECORD
    assert loaded.keys() == arrays.keys()
    for name, array in arrays.items():
        assert loaded[name].shape == array.shape and loaded[name].dtype == array.dtype
        assert loaded[name].tobytes() == array.tobytes()


def test_transposed_strided_and_foreign_views_survive(path, rng):
    w = rng.normal(size=(4, 6)).astype(np.float32)
    arrays = {"t": w.T, "s": w[::2, ::-1], "f": np.asfortranarray(w), "big": w.astype(">f4"), "first": w[:, 0]}
    safe.save(path, arrays, {})
    loaded, _ = safe.load(path)
    for name, array in arrays.items():
        np.testing.assert_array_equal(loaded[name], array)


def test_loaded_arrays_start_on_a_cache_line_and_can_be_written(path, rng):
    safe.save(path, small(rng), {})
    for array in safe.load(path)[0].values():
        assert array.ctypes.data % 64 == 0 and array.flags.writeable and array.flags.c_contiguous


def test_no_more_memory_is_taken_than_for_the_arrays(path, rng):
    size = 1 << 20
    safe.save(path, {f"layer{n}": rng.standard_normal(size // 4).astype(np.float32) for n in range(12)}, {})
    tracemalloc.start()
    try:
        safe.load(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1.1 * 12 * size  # they are read into their places


def test_a_file_tells_its_digest(path, rng):
    safe.save(path, small(rng), RECORD)
    first = safe.told_digest(path)
    assert first.encode() in path.read_bytes()
    safe.save(path, small(rng), RECORD)
    assert safe.told_digest(path) != first


def test_arrays_that_overlap_are_refused_though_the_digest_is_right(path, rng):
    safe.save(path, {"a": rng.normal(size=4), "b": rng.normal(size=4)}, RECORD)
    data = path.read_bytes().replace(b'"data_offsets":[32,64]', b'"data_offsets":[31,64]')
    start = data.index(rb"\"digest\":\"") + len(rb"\"digest\":\"")
    blank = data[:start] + b"0" * 64 + data[start + 64 :]
    path.write_bytes(blank[:start] + hashlib.sha256(blank).hexdigest().encode() + blank[start + 64 :])
    with pytest.raises(CheckpointError, match="belong to no array, or to two"):
        safe.load(path)


def test_the_same_content_gives_the_same_bytes_in_every_process(path, rng):
    """The library orders several metadata by a random hash, so there is only one."""
    code = (
        "import hashlib, numpy as np; from cnnkit.serialize import safe;"
        "data = safe.pack({'b': np.arange(3), 'a': np.ones(2)}, {'z': 1, 'y': [2], 'x': 'w'});"
        "print(hashlib.sha256(data).hexdigest())"
    )
    runs = {subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout for _ in range(3)}
    assert len(runs) == 1


def test_every_flipped_byte_is_caught(path, rng):
    safe.save(path, small(rng), RECORD)
    good = path.read_bytes()
    for i in range(len(good)):
        path.write_bytes(good[:i] + bytes([good[i] ^ 1 << i % 8]) + good[i + 1 :])
        with pytest.raises(CheckpointError):
            safe.load(path)


def test_a_file_cut_at_any_length_is_caught(path, rng):
    safe.save(path, small(rng), RECORD)
    good = path.read_bytes()
    for length in range(len(good)):
        path.write_bytes(good[:length])
        with pytest.raises(CheckpointError):
            safe.load(path)
    path.write_bytes(good + b"\0")
    with pytest.raises(CheckpointError):
        safe.load(path)


def test_a_newer_version_has_its_own_sentence(path, rng, monkeypatch):
    monkeypatch.setattr(safe, "VERSION", 2)
    safe.save(path, small(rng), RECORD)
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match=r"newer cnnkit \(format 2, this one reads up to 1\). Upgrade cnnkit"):
        safe.load(path)


def test_a_header_longer_than_the_file_is_refused_before_memory_is_taken(path):
    path.write_bytes((2**62).to_bytes(8, "little") + b"{}")
    with pytest.raises(CheckpointError, match="header claims"):
        safe.load(path)


def test_huge_claims_are_refused_before_memory_is_taken(path):
    entry = b'{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}'
    header = b'{"__metadata__":{"cnnkit":"{}"},"w":' + entry + b"}"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(CheckpointError, match="arrays claim 4,398,046,511,104 bytes, but 0 follow"):
        safe.load(path)


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"[]",
        b"{",
        b'{"w":3}',
        b"[" * 100_000,
        b'{"__metadata__":{"cnnkit":"[1]"}}',
        b'{"__metadata__":3}',
        b"\xff",
    ],
)
def test_nonsense_is_refused(path, header):
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(CheckpointError):
        safe.load(path)


def test_a_foreign_safetensors_file_is_named_as_such(path):
    path.write_bytes(safetensors.numpy.save({"w": np.zeros(3, np.float32)}))
    with pytest.raises(CheckpointError, match="not one of cnnkit"):
        safe.load(path)


def test_a_pickle_is_not_opened(path):
    path.write_bytes(b"\x80\x04cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(CheckpointError):
        safe.load(path)


def test_a_missing_file_and_a_folder_are_named(path, tmp_path):
    with pytest.raises(CheckpointError, match=r"There is no file .*x\.safetensors"):
        safe.load(path)
    with pytest.raises(CheckpointError, match="cannot be read"):
        safe.load(tmp_path)


def test_the_digest_covers_the_whole_file_with_its_own_digits_as_zeros(path, rng):
    safe.save(path, small(rng), RECORD | {"digest": "1" * 64})
    data = path.read_bytes()
    start = data.index(rb"\"digest\":\"") + len(rb"\"digest\":\"")
    blank = data[:start] + b"0" * 64 + data[start + 64 :]
    assert data[start : start + 64].decode() == hashlib.sha256(blank).hexdigest()
