"""Shapes made in memory: the same on every machine, every class there, masks that fit their pictures."""

import numpy as np
import pytest

from cnnkit.data.open.source import open_data
from cnnkit.data.sets.masks.shapes import CLASSES, ShapeMasks
from cnnkit.data.sets.shapes import KEPT
from cnnkit.data.sets.subset import Subset
from cnnkit.errors import UsageError


def test_shapes_open_as_three_parts_of_pictures_with_masks():
    splits = open_data("shapes")
    assert (splits.task, splits.train.labelled, splits.classes) == ("segmentation", False, list(CLASSES))
    assert [len(splits.part(part)) for part in ("train", "val", "test")] == [240, 40, 60]
    assert len(splits.colours) == len(set(splits.colours)) == len(CLASSES)
    sample = splits.train[3]
    assert sample.image.shape == (64, 64, 3) and sample.target.labels.shape == (64, 64)


def test_every_class_has_its_share_of_the_pixels():
    part = ShapeMasks("val")
    counts = sum(np.bincount(part[i].target.labels.ravel(), minlength=4) for i in range(len(part)))
    assert (counts / counts.sum() > 0.02).all()


def test_a_picture_is_the_same_whenever_it_is_made_and_unlike_those_of_other_parts():
    one, again = ShapeMasks("train", (32, 48)), ShapeMasks("train", (32, 48))
    assert one[7] is one[7]
    np.testing.assert_array_equal(one[7].image, again[7].image)
    assert one.mark(7) == again.mark(7) != ShapeMasks("val", (32, 48)).mark(7)
    assert one.fingerprint() == again.fingerprint() != ShapeMasks("train", (48, 32)).fingerprint()


def test_size_and_colour_are_as_asked_for():
    splits = open_data("shapes", image_size=(40, 56), grey=True)
    assert splits.train[0].image.shape == (40, 56, 1) == splits.preprocessing.shape


def test_large_pictures_are_made_again_rather_than_kept_without_end():
    part = ShapeMasks("train", (1024, 1024))
    first = part[0]
    assert first is part[0] and first.image.nbytes * len(part) > KEPT


def test_shapes_too_small_to_tell_are_refused():
    with pytest.raises(UsageError, match="--image-size 16 or more"):
        open_data("shapes", image_size=8)


def test_a_part_of_them_keeps_their_colours():
    assert Subset(ShapeMasks("val"), np.arange(2)).colours == ShapeMasks("val").colours
