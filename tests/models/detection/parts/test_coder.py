"""Codes of boxes, beside torchvision's BoxCoder (tests/golden/record_boxes.py)."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from cnnkit.autograd import Tensor, gradcheck
from cnnkit.models.detection.parts import BoxCoder, clipped

FOLDER = Path(__file__).parents[3] / "golden"
sys.path.insert(0, str(FOLDER))
import boxes_problem as problem  # noqa: E402 - what both sides compute lies beside the recordings

GOLDEN = json.loads((FOLDER / "boxes.json").read_text())["box_coder"]
ANCHORS, BOXES = (problem.boxes(20, seed) for seed in (70, 71))
DELTAS = 3 * problem.numbers((20, 4), 72, 3.0).astype(np.float32)
every_weight = pytest.mark.parametrize("weights", [(1.0, 1.0, 1.0, 1.0), (10.0, 10.0, 5.0, 5.0)])


@every_weight
def test_codes_and_boxes_are_those_of_torchvision(weights):
    """Both compute some ten steps in float32, in the same order but for a division; boxes grow to 62 times 20."""
    coder, golden = BoxCoder(weights), GOLDEN[str(weights)]
    np.testing.assert_allclose(coder.encode(BOXES, ANCHORS).reshape(-1), golden["encoded"], rtol=2e-6, atol=2e-6)
    decoded = coder.decode(Tensor(DELTAS), ANCHORS).numpy()
    np.testing.assert_allclose(decoded.reshape(-1), golden["decoded"], rtol=2e-6, atol=1e-4)


@every_weight
def test_a_code_leads_back_to_its_box(weights):
    coder = BoxCoder(weights)
    codes = coder.encode(BOXES.astype(float), ANCHORS.astype(float))
    np.testing.assert_allclose(coder.decode(Tensor(codes), ANCHORS.astype(float)).numpy(), BOXES, rtol=1e-10)


def test_anchors_serve_all_images_of_a_batch():
    codes = problem.numbers((3, 20, 4), 5)
    together = BoxCoder().decode(Tensor(codes), ANCHORS.astype(float)).numpy()
    for n in range(3):
        np.testing.assert_array_equal(BoxCoder().decode(Tensor(codes[n]), ANCHORS.astype(float)).numpy(), together[n])


def test_boxes_have_the_gradient_of_their_codes():
    gradcheck(lambda codes: BoxCoder((2.0, 2.0, 1.0, 1.0)).decode(codes, ANCHORS[:3] / 50), [DELTAS[:3] / 5])


def test_an_empty_place_has_a_finite_code():
    assert np.isfinite(BoxCoder().encode(np.zeros((2, 4), np.float32), ANCHORS[:2])).all()


def test_boxes_end_where_the_image_ends():
    boxes = np.float32([[-5, 3, 70, 20], [10, -2, 12, 90]])
    np.testing.assert_array_equal(clipped(Tensor(boxes), (30, 50)).numpy(), [[0, 3, 50, 20], [10, 0, 12, 30]])


@every_weight
def test_anchors_may_be_where_the_codes_are(weights):
    coder = BoxCoder(weights)
    np.testing.assert_array_equal(
        coder.decode(Tensor(DELTAS), Tensor(ANCHORS)).numpy(), coder.decode(Tensor(DELTAS), ANCHORS).numpy()
    )
