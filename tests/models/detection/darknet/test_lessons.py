"""Which anchor of which cell answers for a true box, and what it should say."""

import math

import numpy as np
import pytest

from cnnkit.models.detection.darknet.head import BoxHead
from cnnkit.models.detection.darknet.lessons import lessons
from cnnkit.models.detection.detector import EMPTY, BoxBatch

IMAGE = (64, 96)
# Two heads: cells of 32 pixels for large boxes, of 16 for small ones.
HEADS = (
    BoxHead(((60.0, 30.0), (40.0, 50.0)), 3, (32.0, 32.0)),
    BoxHead(((10.0, 20.0), (20.0, 8.0)), 3, (16.0, 16.0)),
)
SIZES = [(2, 3), (4, 6)]


def batch(*pictures, crowd=()):
    """Of (x_min, y_min, x_max, y_max, label); pictures are filled up with empty places."""
    most = max(map(len, pictures))
    truth = BoxBatch(
        np.zeros((len(pictures), most, 4), np.float32),
        np.full((len(pictures), most), EMPTY),
        np.zeros((len(pictures), most), bool),
    )
    for n, boxes in enumerate(pictures):
        for m, (*corners, label) in enumerate(boxes):
            truth.corners[n, m], truth.labels[n, m] = corners, label
            truth.crowd[n, m] = (n, m) in crowd
    return truth


def test_the_anchor_of_the_most_similar_shape_answers_in_the_cell_of_the_middle():
    """A box of 18x8 around (40, 21): the second small anchor; cell (1, 2) of 16 pixels, its middle at (0.5, 0.3125)."""
    coarse, fine = lessons(HEADS, SIZES, IMAGE, batch([], [(31, 17, 49, 25, 2)]))
    assert coarse.responsible.sum() == 0 and fine.responsible.sum() == 1
    place = (1, 1, 2, 1)  # picture, row, column, anchor
    assert fine.responsible[place] == 1
    np.testing.assert_allclose(fine.middle[place], [0.5, 0.3125], rtol=0, atol=1e-6)
    np.testing.assert_allclose(fine.size[place], [math.log(18 / 20), 0], rtol=0, atol=1e-6)
    np.testing.assert_allclose(fine.weight[place], 2 - 18 * 8 / (64 * 96), rtol=1e-6)
    np.testing.assert_array_equal(fine.classes[place], [0, 0, 1])
    assert fine.classes.sum() == 1


def test_a_large_box_is_answered_for_by_the_coarse_map():
    coarse, fine = lessons(HEADS, SIZES, IMAGE, batch([(0, 0, 96, 64, 0)]))
    assert fine.responsible.sum() == 0
    assert coarse.responsible[0, 1, 1].ravel().tolist() == [0, 1]  # 40x50 covers more of it than 60x30
    np.testing.assert_allclose(coarse.weight[0, 1, 1, 1], 1)


def test_what_a_lesson_says_is_read_back_as_the_box():
    """The formula of the head, at what the lesson asks for, gives the true corners."""
    true = (31.0, 17.0, 49.0, 25.0)
    _, fine = lessons(HEADS, SIZES, IMAGE, batch([(*true, 2)]))
    x, y = (np.array([2, 1]) + fine.middle[0, 1, 2, 1]) * 16
    w, h = np.array([20, 8]) * np.exp(fine.size[0, 1, 2, 1])
    np.testing.assert_allclose([x - w / 2, y - h / 2, x + w / 2, y + h / 2], true, rtol=1e-6)


def test_middles_beyond_the_cell_are_told_in_the_stretched_scale():
    head = BoxHead(((20.0, 8.0),), 3, (16.0, 16.0), beyond=1.2)
    (lesson,) = lessons([head], [(4, 6)], IMAGE, batch([(31, 17, 49, 25, 2)]))
    np.testing.assert_allclose(lesson.middle[0, 1, 2, 0] * 1.2 - 0.1, [0.5, 0.3125], rtol=0, atol=1e-6)


@pytest.mark.parametrize("corners", [(90, 60, 102, 68), (-9, -4, 9, 4), (40, 30, 40, 40), (50, 30, 40, 40)])
def test_boxes_that_leave_the_image_stay_in_its_cells_and_empty_ones_are_no_lesson(corners):
    found = lessons(HEADS, SIZES, IMAGE, batch([(*corners, 1)]))
    w, h = corners[2] - corners[0], corners[3] - corners[1]
    assert sum(lesson.responsible.sum() for lesson in found) == (w > 0 and h > 0)
    assert all(np.isfinite(lesson.size).all() for lesson in found)


def test_nobody_answers_for_a_crowd():
    found = lessons(HEADS, SIZES, IMAGE, batch([(0, 0, 96, 64, 0), (31, 17, 49, 25, 2)], crowd=[(0, 1)]))
    assert [lesson.responsible.sum() for lesson in found] == [1, 0]
