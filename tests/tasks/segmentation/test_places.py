"""A mask beneath the logits of a network: padded, cut to the middle, or refused."""

import numpy as np
import pytest

from cnnkit.data.sample import Sample
from cnnkit.data.targets import VOID, Mask
from cnnkit.errors import DataError, ShapeError
from cnnkit.tasks.segmentation.places import beneath, masks_of


def sample(labels):
    return Sample(np.zeros((*labels.shape, 3), np.uint8), Mask(labels))


def test_masks_of_unequal_sizes_lie_at_the_top_left_with_void_beside_them():
    stacked = masks_of([sample(np.full((2, 3), 1, np.uint8)), sample(np.full((4, 1), 2, np.uint8))])
    assert stacked.shape == (2, 4, 3) and stacked.dtype == np.uint8
    assert (stacked[0, :2] == 1).all() and (stacked[0, 2:] == VOID).all()
    assert (stacked[1, :, 0] == 2).all() and (stacked[1, :, 1:] == VOID).all()
    assert masks_of([]).shape == (0, 0, 0)


def test_a_picture_without_a_mask_is_refused():
    with pytest.raises(DataError, match="learns from masks, but these pictures have none"):
        masks_of([Sample(np.zeros((2, 2, 3), np.uint8), 1)])


def test_a_network_that_pads_nothing_answers_for_the_middle():
    masks = np.arange(2 * 6 * 8, dtype=np.uint8).reshape(2, 6, 8)
    assert (beneath(masks, (2, 6, 8, 3), (2, 2, 4, 5), 5) == masks[:, 2:4, 2:6]).all()
    assert (beneath(masks, (2, 6, 8, 3), (2, 6, 8, 5), 5) == masks).all()


def test_what_an_image_was_filled_up_with_is_void():
    masks = np.zeros((1, 3, 5), np.uint8)
    found = beneath(masks, (1, 4, 8, 3), (1, 4, 8, 2), 2)
    assert (found[0, :3, :5] == 0).all() and (found == VOID).sum() == 4 * 8 - 15


@pytest.mark.parametrize("logits", [(1, 4, 8, 3), (1, 5, 8, 2), (1, 3, 8, 2), (1, 2), (2, 4, 8, 2)])
def test_logits_of_another_shape_are_refused(logits):
    with pytest.raises(ShapeError, match=r"masks of 2 classes gives \(1, 4, 8, 2\)"):
        beneath(np.zeros((1, 4, 8), np.uint8), (1, 4, 8, 3), logits, 2)
