"""Arrays of numpy come back as they are; pickles, records and false claims are refused."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from cnnkit.errors import CheckpointError
from cnnkit.serialize.foreign.npz import read_npz


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.npz"


def written(path: Path, header: str, content: bytes, name: str = "w.npy", version: bytes = b"\x01\x00") -> None:
    """An archive with one array whose header says what we want."""
    length = len(header).to_bytes(2 if version == b"\x01\x00" else 4, "little")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b"\x93NUMPY" + version + length + header.encode() + content)


def header(dtype: str, shape: str) -> str:
    return f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}, }}\n"


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_numpy_saved_comes_back(path, rng, save):
    arrays = {
        "conv.weight": rng.normal(size=(3, 2, 4)).astype(np.float32),
        "fortran": np.asfortranarray(rng.normal(size=(3, 2))),
        "big": rng.normal(size=3).astype(">f4"),
        "half": np.ones(3, np.float16),
        "scalar": np.array(2.5),
        "counter": np.array(3),
        "flags": np.array([True, False]),
        "none": np.zeros((0, 3), np.float32),
    }
    save(path, **arrays)
    read = read_npz(path)
    assert read.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(read[name], array)
        assert read[name].dtype == array.dtype.newbyteorder("=")


def test_pickled_objects_are_refused(path):
    np.savez(path, w=np.array([{}, None], object))
    with pytest.raises(CheckpointError, match=r"holds pickled objects in w\.npy: it is not opened.*astype\(str\)"):
        read_npz(path)


@pytest.mark.parametrize(
    "array", [np.zeros(2, [("a", "f4")]), np.array(["text"]), np.zeros(2, "M8[s]"), np.zeros(2, complex)]
)
def test_what_is_no_plain_number_is_refused(path, array):
    np.savez(path, w=array)
    with pytest.raises(CheckpointError, match=r"holds no plain numbers in w\.npy"):
        read_npz(path)


@pytest.mark.parametrize(
    ("dtype", "shape", "content"),
    [
        ("'<f4'", "(1099511627776,)", b""),
        ("'<f4'", "(4,)", bytes(12)),
        ("'<f4'", "(4,)", bytes(20)),
        ("'<f4'", "(-4,)", bytes(16)),
        ("'<f4'", "(True,)", bytes(4)),
        ("'<f4'", "(2.0,)", bytes(8)),
        ("'<f4'", f"({'9' * 3000},)", b""),
        ("'<f4'", "(" + "65536, " * 20 + ")", b""),
        ("'<f99'", "(4,)", bytes(16)),
        ("__import__('os').system('true')", "(4,)", bytes(16)),
        ("'<f4'", "(" * 300 + ")" * 300, b""),
        ("'V2147483647'", "(4,)", b""),
    ],
)
def test_false_claims_are_refused_before_memory_is_taken(path, dtype, shape, content):
    written(path, header(dtype, shape), content)
    with pytest.raises(CheckpointError):
        read_npz(path)


def test_a_header_of_python_2_is_read(path):
    written(path, header("'<f4'", "(2L,)"), bytes(8))
    assert read_npz(path)["w"].shape == (2,)


@pytest.mark.parametrize("version", [b"\x03\x00", b"\x09\x00"])
def test_unknown_versions_are_refused(path, version):
    written(path, header("'<f4'", "(2,)"), bytes(8), version=version)
    with pytest.raises(CheckpointError, match="version of NumPy's format that cnnkit does not read"):
        read_npz(path)


def test_a_huge_header_is_refused(path):
    written(path, header("'<f4'", "(2,)") + " " * 10**6, bytes(8), version=b"\x02\x00")
    with pytest.raises(CheckpointError, match=r"has a header in .* that cannot be read"):
        read_npz(path)


def test_other_members_and_empty_archives_are_refused(path):
    written(path, header("'<f4'", "(2,)"), bytes(8), name="w.txt")
    with pytest.raises(CheckpointError, match=r"has a member w\.txt, which is not a NumPy array"):
        read_npz(path)
    np.savez(path)
    with pytest.raises(CheckpointError, match="holds no arrays"):
        read_npz(path)


def test_a_bomb_of_zeros_is_refused(path):
    np.savez_compressed(path, **{f"w{i}": np.zeros(2**20, np.float32) for i in range(30)})
    with pytest.raises(CheckpointError, match="zip bomb"):
        read_npz(path)


def test_a_file_cut_or_flipped_anywhere_is_refused_or_harmless(path, rng):
    file = io.BytesIO()
    np.savez(file, w=rng.normal(size=(2, 3)).astype(np.float32), b=np.zeros(2))
    good = file.getvalue()
    for place in range(len(good)):
        path.write_bytes(good[:place])
        with pytest.raises(CheckpointError):
            read_npz(path)
        path.write_bytes(good[:place] + bytes([good[place] ^ (1 << int(rng.integers(8)))]) + good[place + 1 :])
        try:
            read = read_npz(path)
        except CheckpointError:
            continue
        assert sum(array.nbytes for array in read.values()) < 1000


def test_text_is_read_only_where_it_is_asked_for(tmp_path):
    np.savez(tmp_path / "a.npz", names=np.array(["ant", "bee"]), bytes=np.array([b"ant"]))
    with pytest.raises(CheckpointError, match=r"holds no plain numbers in names\.npy"):
        read_npz(tmp_path / "a.npz")
    arrays = read_npz(tmp_path / "a.npz", text=True)
    assert arrays["names"].tolist() == ["ant", "bee"] and arrays["bytes"].tolist() == [b"ant"]


@pytest.mark.parametrize(
    "text", ["[" * 3000, "(" * 150, "-" * 9000 + "1", "{'descr': " + "[" * 99, "'" * 99, "\\", "1\n 2"]
)
def test_a_header_that_python_cannot_parse_is_refused(path, text):
    written(path, text + "\n", b"")
    with pytest.raises(CheckpointError, match=r"x\.npz"):
        read_npz(path)
