"""Overlaps and the choice among boxes, beside torchvision's (tests/golden/record_boxes.py)."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.errors import ShapeError, UsageError

FOLDER = Path(__file__).parents[2] / "golden"
sys.path.insert(0, str(FOLDER))
import boxes_problem as problem  # noqa: E402 - what both sides compute lies beside the recordings

GOLDEN = json.loads((FOLDER / "boxes.json").read_text())
# name: boxes, classes, levels of scores (0: all differ), bound; as in record_boxes.py
SUPPRESSED = {
    "one class": (120, 1, 0, 0.5),
    "five classes": (160, 5, 0, 0.3),
    "equal scores": (160, 3, 6, 0.45),
    "a low bound": (90, 2, 0, 0.05),
    "all are kept": (40, 2, 4, 1.0),
}


@pytest.mark.parametrize("seed", range(len(SUPPRESSED)), ids=SUPPRESSED)
def test_the_boxes_are_those_of_batched_nms_in_its_order(seed):
    name = [*SUPPRESSED][seed]
    count, classes, levels, bound = SUPPRESSED[name]
    boxes, scores = problem.boxes(count, 10 * seed), problem.scores(count, 10 * seed + 5, levels=levels)
    each = np.full((count, classes), -1, np.float32)
    each[np.arange(count), np.arange(count) % classes] = scores
    found = ops.select(boxes[None], each[None], score=-0.5, iou=bound, places=count).numpy()[0]
    kept = GOLDEN["batched_nms"][name]
    np.testing.assert_array_equal(found[: len(kept), :4], boxes[kept])
    np.testing.assert_array_equal(found[: len(kept), 4], scores[kept])
    np.testing.assert_array_equal(found[: len(kept), 5], np.array(kept) % classes)
    assert (found[len(kept) :] == [0, 0, 0, 0, 0, -1]).all()


def test_overlaps_are_those_of_torchvision():
    a, b = (problem.boxes(count, seed).astype(float) for count, seed in ((9, 60), (11, 61)))
    np.testing.assert_allclose(ops.box_iou(a, b).numpy().reshape(-1), GOLDEN["box_iou"], rtol=1e-12)


def test_nothing_is_recorded():
    boxes = Tensor(problem.boxes(5, 1), requires_grad=True)
    assert not ops.box_iou(boxes, boxes).requires_grad


def test_operands_that_do_not_fit_are_refused():
    boxes, scores = np.zeros((2, 5, 4), np.float32), np.zeros((2, 5, 3), np.float32)
    how = {"score": 0.1, "iou": 0.5, "places": 3}
    with pytest.raises(ShapeError, match=r"two lists of boxes \(n, 4\)"):
        ops.box_iou(boxes, boxes)
    for wrong in (scores[0], scores[:1], scores[:, :4]):
        with pytest.raises(ShapeError, match="scores"):
            ops.select(boxes, wrong, **how)
    with pytest.raises(UsageError, match="at least 1"):
        ops.select(boxes, scores, **how | {"places": 0})
    with pytest.raises(UsageError, match="at least 1"):
        ops.select(boxes, scores, **how, per_class=0)
