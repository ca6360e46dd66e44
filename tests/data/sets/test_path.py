"""From an index to a file, without decoding anything."""

from pathlib import Path

import numpy as np

from cnnkit.data.layout.listing import PictureFile
from cnnkit.data.sets.image_folder import ImageFolder, PictureCache, photo_preprocessing
from cnnkit.data.sets.subset import Subset
from cnnkit.data.sets.synthetic import synthetic


def folder() -> ImageFolder:
    """Of files that do not exist: no path may need one."""
    files = [PictureFile(f"nowhere/{name}/{i}.png", name) for name in "ab" for i in range(2)]
    return ImageFolder(files, name="x", classes=["a", "b"], cache=PictureCache(photo_preprocessing((8, 8), False)))


def test_a_folder_knows_the_file_of_each_image():
    assert [folder().path(i) for i in (0, 3)] == [Path("nowhere/a/0.png"), Path("nowhere/b/1.png")]


def test_a_part_of_a_part_leads_to_the_same_file():
    part = Subset(Subset(folder(), np.array([3, 1, 2])), np.array([2, 0]))
    assert [part.path(i) for i in range(2)] == [Path("nowhere/b/0.png"), Path("nowhere/b/1.png")]


def test_an_array_has_no_files():
    assert Subset(synthetic(4), np.array([1])).path(0) is None
