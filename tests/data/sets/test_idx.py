import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from cnnkit.data.open.source import open_data
from cnnkit.data.sets.idx import looks_like_digits, read_idx_images, read_idx_labels
from cnnkit.data.sets.idx_files import find_idx_files
from cnnkit.errors import DataError


def images_bytes(n=3, height=4, width=5, magic=2051, data=None):
    data = bytes(i % 256 for i in range(n * height * width)) if data is None else data
    return struct.pack(">4I", magic, n, height, width) + data


def labels_bytes(labels, magic=2049):
    return struct.pack(">2I", magic, len(labels)) + bytes(labels)


def gzipped(content):
    """Without the time of packing: a test's name shows the bytes, and must be the same in all processes of a run."""
    return gzip.compress(content, mtime=0)


def idx_folder(folder: Path, labels, test_labels=(0, 1), height=6, width=6):
    folder.mkdir(exist_ok=True)
    for part, part_labels in (("train", labels), ("t10k", test_labels)):
        images = images_bytes(len(part_labels), height, width)
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels_bytes(part_labels)))
    return folder


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_images_and_labels_come_back_plain_or_gzipped(tmp_path, pack):
    (tmp_path / "i").write_bytes(pack(images_bytes()))
    (tmp_path / "l").write_bytes(pack(labels_bytes([3, 1, 2])))
    images = read_idx_images(tmp_path / "i")
    assert images.shape == (3, 4, 5, 1) and images.dtype == np.uint8
    np.testing.assert_array_equal(images.ravel(), np.arange(60))
    np.testing.assert_array_equal(read_idx_labels(tmp_path / "l"), [3, 1, 2])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "ends within its header"),
        (images_bytes()[:10], "ends within its header"),
        (images_bytes(magic=2052), "magic number 2052, expected 2051"),
        (labels_bytes([1, 2, 3, 4, 5, 6, 7, 8]), "It holds labels, not images"),
        (images_bytes()[:-1], "the header promises 60 bytes of data, but the file has 75"),
        (images_bytes() + b"x", "the header promises 60 bytes of data, but the file has 77"),
        (images_bytes(n=2**32 - 1, height=28, width=28, data=b""), "the header promises 3367254359280 bytes"),
        (images_bytes(n=1, height=0, width=5, data=b""), "images of 0x5 pixels"),
        (images_bytes(n=1, height=70000, width=70000, data=b""), "images of 70000x70000 pixels"),
        (gzipped(images_bytes()[:-1]), "fewer than the 60 bytes"),
        (gzipped(images_bytes() + b"x"), "more than the 60 bytes"),
        (gzipped(images_bytes())[:-9], "cannot be read"),
        (gzipped(images_bytes(n=2**32 - 1, height=28, width=28, data=b"")), "promises 3367254359280 bytes"),
        (b"\x1f\x8b nonsense", "cannot be read"),
    ],
)
def test_a_wrong_file_is_refused_with_what_was_wrong(tmp_path, content, message):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_idx_images(tmp_path / "file")


def test_a_gzip_bomb_is_not_inflated_beyond_what_its_header_promises(tmp_path, monkeypatch):
    bomb = images_bytes() + bytes(50_000_000)
    (tmp_path / "file").write_bytes(gzip.compress(bomb))
    taken = []
    empty = np.empty
    monkeypatch.setattr(np, "empty", lambda shape, dtype: taken.append(np.prod(shape)) or empty(shape, dtype))
    with pytest.raises(DataError, match="more than the 60 bytes"):
        read_idx_images(tmp_path / "file")
    assert taken == [60]


def test_each_flipped_byte_of_a_gzipped_file_is_caught_or_harmless(tmp_path):
    content = bytearray(gzip.compress(images_bytes(), mtime=0))
    path = tmp_path / "file"
    for i in range(len(content)):
        damaged = content.copy()
        damaged[i] ^= 0x40
        path.write_bytes(damaged)
        try:
            images = read_idx_images(path)
        except DataError:
            continue
        # The header's time and system, and the bits that fill up the last byte, carry no data.
        np.testing.assert_array_equal(images.ravel(), np.arange(60))


