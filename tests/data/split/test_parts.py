"""What a run keeps of its parts: one list, whatever the data set, and a fingerprint that old runs still match."""

import numpy as np
import pytest
from PIL import Image

from cnnkit.data.open.source import open_data
from cnnkit.data.open.splits import split_parts
from cnnkit.data.sets.synthetic import synthetic
from cnnkit.data.split.parts import Item, from_csv, match, parts_of, to_csv


def arrays(seed=0):
    return split_parts(
        synthetic(30, 3, 8, seed=seed), None, None, found="synthetic", notes=[], seed=1, val_fraction=0.2
    )


def test_the_list_comes_back_as_it_was():
    parts = parts_of(arrays())
    assert from_csv(to_csv(parts)) == parts
    odd = {"train": [Item('a,"b"\nc', "0" * 16)], "val": [Item("\udcff", "1" * 16)], "test": []}
    assert from_csv(to_csv(odd)) == odd


@pytest.mark.parametrize("text", [b"", b"a,b,c\n", b"part,item,digest\nother,a,b\n", b'part,item,digest\ntrain,"a'])
def test_another_text_is_no_list(text):
    with pytest.raises(ValueError, match=r"line|end of data"):
        from_csv(text)


def test_equal_images_are_told_apart_by_their_class_and_place():
    splits = arrays()
    parts = parts_of(splits)
    assert [len(parts[name]) for name in ("train", "val", "test")] == [len(splits.train), len(splits.val), 6]
    found = match(parts, "val", splits)
    assert [place.index for place in found.places] == splits.val.dataset.indices[splits.val.indices].tolist()


def test_two_copies_of_a_picture_are_two_samples():
    splits = arrays()
    images = splits.train.dataset.dataset.images
    images[:] = images[:1]
    found = match(parts_of(splits), "test", splits)
    assert (len(found.places), found.gone, found.changed, found.new) == (6, 0, 0, 0)


def test_the_checksum_of_a_folder_is_the_one_that_older_versions_noted(tmp_path):
    for kind in ("a", "b"):
        (tmp_path / kind).mkdir()
        for i in range(6):
            pixels = np.random.default_rng(i).integers(0, 256, (60 if i else 400, 50, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / kind / f"{i}.ppm")
    splits = open_data(tmp_path, image_size=16)
    assert splits.fingerprint() == "f3b547e44a9c993c561b26cacf1153326151db4c47762f5cdc75ac7484218b3b"
