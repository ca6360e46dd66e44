"""What a proposal teaches, at the bounds that the paper names."""

import numpy as np

from cnnkit.models.detection.rcnn.roles import roles

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


def test_a_crowd_teaches_nothing_and_makes_no_negatives():
    found = roles(wide(10, 2), TRUTH, LABELS, np.array([True, False]), 3)
    assert found.shown.tolist() == [3, 3] and found.truth.tolist() == [-1, -1]
    assert found.negative[:, 2].tolist() == [False, True]


def test_a_picture_without_boxes_is_all_negatives():
    nothing = np.empty((0, 4), np.float32), np.empty(0, np.int64), np.empty(0, bool)
    found = roles(wide(10, 2), *nothing, 3)
    assert found.shown.tolist() == [3, 3] and found.negative.all() and found.truth.tolist() == [-1, -1]
    crowds = roles(wide(10), TRUTH, LABELS, np.array([True, True]), 3)
    assert crowds.shown.tolist() == [3] and crowds.truth.tolist() == [-1]
