"""Kernels of boxes: known values, and agreement with their definitions, to the last bit where boxes are chosen."""

import numpy as np
import pytest
from agreement import assert_matches

from cnnkit.kernels import cpu, reference
from cnnkit.kernels.cpu.simd.vector import LANES

BACKENDS = pytest.mark.parametrize("k", [reference, cpu], ids=["reference", "cpu"])


def whole_boxes(rng, *shape):
    """Corners that are small whole numbers: many boxes are equal, empty, or overlap by just a half."""
    low = rng.integers(0, 12, (*shape, 2))
    return np.concatenate([low, low + rng.integers(0, 8, (*shape, 2))], axis=-1).astype(np.float32)


@BACKENDS
def test_overlaps_that_are_told_by_hand(k):
    a = np.float32([[0, 0, 2, 2], [5, 5, 5, 5]])
    b = np.float32([[0, 0, 2, 2], [1, 0, 3, 2], [1, 1, 3, 3], [2, 0, 4, 2], [7, 7, 9, 9], [5, 5, 5, 5], [0, 0, 1, 1]])
    expected = [[1, 1 / 3, 1 / 7, 0, 0, 0, 1 / 4], [0] * 7]
    np.testing.assert_allclose(k.box_iou(a, b), expected, rtol=1e-6)


@pytest.mark.parametrize(("n", "m"), [(0, 3), (3, 0), (1, 1), (7, 15), (5, 40), (90, 300)])
def test_overlaps_agree_with_their_definition(n, m, rng):
    a, b = whole_boxes(rng, n) + rng.random((n, 4), np.float32), whole_boxes(rng, m)
    # Corners stay below 20: areas are rounded by a few eps, and unions are not small beside what they are made of.
    assert_matches(cpu.box_iou(a, b), reference.box_iou(a, b), 4, scale=1.0)


@BACKENDS
def test_the_lesser_of_two_that_overlap_gives_way(k):
    boxes = np.float32([[[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10], [0, 0, 10, 9]]])
    scores = np.float32([[[0.8], [0.9], [0.1], [0.7]]])
    found = k.select(boxes, scores, score=0.2, iou=0.5, places=3)
    np.testing.assert_array_equal(
        found, np.float32([[[1, 0, 11, 10, 0.9, 0], [0, 0, 0, 0, 0, -1], [0, 0, 0, 0, 0, -1]]])
    )
    every = k.select(boxes, scores, score=0.0, iou=1.0, places=5)
    np.testing.assert_array_equal(every[0, :, 4], np.float32([0.9, 0.8, 0.7, 0.1, 0]))


@BACKENDS
def test_classes_do_not_hinder_each_other(k):
    boxes = np.float32([[[0, 0, 10, 10], [0, 0, 10, 10]]])
    scores = np.float32([[[0.5, 0.5], [0.5, 0.75]]])
    found = k.select(boxes, scores, score=0.1, iou=0.5, places=4)
    np.testing.assert_array_equal(found[0, :, 4:], [[0.75, 1], [0.5, 0], [0, -1], [0, -1]])


@BACKENDS
def test_an_overlap_of_just_the_bound_stays(k):
    boxes = np.float32([[[0, 0, 2, 2], [0, 0, 2, 1]]])
    scores = np.float32([[[0.5], [0.5]]])
    for iou, kept in ((0.5, 2), (0.499, 1)):
        found = k.select(boxes, scores, score=0.1, iou=iou, places=2)
        assert (found[0, :, 5] == 0).sum() == kept


@BACKENDS
def test_what_is_no_number_is_above_no_bound(k):
    scores = np.float32([[[np.nan], [0.5], [np.inf]]])
    boxes = np.float32([[[0, 0, 1, 1], [2, 2, 3, 3], [4, 4, 5, 5]]])
    found = k.select(boxes, scores, score=0.0, iou=0.5, places=3)
    np.testing.assert_array_equal(found[0, :, 4], [np.inf, 0.5, 0])


@BACKENDS
def test_a_score_and_its_bound_are_compared_as_they_are(k):
    """In float32 both would be one number: 0.3 is rounded up to it, and 0.7 down."""
    boxes, scores = np.float32([[[0, 0, 1, 1]]]), np.float32([[[0.3]]])
    assert k.select(boxes, scores, score=0.3, iou=0.5, places=1)[0, 0, 5] == 0
    assert k.select(boxes, np.float32([[[0.7]]]), score=0.7, iou=0.5, places=1)[0, 0, 5] == -1


@pytest.mark.parametrize("seed", range(40))
def test_the_same_boxes_are_chosen_to_the_last_bit(seed):
    """Scores of eight levels and overlaps of whole numbers: ties of both kinds abound."""
    rng = np.random.default_rng(seed)
    N, A, K = (int(rng.integers(*span)) for span in ((0, 4), (0, 40), (1, 5)))
    boxes = whole_boxes(rng, *((N, A, K) if seed % 2 else (N, A)))
    scores = rng.integers(0, 9, (N, A, K)).astype(np.float32) / 8
    for iou in (0.3, 0.45, 0.5, 1.1):
        how = {"score": 0.25, "iou": iou, "places": int(rng.integers(1, 60)), "per_class": [None, 5][seed % 3 == 0]}
        expected = reference.select(boxes, scores, **how).astype(np.float32)
        np.testing.assert_array_equal(cpu.select(boxes, scores, **how), expected)


