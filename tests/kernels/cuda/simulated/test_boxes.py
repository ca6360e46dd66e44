"""Boxes and regions of odd numbers: on CUDA as in the definition."""

import numpy as np
import pytest
from agreement import assert_matches
from there import computed

from cnnkit.kernels import reference

pytestmark = pytest.mark.usefixtures("on_cuda")


def test_a_score_and_its_bound_are_compared_as_they_are():
    boxes = np.float32([[[0, 0, 1, 1]]])
    for number, kept in ((0.3, 0), (0.7, -1)):  # in float32 a little more, and a little less
        found = computed("select", boxes, np.float32([[[number]]]), score=number, iou=0.5, places=1)
        assert found[0, 0, 5] == kept


def test_the_image_of_a_region_is_what_stands_before_the_point():
    """One that is no number is in none: made an integer by a chip it would be 0."""
    x = np.random.default_rng(0).standard_normal((2, 4, 4, 1)).astype(np.float32)
    rois = np.float32([[image, 0, 0, 3, 3] for image in (1.5, -0.5, 2, np.nan, np.inf)])
    dy = np.float32([[[[r + 1], [2]]] for r in range(len(rois))])
    _, places = reference.roi_pool(x, rois, (1, 2), 1.0)
    rows = {
        "roi_align": (x, rois, (1, 2), 1.0, 1),
        "roi_align_dx": (dy, rois, x.shape, 1.0, 1),
        "roi_pool_dx": (dy, places, rois, x.shape),
    }
    np.testing.assert_array_equal(computed("roi_pool", x, rois, (1, 2), 1.0)[1], places)
    for name, args in rows.items():
        assert_matches(computed(name, *args), getattr(reference, name)(*args), 4)