@pytest.mark.parametrize(
    "name", ["train-images-idx3-ubyte.gz", "train-images.idx3-ubyte", "train-images-idx3-ubyte", "train_images.gz"]
)
def test_the_usual_spellings_of_a_name_are_found(tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    assert find_idx_files(tmp_path) == {("train", "images"): tmp_path / name}


def test_the_raw_folder_below_is_found_and_a_plain_file_goes_before_its_packed_twin(tmp_path):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in ("t10k-labels-idx1-ubyte.gz", "t10k-labels-idx1-ubyte"):
        (raw / name).write_bytes(b"")
    assert find_idx_files(tmp_path) == {("test", "labels"): raw / "t10k-labels-idx1-ubyte"}


def test_labels_beyond_the_training_classes_are_refused(tmp_path):
    folder = idx_folder(tmp_path / "data", [0, 1] * 8, test_labels=[0, 7])
    with pytest.raises(DataError, match=r"labels run from 0 to 7, but there are 2 classes"):
        open_data(folder)


def test_a_gap_among_the_labels_is_taken_for_labels_out_of_range(tmp_path):
    folder = idx_folder(tmp_path / "data", [0, 1] * 8 + [255])
    with pytest.raises(DataError, match=r"no training image for 253 of 256 classes"):
        open_data(folder)


def test_one_class_alone_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"a classifier needs at least two"):
        open_data(idx_folder(tmp_path / "data", [0] * 8, [0, 0]))


def test_unequal_numbers_of_images_and_labels_are_refused(tmp_path):
    folder = idx_folder(tmp_path / "data", [0, 1] * 8)
    (folder / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels_bytes([0, 1] * 7)))
    with pytest.raises(DataError, match=r"holds 16 images, but .* 14 labels"):
        open_data(folder)


def test_a_missing_half_is_named(tmp_path):
    folder = idx_folder(tmp_path / "data", [0, 1] * 8)
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match="the test part has no labels file"):
        open_data(folder)


def test_class_names_come_from_a_file_beside(tmp_path):
    folder = idx_folder(tmp_path / "data", [0, 1] * 8)
    (folder / "classes.txt").write_text("shoe\nhat\n")
    assert open_data(folder).classes == ["shoe", "hat"]


def test_a_missing_test_part_is_split_off_and_told(tmp_path):
    folder = idx_folder(tmp_path / "data", [0, 1] * 20)
    for path in folder.glob("t10k*"):
        path.unlink()
    splits = open_data(folder)
    assert len(splits.test) == 8 and any("no test part" in note for note in splits.notes)


def test_noise_does_not_look_like_digits(rng):
    assert not looks_like_digits(rng.integers(0, 256, (50, 28, 28, 1), np.uint8))


def test_the_real_mnist(shared, no_network):
    splits = open_data(shared / "data" / "mnist")
    assert [len(splits.train), len(splits.val), len(splits.test)] == [54001, 5999, 10000]
    assert splits.preprocessing.fit == "digit" and not splits.mirror and splits.name == "mnist"
    assert splits.preprocessing.mean == (0.1307,) and splits.preprocessing.std == (0.3081,)


def test_pixels_of_0_and_1_are_scaled_in_all_parts(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    for part, labels in (("train", [0, 1] * 8), ("t10k", [0, 1])):
        content = images_bytes(len(labels), 6, 6, data=bytes(i % 2 for i in range(36 * len(labels))))
        (folder / f"{part}-images-idx3-ubyte").write_bytes(content)
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(labels_bytes(labels))
    splits = open_data(folder)
    assert set(np.unique(splits.train[0].image)) == set(np.unique(splits.test[0].image)) == {0, 255}
    assert splits.preprocessing.white == 1 and "from 0 to 1: scaled" in splits.notes[0]
