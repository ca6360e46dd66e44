"""Warped crops: where the box ends up, what is around it, and what lies beyond the picture."""

import numpy as np
import pytest

from cnnkit.errors import ShapeError, UsageError
from cnnkit.models.detection.rcnn.crops import around, crops


def test_a_box_fills_all_but_its_context():
    """From 20x10 pixels to 40x40 with 10 of context: the box is 20x20 in the middle, and stretched 1 and 2 times."""
    picture = np.zeros((60, 80, 1), np.float32)
    picture[20:30, 30:50] = 1
    (image,) = crops(picture, np.float32([[30, 20, 50, 30]]), 40, context=10)
    expected = np.zeros((40, 40))
    expected[10:30, 10:30] = 1
    # Between two rows of the picture, twice as far apart in the crop, numbers are mixed.
    np.testing.assert_array_equal(image[11:29, :, 0], expected[11:29])
    np.testing.assert_array_equal(image[[*range(9), *range(31, 40)], :, 0], 0)


def test_context_is_measured_in_the_crop():
    assert around(np.float32([[100, 100, 295, 490]]), 227, 16).tolist() == [[84, 68, 311, 522]]
    assert around(np.float32([[10, 10, 20, 30]]), 227, 0).tolist() == [[10, 10, 20, 30]]


def test_without_context_a_box_of_the_crops_size_is_cut_out(rng):
    picture = rng.standard_normal((20, 30, 3)).astype(np.float32)
    found = crops(picture, np.float32([[3, 4, 11, 12], [22, 12, 30, 20]]), 8, context=0)
    np.testing.assert_array_equal(found, [picture[4:12, 3:11], picture[12:, 22:]])


def test_what_lies_beyond_the_picture_is_filled():
    """A corner box of 8x8, with 4 of context in a crop of 16: half of the context is beyond the picture."""
    picture = np.ones((40, 40, 2), np.float32)
    (image,) = crops(picture, np.float32([[0, 0, 8, 8]]), 16, context=4, fill=-3)
    expected = np.full((16, 16, 2), -3.0)
    expected[4:, 4:] = 1
    np.testing.assert_array_equal(image, expected)


def test_a_ramp_is_stretched_to_a_ramp():
    picture = np.tile(np.arange(40, dtype=np.float32)[:, None, None], (1, 40, 1))
    (image,) = crops(picture, np.float32([[5, 10, 35, 20]]), 20, context=0)
    np.testing.assert_allclose(image[1:-1, :, 0], np.repeat(np.arange(18)[:, None] / 2 + 10.25, 20, axis=1), rtol=1e-6)


@pytest.mark.parametrize(
    "box", [(0, 0, 0.2, 0.1), (39, 39, 40, 40), (-50, -50, -40, -40), (0, 0, 40, 40), (0, 5, 40, 5)]
)
def test_any_box_has_a_crop(box):
    found = crops(np.ones((40, 40, 1), np.float32), np.float32([box]), 48)
    assert found.shape == (1, 48, 48, 1) and found.min() >= 0 and found.max() <= 1
    assert found.max() == (box[2] > 0)


def test_no_boxes_have_no_crops():
    assert crops(np.ones((4, 4, 1), np.float32), np.empty((0, 4), np.float32), 64).shape == (0, 64, 64, 1)


def test_what_cannot_be_is_refused():
    with pytest.raises(UsageError, match="context is 16"):
        crops(np.ones((4, 4, 1), np.float32), np.empty((0, 4)), 32, context=16)
    with pytest.raises(ShapeError, match="float32 picture"):
        crops(np.ones((4, 4, 1)), np.empty((0, 4)), 64)
