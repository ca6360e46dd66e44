import numpy as np
import pytest

from cnnkit.data.places.affine_map import AffineMap, moved
from cnnkit.data.places.warp import Warp, warped
from cnnkit.data.sample import Sample
from cnnkit.data.targets import VOID, Boxes, Mask


def bent(rng, H=40, W=60, most=1.0):
    rows, columns = np.linspace(0, H, 5).astype(int), np.linspace(0, W, 7).astype(int)
    even = np.stack(np.broadcast_arrays(columns[None, :], rows[:, None]), axis=2)
    return Warp(rows, columns, even + rng.uniform(-most, most, even.shape))


def of_map(back, H, W):
    """The net whose knots lie where six numbers put them."""
    rows, columns = np.array([0, H // 3, H]), np.array([0, W // 2, W])
    return Warp(rows, columns, back.points(np.stack(np.broadcast_arrays(columns[None, :], rows[:, None]), axis=2)))


def test_knots_and_middles_of_meshes_lie_where_the_net_says(rng):
    warp = bent(rng)
    np.testing.assert_allclose(warp.back([15, 20]), (warp.places[2, 1] + warp.places[2, 2]) / 2, rtol=0, atol=1e-12)
    np.testing.assert_allclose(warp.back([60, 40]), warp.places[-1, -1], rtol=0, atol=1e-12)
    middle = warp.places[1:3, 3:5].mean(axis=(0, 1))
    np.testing.assert_allclose(warp.back([35, 15]), middle, rtol=0, atol=1e-12)


def test_the_way_there_leads_back(rng):
    points = rng.uniform(-5, 50, (200, 2))
    for _ in range(5):
        warp = bent(rng)
        # Twenty steps, each of which at least halves an error of some pixels.
        np.testing.assert_allclose(warp.back(warp.points(points)), points, rtol=0, atol=1e-4)


def test_each_pixel_of_a_mask_takes_the_label_at_its_centres_old_place(rng):
    warp, labels = bent(rng), rng.integers(0, 21, (40, 60), np.uint8)
    new = warped(Mask(labels), warp).labels
    for iy, ix in np.ndindex(40, 60):
        x, y = warp.back([ix + 0.5, iy + 0.5])
        # Where a place lies on an edge between pixels, rounding decides.
        if min(abs(x - round(x)), abs(y - round(y))) > 1e-6:
            inside = 0 <= x < 60 and 0 <= y < 40
            assert new[iy, ix] == (labels[int(y), int(x)] if inside else VOID)


@pytest.mark.parametrize("back", [AffineMap(), AffineMap(0.9, 0.2, 1.3, -0.15, 1.1, -2.4)])
def test_where_six_numbers_say_it_both_doors_agree(back, rng):
    warp, labels = of_map(back, 30, 50), rng.integers(0, 9, (30, 50), np.uint8)
    one, other = warped(Mask(labels), warp).labels, moved(Mask(labels), back.inverse(), (30, 50)).labels
    # Rounding decides for places on an edge between pixels.
    assert (one == other).mean() > 0.995
    corners = np.array([[5, 4, 20, 16], [30, 10, 48, 28], [-20, -20, -10, -9]], np.float32)
    boxes = Boxes(corners, np.arange(3), np.array([True, False, True]))
    new, expected = warped(boxes, warp), moved(boxes, back.inverse(), (30, 50))
    assert new.labels.tolist() == expected.labels.tolist() == [0, 1]
    assert new.crowd.tolist() == expected.crowd.tolist() == [True, False]
    np.testing.assert_allclose(new.corners, expected.corners, rtol=0, atol=1e-4)


@pytest.mark.parametrize("target", [3, 0.25])
def test_classes_and_numbers_stay(target, rng):
    assert warped(target, bent(rng)) == target


def test_proposals_are_bent_as_boxes_are_and_keep_their_places(rng):
    warp, image = bent(rng), rng.integers(0, 256, (40, 60, 3)).astype(np.uint8)
    corners = np.array([[0, 0, 0, 0], [5, 4, 20, 16], [8, 8, 8.5, 20], [30, 10, 48, 28]], np.float32)
    new = Sample(image, Boxes(corners[1::2], np.arange(2)), proposals=corners).moved(image, warp)
    np.testing.assert_array_equal(new.proposals[1::2], new.target.corners)
    assert not new.proposals[::2].any()
