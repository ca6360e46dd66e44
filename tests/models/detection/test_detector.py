"""What every network that finds things takes and gives."""

import numpy as np
import pytest

from cnnkit.errors import ShapeError
from cnnkit.models.detection.detector import EMPTY, BoxBatch


def test_what_is_learned_are_boxes_that_are_there_and_no_crowd():
    corners = np.zeros((2, 3, 4), np.float32)
    labels, crowd = np.array([[1, 0, EMPTY], [EMPTY] * 3]), np.array([[False, True, False], [False] * 3])
    batch = BoxBatch(corners, labels, crowd)
    assert len(batch) == 2 and batch.learned.tolist() == [[True, False, False], [False, False, False]]


@pytest.mark.parametrize("shapes", [((2, 3), (2, 3), (2, 3)), ((2, 3, 4), (2, 4), (2, 3)), ((2, 3, 4), (2, 3), (2, 1))])
def test_boxes_whose_shapes_do_not_agree_are_refused(shapes):
    corners, labels, crowd = shapes
    with pytest.raises(ShapeError, match=r"boxes of a batch are \(N, M, 4\)"):
        BoxBatch(np.zeros(corners, np.float32), np.zeros(labels, np.int64), np.zeros(crowd, bool))


def test_proposals_have_four_numbers_and_are_of_the_same_images():
    with pytest.raises(ShapeError, match=r"proposals of 2 images are \(N, R, 4\), but these are \(1, 5, 4\)"):
        BoxBatch(
            np.zeros((2, 3, 4), np.float32),
            np.zeros((2, 3), np.int64),
            np.zeros((2, 3), bool),
            np.zeros((1, 5, 4), np.float32),
        )
