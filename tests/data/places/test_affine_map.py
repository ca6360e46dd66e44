import numpy as np
import pytest

from cnnkit.data.places.affine_map import LEAST_LEFT, AffineMap, moved
from cnnkit.data.sample import Sample
from cnnkit.data.targets import VOID, Boxes, Mask

MAPS = [
    AffineMap(),
    AffineMap.shift(3, -2),
    AffineMap(xx=-1.0, x0=9),
    AffineMap.of_box((1.25, 0.5, 7.5, 6.75), (11, 5)),
    AffineMap(0.9, 0.35, -1.0, -0.4, 1.1, 2.0),
]


@pytest.mark.parametrize("to_new", MAPS)
def test_the_inverse_leads_back(to_new, rng):
    points = rng.uniform(-20, 20, (3, 5, 2))
    # A dozen operations on numbers up to 100, by maps that stretch at most threefold.
    np.testing.assert_allclose(to_new.inverse().points(to_new.points(points)), points, rtol=0, atol=1e-12)


def test_a_box_is_spread_over_the_whole_image():
    to_new = AffineMap.of_box((10, 20, 30, 60), (100, 200))
    np.testing.assert_allclose(to_new.points([[10, 20], [30, 60], [20, 40]]), [[0, 0], [200, 100], [100, 50]])


def mask_in_loops(labels, to_new, size):
    new, back = np.full(size, VOID, np.uint8), to_new.inverse()
    for iy, ix in np.ndindex(size):
        x, y = back.points([ix + 0.5, iy + 0.5])
        if 0 <= y < labels.shape[0] and 0 <= x < labels.shape[1]:
            new[iy, ix] = labels[int(y), int(x)]
    return new


@pytest.mark.parametrize("to_new", MAPS)
def test_each_pixel_of_a_mask_takes_the_label_at_its_centres_old_place(to_new, rng):
    labels = rng.integers(0, 21, (8, 9), np.uint8)
    new = moved(Mask(labels), to_new, (11, 7)).labels
    np.testing.assert_array_equal(new, mask_in_loops(labels, to_new, (11, 7)))


def test_boxes_move_by_their_corners_and_are_cut_to_the_image():
    corners = np.array([[2, 1, 6, 3], [-1, 0, 4, 4]], np.float32)
    boxes = Boxes(corners, np.array([7, 3]))
    turned = moved(boxes, AffineMap(0, -1, 10, 1, 0, 0), (12, 10))  # a quarter turn of an image of 10x12
    assert turned.corners.tolist() == [[7, 2, 9, 6], [6, 0, 10, 4]] and turned.labels.tolist() == [7, 3]
    assert turned.corners.dtype == np.float32 and boxes.corners is corners


def test_a_box_of_which_too_little_is_left_is_dropped():
    corners = np.array([[0, 0, 10, 4], [0, 0, 10, 1.5], [20, 0, 30, 4], [3, 3, 3, 9]], np.float32)
    left = moved(Boxes(corners, np.arange(4)), AffineMap.shift(-10 * (1 - LEAST_LEFT), 0), (8, 8))
    assert left.labels.tolist() == [0, 1] and left.corners[0].tolist() == [0, 0, 1, 4]
    crowd = moved(Boxes(corners, np.arange(4), np.array([True, False, True, True])), AffineMap.shift(-1, 0), (8, 15))
    assert (crowd.labels.tolist(), crowd.crowd.tolist()) == ([0, 1], [True, False])
    left = moved(Boxes(corners, np.arange(4)), AffineMap.shift(-9.5, -1), (8, 8))
    assert left.labels.tolist() == []
    nothing = moved(Boxes(corners[:0], np.arange(0)), AffineMap(), (8, 8))
    assert nothing.corners.shape == (0, 4) and nothing.labels.shape == (0,)


@pytest.mark.parametrize("target", [3, 0.25])
def test_classes_and_numbers_stay(target):
    assert moved(target, AffineMap.shift(3, 4), (5, 5)) == target


def test_proposals_keep_their_places_and_one_that_leaves_the_image_becomes_empty(rng):
    corners = np.array([[2, 1, 6, 5], [-9, 0, -3, 4], [0, 0, 0, 0], [7, 2, 9, 3]], np.float32)
    image = rng.integers(0, 256, (8, 9, 3)).astype(np.uint8)
    sample = Sample(image, Boxes(corners[:1], np.zeros(1, np.int64)), proposals=corners)
    mirrored = sample.moved(image[:, ::-1], AffineMap(xx=-1.0, x0=9.0))
    np.testing.assert_array_equal(mirrored.proposals, [[3, 1, 7, 5], [0, 0, 0, 0], [0, 0, 0, 0], [0, 2, 2, 3]])
    np.testing.assert_array_equal(mirrored.proposals[0], mirrored.target.corners[0])
    assert mirrored.proposals.dtype == np.float32
