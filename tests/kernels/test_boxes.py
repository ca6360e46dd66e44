"""Kernels of boxes: known values, and agreement with their definitions, to the last bit where boxes are chosen."""

import numpy as np
import pytest
from agreement import assert_matches

from cnnkit.kernels import cpu, reference

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
