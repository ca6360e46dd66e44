"""Filters as pictures."""

import numpy as np

from cnnkit.pages.draw.colours import palette
from cnnkit.pages.draw.filters import filter_pictures


def test_filters_of_colours_are_colours_and_zero_is_grey():
    filters = np.zeros((1, 2, 3, 2), np.float32)
    filters[0, 0, :, 0] = (2, -2, 0)
    pictures = filter_pictures(filters)
    assert pictures[0].tolist() == [[[255, 0, 128], [128, 128, 128]]]
    assert (pictures[1] == 128).all()


def test_other_filters_are_in_the_scale_of_numbers(rng):
    filters = rng.normal(size=(3, 3, 1, 4)).astype(np.float32)
    pictures = filter_pictures(filters)
    assert [picture.shape for picture in pictures] == [(3, 3, 3)] * 4
    y, x, _, k = np.unravel_index(np.abs(filters).argmax(), filters.shape)
    assert pictures[k][y, x].tolist() == palette()[-1 if filters[y, x, 0, k] > 0 else 0].tolist()
