"""Anchors, beside those of torchvision (tests/golden/record_boxes.py) and of the papers."""

import json
from pathlib import Path

import numpy as np
import pytest

from cnnkit.models.detection.parts import DefaultBoxes, RegionAnchors

GOLDEN = json.loads((Path(__file__).parents[3] / "golden" / "boxes.json").read_text())["anchors"]
ANCHORS = {
    "regions": RegionAnchors(((32,), (64, 100)), ((0.5, 1.0, 2.0),) * 2),
    "default": DefaultBoxes(((2,), (2, 3)), (0.07, 0.15, 0.33), (8, 16)),
    "default, no steps": DefaultBoxes(((2, 3),) * 2, (0.2, 0.95, 1.0)),
}


@pytest.mark.parametrize("name", ANCHORS)
def test_anchors_are_those_of_torchvision(name):
    found = ANCHORS[name](((6, 4), (3, 2)), (96, 64))
    assert found.dtype == np.float32
    # Whole pixels are exact; shares of an image of 96 pixels are rounded once or twice.
    np.testing.assert_allclose(found.reshape(-1), GOLDEN[name], rtol=0, atol=0 if name == "regions" else 1e-5)


@pytest.mark.parametrize("name", ANCHORS)
def test_each_place_has_as_many_as_are_told(name):
    anchors = ANCHORS[name]
    assert len(anchors(((6, 4), (3, 2)), (96, 64))) == 24 * anchors.counts[0] + 6 * anchors.counts[1]


def test_ssd300_has_the_paper_s_8732_boxes():
    ratios = ((2,), (2, 3), (2, 3), (2, 3), (2,), (2,))
    boxes = DefaultBoxes(ratios, (0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05), (8, 16, 32, 64, 100, 300))
    assert boxes([(side, side) for side in (38, 19, 10, 5, 3, 1)], (300, 300)).shape == (8732, 4)


def test_anchors_cannot_be_changed_by_who_is_given_them():
    with pytest.raises(ValueError, match="read-only"):
        ANCHORS["default"](((6, 4), (3, 2)), (96, 64))[0] = 0
