"""Four pictures in one image."""

import numpy as np
import pytest

from cnnkit.data.sample import Sample
from cnnkit.data.targets import Boxes
from cnnkit.data.transforms.mosaic import mosaic
from cnnkit.errors import UsageError

H, W = 96, 120


def pictures(rng):
    """Four of one thing each: a bright rectangle, whose class tells the picture and whose ground is even."""
    for number in range(4):
        left, top = int(rng.integers(10, 60)), int(rng.integers(10, 40))
        image = np.full((H, W, 1), 10 * number, np.uint8)
        image[top : top + 40, left : left + 45] = 255
        boxes = Boxes(np.float32([[left, top, left + 45, top + 40]]), np.array([number]), np.array([number == 2]))
        yield Sample(image, boxes, turn=number)


def test_each_box_lies_where_its_thing_is_seen(rng):
    seen = 0
    for _ in range(30):
        new = mosaic(list(pictures(rng)), rng)
        assert new.image.shape == (H, W, 1) and new.turn == 0 and new.origin is None
        corners, labels = new.target.corners, new.target.labels
        assert (corners >= 0).all() and (corners <= [W, H, W, H]).all() and len(set(labels)) == len(labels)
        assert (new.target.crowd == (labels == 2)).all()
        covered = np.zeros((H, W), bool)
        for x_min, y_min, x_max, y_max in corners:
            # Half a pixel at each side is mixed with the ground.
            inner = new.image[int(np.ceil(y_min)) + 1 : int(y_max) - 1, int(np.ceil(x_min)) + 1 : int(x_max) - 1]
            assert (inner == 255).all()
            covered[int(y_min) : int(np.ceil(y_max)), int(x_min) : int(np.ceil(x_max))] = True
            seen += 1
        # What is bright beyond the boxes are things of which too little is left.
        assert ((new.image[..., 0] > 128) & ~covered).mean() < 0.03
    assert seen > 60


def test_the_same_numbers_make_the_same_image_and_leave_the_pictures_alone():
    one, other = (mosaic(list(pictures(np.random.default_rng(1))), np.random.default_rng(2)) for _ in range(2))
    np.testing.assert_array_equal(one.image, other.image)
    np.testing.assert_array_equal(one.target.corners, other.target.corners)
    four = list(pictures(np.random.default_rng(1)))
    before = [sample.image.copy() for sample in four]
    mosaic(four, np.random.default_rng(2))
    assert all(np.array_equal(sample.image, image) for sample, image in zip(four, before, strict=True))


def test_what_makes_no_mosaic_is_refused(rng):
    four = list(pictures(rng))
    with pytest.raises(UsageError, match="for pictures with boxes"):
        mosaic([*four[:3], four[3].replace(target=2)], rng)
    with pytest.raises(UsageError, match="regions that were searched"):
        mosaic([*four[:3], four[3].replace(proposals=np.zeros((4, 4), np.float32))], rng)
