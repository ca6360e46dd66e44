"""How much boxes overlap."""

import numpy as np

from cnnkit.metrics.detection import box_overlaps


def test_the_shared_area_is_taken_over_what_both_cover():
    found = [[0.0, 0.0, 2.0, 2.0], [5.0, 5.0, 6.0, 6.0], [0.0, 0.0, 0.0, 0.0]]
    true = [[1.0, 0.0, 3.0, 2.0], [0.0, 0.0, 2.0, 2.0], [2.0, 0.0, 4.0, 2.0]]
    assert box_overlaps(np.array(found), np.array(true)).tolist() == [[2 / 6, 1.0, 0.0], [0.0] * 3, [0.0] * 3]


def test_within_a_crowd_it_is_the_share_of_the_box_that_was_found():
    found, crowd = np.array([[0.0, 0.0, 2.0, 2.0]]), np.array([[1.0, 0.0, 100.0, 100.0]])
    assert box_overlaps(found, crowd, np.array([True])).tolist() == [[0.5]]


def test_no_boxes_have_no_overlaps():
    assert box_overlaps(np.empty((0, 4)), np.empty((3, 4))).shape == (0, 3)
