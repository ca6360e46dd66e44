"""RoIAlign and RoI pool beside torchvision's (tests/golden/record_boxes.py)."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.errors import DTypeError, ShapeError, UsageError

FOLDER = Path(__file__).parents[2] / "golden"
sys.path.insert(0, str(FOLDER))
import boxes_problem as problem  # noqa: E402 - what both sides compute lies beside the recordings

GOLDEN = json.loads((FOLDER / "boxes.json").read_text())["regions"]
ROIS = problem.regions(9, 2, 80)


def layer(name):
    """What the name of a recording says, and the side of its map."""
    kind, size, _, *rest = name.replace(",", "").split(" ")
    size, scale = tuple(map(int, size.split("x"))), 1 / float(rest[0].removeprefix("1/"))
    if kind == "pool":
        return (lambda x, rois: ops.roi_pool(x, rois, size, scale=scale)), round(100 * scale)
    sampling, aligned = None if rest[1] == "-1" else int(rest[1]), rest[2] == "True"
    how = {"scale": scale, "sampling": sampling, "aligned": aligned}
    return (lambda x, rois: ops.roi_align(x, rois, size, **how)), round(100 * scale)


@pytest.mark.parametrize("name", GOLDEN)
def test_result_and_gradient_are_torchvisions(name):
    op, pixels = layer(name)
    x = Tensor(problem.numbers((2, pixels, pixels + 1, 3), 90), requires_grad=True)
    y = op(x, ROIS)
    y.backward(problem.numbers(y.shape, 91))
    dx = x.grad if pixels < 20 else x.grad.sum(axis=2)
    # Sums of at most some hundred numbers below 1, in another order; torchvision adds a half in float32.
    np.testing.assert_allclose(y.numpy().reshape(-1), GOLDEN[name]["y"], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(dx.reshape(-1), GOLDEN[name]["dx"], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", GOLDEN)
def test_single_precision_errs_by_rounding(name):
    op, pixels = layer(name)
    y = op(problem.numbers((2, pixels, pixels + 1, 3), 90).astype(np.float32), ROIS.astype(np.float32)).numpy()
    # Places up to 100 pixels away are rounded to 4e-6 of a pixel, and neighbours differ by up to 2.
    np.testing.assert_allclose(y.reshape(-1), GOLDEN[name]["y"], rtol=0, atol=2e-5)


@pytest.mark.parametrize("op", [ops.roi_align, ops.roi_pool])
def test_a_region_of_no_image_is_an_empty_place(op, rng):
    x = Tensor(rng.standard_normal((1, 6, 6, 2), np.float32), requires_grad=True)
    y = op(x, np.float32([[-1, 0, 0, 5, 5], [1, 0, 0, 5, 5], [0, 0, 0, 5, 5]]), 2)
    assert not y.numpy()[:2].any() and y.numpy()[2].all()
    y.backward(np.float32([1, 1, 0])[:, None, None, None] * np.ones_like(y.numpy()))
    assert not x.grad.any()


def test_a_region_of_a_single_pixel_has_its_number():
    x = np.arange(12, dtype=np.float32).reshape(1, 3, 4, 1)
    assert ops.roi_align(x, np.float32([[0, 2, 1, 3, 2]]), 1).item() == 6


def test_what_does_not_fit_is_refused():
    x, rois = np.zeros((1, 4, 4, 2), np.float32), np.zeros((3, 5), np.float32)
    for op in (ops.roi_align, ops.roi_pool):
        with pytest.raises(ShapeError, match=r"regions \(R, 5\)"):
            op(x, rois[:, 1:], 2)
        with pytest.raises(ShapeError, match="images"):
            op(x[0], rois, 2)
        with pytest.raises(DTypeError, match="type of the maps"):
            op(x, rois.astype(float), 2)
        with pytest.raises(UsageError, match="scale"):
            op(x, rois, 2, scale=0)
    with pytest.raises(UsageError, match="sampling"):
        ops.roi_align(x, rois, 2, sampling=0)
