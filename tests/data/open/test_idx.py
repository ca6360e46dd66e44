"""Folders of idx files as others name them: EMNIST's prefixes, labels from 1, images on their side."""

import gzip
import struct

import numpy as np
import pytest

from cnnkit.data.check.check import check
from cnnkit.data.open.source import open_data
from cnnkit.data.sets.idx_files import find_idx_files
from cnnkit.errors import DataError


def save(folder, prefix, labels, parts=("train", "test"), height=8, width=8):
    """Random images whose first row is white, with these labels in each part."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, part in enumerate(parts):
        images = np.random.default_rng(seed).integers(0, 200, (len(labels), height, width), np.uint8)
        images[:, 0] = 255
        content = struct.pack(">4I", 2051, *images.shape) + images.tobytes()
        (folder / f"{prefix}{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(content))
        content = struct.pack(">2I", 2049, len(labels)) + bytes(labels)
        (folder / f"{prefix}{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(content))
    return folder


def test_prefixed_names_are_found_and_labels_may_count_from_1(tmp_path):
    splits = open_data(save(tmp_path / "letters", "letters-", [1, 2, 3] * 6))
    assert splits.classes == ["1", "2", "3"] and splits.test.labels().tolist() == [0, 1, 2] * 6
    assert any("labels count from 1 to 3" in note for note in splits.notes)
    assert len(splits.test) == 18 and (splits.test[0].image[0] == 255).all()


def test_images_of_emnist_are_turned_upright_and_named_by_its_mapping(tmp_path):
    folder = save(tmp_path / "gzip", "emnist-letters-", [1, 2, 3] * 6)
    (folder / "emnist-letters-mapping.txt").write_text("1 65 97\n2 66 98\n3 67 99\n")
    splits = open_data(folder)
    assert splits.classes == ["A", "B", "C"] and splits.test.labels().tolist() == [0, 1, 2] * 6
    assert (splits.test[0].image[:, 0] == 255).all() and not (splits.test[0].image[0] == 255).all()
    assert any("turned upright" in note for note in splits.notes)


def test_of_several_sets_in_a_folder_one_is_asked_for(tmp_path):
    folder = tmp_path / "gzip"
    save(folder, "emnist-letters-", [1, 2, 3] * 6)
    save(folder, "emnist-digits-", [0, 1] * 9)
    with pytest.raises(DataError, match=r"2 data sets: emnist-digits, emnist-letters. Name one .*gzip/emnist-digits"):
        open_data(folder)
    splits = open_data(folder / "emnist-digits")
    assert splits.classes == ["0", "1"] and splits.name == "emnist-digits"
    assert check(folder / "emnist-letters").ok
    with pytest.raises(DataError, match="no data folder or file"):
        open_data(folder / "emnist-byclass")


def test_the_folders_of_torchvision_and_of_the_archive_are_looked_into(tmp_path):
    for below in ("gzip", "EMNIST/raw", "FashionMNIST/raw", "KMNIST/raw"):
        top = tmp_path / below.replace("/", "-")
        save(top / below, "", [0, 1] * 9, parts=("train", "t10k"))
        assert len(find_idx_files(top)) == 4


def test_a_validation_part_is_used_as_it_is(tmp_path):
    splits = open_data(save(tmp_path / "data", "", [0, 1] * 9, parts=("train", "valid", "t10k")))
    assert [len(splits.train), len(splits.val), len(splits.test)] == [18, 18, 18]


@pytest.mark.parametrize("labels", [[2, 3] * 9, [1, 3] * 9])
def test_labels_with_gaps_are_refused(tmp_path, labels):
    with pytest.raises(DataError, match=r"no training image for|Labels count from 0"):
        open_data(save(tmp_path / "data", "", labels))


def test_a_small_file_that_unpacks_to_very_much_takes_no_memory(tmp_path, monkeypatch):
    folder = save(tmp_path / "data", "", [0, 1] * 9)
    size = 250_000_000
    packer = gzip.GzipFile(folder / "train-images-idx3-ubyte.gz", "wb", 1)
    packer.write(struct.pack(">4I", 2051, size // 10_000, 100, 100))
    for _ in range(size // 10_000_000):
        packer.write(bytes(10_000_000))
    packer.close()
    monkeypatch.setattr(np, "empty", None)
    with pytest.raises(DataError, match=r"claims to unpack to 250,000,000, more than the limit"):
        open_data(folder)


@pytest.mark.parametrize("content", ["1 65\n3 66\n", "a b\n", "1\n", "1 99999999999\n"])
def test_a_mapping_that_makes_no_sense_is_refused(tmp_path, content):
    folder = save(tmp_path / "data", "emnist-", [1, 2] * 9)
    (folder / "emnist-mapping.txt").write_text(content)
    with pytest.raises(DataError, match=r"emnist-mapping\.txt"):
        open_data(folder)