def test_many_boxes_that_move_a_little_are_chosen_alike(rng):
    boxes = 40 * whole_boxes(rng, 2, 300) + rng.random((2, 300, 4), np.float32)
    scores = rng.random((2, 300, 3), np.float32)
    how = {"score": 0.05, "iou": 0.5, "places": 100}
    expected = reference.select(boxes, scores, **how).astype(np.float32)
    np.testing.assert_array_equal(cpu.select(boxes, scores, **how), expected)


def places_of_regions(rng, count, images):
    """Regions in pictures of 64 pixels: whole and broken numbers, outside, turned about, of no image."""
    low = rng.uniform(-20, 60, (count, 2))
    rois = np.concatenate(
        [rng.integers(-1, images + 1, (count, 1)), low, low + rng.uniform(-3, 80, (count, 2))], axis=1
    )
    rois[::2] = np.round(rois[::2])
    return rois.astype(np.float32)


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("sampling", [None, 1, 2, 3])
@pytest.mark.parametrize(("size", "C"), [((2, 3), 1), ((1, 1), 5), ((7, 7), 2 * LANES + 3)])
def test_samples_of_regions_agree_with_their_definition(size, C, sampling, aligned, rng):
    x, rois = rng.standard_normal((2, 8, 9, C), np.float32), places_of_regions(rng, 12, 2)
    how = 0.125, sampling, aligned
    y = cpu.roi_align(x, rois, size, *how)
    # Weights are rounded at places up to 10 pixels, by eps each, and up to 64 of them are summed.
    assert_matches(y, reference.roi_align(x, rois, size, *how), 64)
    dy = rng.standard_normal(y.shape, np.float32)
    assert_matches(cpu.roi_align_dx(dy, rois, x.shape, *how), reference.roi_align_dx(dy, rois, x.shape, *how), 256)


@pytest.mark.parametrize(("size", "C"), [((2, 3), 1), ((1, 1), 5), ((7, 7), 2 * LANES + 3)])
def test_maxima_of_regions_agree_with_their_definition(size, C, rng):
    x, rois = rng.standard_normal((2, 8, 9, C), np.float32), places_of_regions(rng, 30, 2)
    (y, places), (y_there, places_there) = (k.roi_pool(x, rois, size, 0.125) for k in (cpu, reference))
    np.testing.assert_array_equal(y, y_there)
    np.testing.assert_array_equal(places, places_there)
    dy = rng.standard_normal(y.shape, np.float32)
    back = reference.roi_pool_dx(dy, places_there, rois, x.shape)
    assert_matches(cpu.roi_pool_dx(dy, places, rois, x.shape), back, 60)


@BACKENDS
def test_regions_of_any_numbers_read_nothing_outside(k, rng):
    """A network that diverges gives boxes that are no numbers; what they hold is of no account."""
    x = rng.standard_normal((1, 4, 5, 3), np.float32)
    far = np.float32([np.nan, np.inf, -np.inf, 3e38, -3e38, 2.0])
    rois = np.float32([[0, a, b, b, a] for a in far for b in far] + [[v, 0, 0, 3, 3] for v in far])
    with np.errstate(all="ignore"):
        assert np.isfinite(k.roi_align(x, rois, (2, 2), 0.5)).all()
        y, places = k.roi_pool(x, rois, (2, 2), 0.5)
    assert np.isfinite(y).all() and places.max() < 20


@BACKENDS
def test_the_image_of_a_region_is_what_stands_before_the_point(k, rng):
    """One before the first image, behind the last, or that is no number, gives zeros and hands nothing back."""
    x, box = rng.standard_normal((2, 4, 4, 1), np.float32), [0, 0, 3, 3]
    rois = np.float32([[image, *box] for image in (1.5, -0.5, 2, np.nan, np.inf)])
    (y, places), means = k.roi_pool(x, rois, (2, 2), 1.0), k.roi_align(x, rois, (2, 2), 1.0)
    for found in y, means:
        assert found[0].any() and not found[1:].any()
    dy = np.ones_like(y)
    for dx in k.roi_pool_dx(dy, places, rois, x.shape), k.roi_align_dx(dy, rois, x.shape, 1.0):
        assert not dx[0].any() and dx[1].sum() == pytest.approx(4)


@BACKENDS
def test_lists_without_regions_and_maps_without_images(k):
    none, x = np.zeros((0, 5), np.float32), np.ones((2, 4, 4, 3), np.float32)
    assert k.roi_align(x, none, (2, 2), 1.0).shape == k.roi_pool(x, none, (2, 2), 1.0)[0].shape == (0, 2, 2, 3)
    assert not k.roi_align_dx(np.zeros((0, 2, 2, 3), np.float32), none, x.shape, 1.0).any()
    rois = np.float32([[0, 0, 0, 2, 2]])
    assert not k.roi_align(x[:0], rois, (2, 2), 1.0).any() and not k.roi_pool(x[:0], rois, (2, 2), 1.0)[0].any()
