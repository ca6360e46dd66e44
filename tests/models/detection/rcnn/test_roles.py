"""What a proposal teaches, at the bounds that the paper names."""

import numpy as np

from cnnkit.models.detection.rcnn.roles import UNTAUGHT, roles

# A true box of 10x10; a proposal of the same height and of width w overlaps it by w / 10.
TRUTH = np.float32([[0, 0, 10, 10], [100, 0, 110, 10]])
LABELS, NO_CROWD = np.array([2, 0]), np.array([False, False])


def wide(*widths):
    return np.float32([[0, 0, w, 10] for w in widths])


def test_a_proposal_shows_what_it_overlaps_by_half():
    found = roles(np.concatenate([wide(4.9, 5, 10), TRUTH[1:]]), TRUTH, LABELS, NO_CROWD, 3)
    assert found.shown.tolist() == [3, 2, 2, 0]


def test_a_negative_of_a_class_overlaps_none_of_its_boxes():
    found = roles(wide(2.9, 3.1, 10), TRUTH, LABELS, NO_CROWD, 3)
    assert found.negative.tolist() == [[True, True, True], [True, True, False], [True, True, False]]


def test_a_proposal_moves_to_the_box_that_it_overlaps_well():
    found = roles(np.concatenate([wide(6, 6.1), TRUTH[1:]]), TRUTH, LABELS, NO_CROWD, 3)
    assert found.truth.tolist() == [-1, 0, 1]


def test_of_two_boxes_the_closer_one_counts():
    both = np.float32([[0, 0, 10, 10], [0, 0, 8, 10]])
    found = roles(wide(8.5), both, np.array([1, 2]), NO_CROWD, 3)
    assert found.shown.tolist() == [2] and found.truth.tolist() == [1]


def test_what_lies_on_a_crowd_teaches_nothing():
    """A crowd is larger than one of it, so it is not asked how much of the crowd a proposal covers."""
    small, half, off = [0, 0, 2, 3], [5, 0, 15, 10], [6, 0, 16, 10]
    found = roles(np.float32([small, half, off]), TRUTH, LABELS, np.array([True, False]), 3)
    assert found.shown.tolist() == [UNTAUGHT, UNTAUGHT, 3] and found.truth.tolist() == [-1] * 3
    assert found.negative.tolist() == [[False] * 3, [False] * 3, [True] * 3]


def test_a_thing_on_a_crowd_is_a_thing():
    corners = np.float32([[0, 0, 50, 50], [0, 0, 10, 10]])
    found = roles(wide(10), corners, np.array([2, 1]), np.array([True, False]), 3)
    assert found.shown.tolist() == [1] and found.truth.tolist() == [1]
    assert found.negative.tolist() == [[True, False, True]]


def test_a_picture_without_boxes_is_all_negatives():
    nothing = np.empty((0, 4), np.float32), np.empty(0, np.int64), np.empty(0, bool)
    found = roles(wide(10, 2), *nothing, 3)
    assert found.shown.tolist() == [3, 3] and found.negative.all() and found.truth.tolist() == [-1, -1]
    crowds = roles(wide(10), TRUTH, LABELS, np.array([True, True]), 3)
    assert crowds.shown.tolist() == [UNTAUGHT] and not crowds.negative.any() and crowds.truth.tolist() == [-1]
