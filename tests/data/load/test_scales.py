"""Batches of several sizes: which ones, when, and where boxes then lie."""

from dataclasses import replace

import numpy as np
import pytest

from cnnkit.data.load.loader import Loader
from cnnkit.data.load.scales import EVERY, sizes_around
from cnnkit.data.open.source import open_data
from cnnkit.errors import UsageError
from cnnkit.tasks.detection.targets import targets_of

SIZES = ((32, 32), (64, 64), (96, 96))


@pytest.fixture(scope="module")
def shapes():
    return open_data("shapes", task="detection", image_size=(64, 64)).train


def loader(shapes, **options):
    return Loader(shapes, 4, seed=3, shuffle=True, targets=targets_of, sizes=SIZES, **options)


def seen(batches):
    return [(batch.x.shape[1:3], batch.x.tobytes(), batch.targets.batch.corners.tobytes()) for batch in batches]


def test_around_416_they_are_those_of_the_paper():
    assert sizes_around((416, 416)) == tuple((side, side) for side in range(320, 609, 32))


@pytest.mark.parametrize(
    ("usual", "sizes"),
    [
        ((64, 64), ((64, 64), (96, 96))),
        ((32, 32), ((32, 32),)),
        ((16, 16), ((32, 32),)),
        ((128, 256), ((96, 192), (128, 224), (128, 256), (128, 288), (160, 320), (192, 352), (192, 384))),
    ],
)
def test_sides_are_multiples_of_32_of_about_the_usual_shape(usual, sizes):
    assert sizes_around(usual) == sizes


def test_a_size_holds_for_ten_batches_and_then_another_is_drawn(shapes):
    batches = loader(shapes)
    assert len(batches) == 60
    sizes = [batch.x.shape[1:3] for number in range(2) for batch in batches.epoch(number)]
    groups = [set(sizes[i : i + EVERY]) for i in range(0, len(sizes), EVERY)]
    assert all(len(group) == 1 for group in groups) and set.union(*groups) == set(SIZES)
    assert batches.shapes == [(96, 96, 3), (64, 64, 3), (32, 32, 3)]


def test_an_epoch_begun_in_its_middle_goes_on_as_the_whole_one_and_threads_change_nothing(shapes):
    whole = seen(loader(shapes, augment="light").epoch(1))
    assert seen(loader(shapes, augment="light", workers=3).epoch(1, 25)) == whole[25:]
    other = Loader(shapes, 4, seed=4, shuffle=True, targets=targets_of, sizes=SIZES)
    assert [size for size, *_ in seen(other.epoch(1))] != [size for size, *_ in whole]


def test_boxes_lie_where_the_things_do(shapes):
    """The image of another size is the usual one resized, and so are its boxes."""
    usual = Loader(shapes, 4, seed=3, shuffle=True, targets=targets_of)
    for small, plain in zip(loader(shapes).epoch(0), usual.epoch(0), strict=True):
        scale = small.x.shape[1] / 64
        np.testing.assert_allclose(small.targets.batch.corners, plain.targets.batch.corners * scale, rtol=0, atol=1e-4)
        # The mean colour of a picture stays through a resize, but for rounding at its border.
        np.testing.assert_allclose(small.x.mean(axis=(1, 2)), plain.x.mean(axis=(1, 2)), rtol=0, atol=0.05)


def test_pictures_that_keep_their_size_have_no_other(shapes):
    with pytest.raises(UsageError, match="Leave --multi-scale or --fit keep out"):
        loader(shapes, preprocessing=replace(shapes.preprocessing, fit="keep"))
