"""Losses of detectors beside PyTorch's and torchvision's (tests/golden/record_boxes.py)."""

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

GOLDEN = json.loads((FOLDER / "boxes.json").read_text())["losses"]
X, T = problem.numbers((6, 5), 1, 4.0), problem.numbers((6, 5), 2)
SOFT, YES = (T + 1) / 2, (T > 0).astype(float)
A, B = (problem.boxes(12, seed).astype(float) for seed in (40, 41))
LOSSES = {
    "binary_cross_entropy": (X, lambda x, **how: ops.binary_cross_entropy(x, SOFT, **how)),
    "sigmoid_focal_loss": (X, lambda x, **how: ops.sigmoid_focal_loss(x, YES, **how)),
    "sigmoid_focal_loss, other numbers": (
        X,
        lambda x, **how: ops.sigmoid_focal_loss(x, YES, alpha=0.7, gamma=0.5, **how),
    ),
    "sigmoid_focal_loss, no alpha": (X, lambda x, **how: ops.sigmoid_focal_loss(x, YES, alpha=-1, gamma=3, **how)),
    "smooth_l1_loss": (X, lambda x, **how: ops.smooth_l1_loss(x, SOFT, **how)),
    "smooth_l1_loss, beta 1/9": (X, lambda x, **how: ops.smooth_l1_loss(x, SOFT, beta=1 / 9, **how)),
    "giou_loss": (A, lambda x, **how: ops.giou_loss(x, B, **how)),
}
every_loss = pytest.mark.parametrize("name", LOSSES)


@every_loss
def test_each_loss_and_its_gradient_are_torchs(name):
    operand, loss = LOSSES[name]
    x = Tensor(operand, requires_grad=True)
    y = loss(x, reduction="none")
    y.backward(np.ones(y.shape))
    # Both compute some ten steps in float64, in another order.
    np.testing.assert_allclose(y.numpy().reshape(-1), GOLDEN[name]["y"], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(x.grad.reshape(-1), GOLDEN[name]["dx"], rtol=1e-11, atol=1e-14)


@every_loss
def test_single_precision_errs_by_rounding(name):
    """giou_loss divides differences of areas of some hundred pixels; the others are sums of numbers of size 1."""
    operand, loss = LOSSES[name]
    y = loss(operand.astype(np.float32), reduction="none").numpy()
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.reshape(-1), GOLDEN[name]["y"], rtol=2e-6, atol=1e-6)


@every_loss
def test_weights_and_reductions(name):
    operand, loss = LOSSES[name]
    each = loss(operand, reduction="none").numpy()
    assert loss(operand).item() == pytest.approx(each.mean())
    assert loss(operand, reduction="sum").item() == pytest.approx(each.sum())
    v = np.arange(float(len(each))).reshape(-1, *[1] * (each.ndim - 1))
    weighed = each * v
    np.testing.assert_allclose(loss(operand, weights=v, reduction="none").numpy(), weighed)
    assert loss(operand, weights=v, reduction="sum").item() == pytest.approx(weighed.sum())
    assert loss(operand, weights=v).item() == pytest.approx(weighed.sum() / np.broadcast_to(v, each.shape).sum())


@every_loss
def test_where_nothing_counts_there_is_neither_loss_nor_gradient(name):
    operand, loss = LOSSES[name]
    x = Tensor(operand, requires_grad=True)
    y = loss(x, weights=np.zeros(1))
    y.backward()
    assert y.item() == 0 and not x.grad.any()


@pytest.mark.parametrize("loss", [ops.binary_cross_entropy, ops.sigmoid_focal_loss])
def test_logits_of_any_size_have_a_finite_loss(loss):
    x = Tensor(np.float32([-1e4, -100, 0, 100, 1e4] * 2), requires_grad=True)
    y = loss(x, np.float32([0] * 5 + [1] * 5), reduction="none")
    y.backward(np.ones(10, np.float32))
    assert np.isfinite(y.numpy()).all() and np.isfinite(x.grad).all()
    assert y.numpy()[[0, -1]].tolist() == [0, 0] and x.grad[[0, -1]].tolist() == [0, 0]


def test_boxes_far_apart_are_drawn_together():
    boxes = Tensor(np.array([[0.0, 0, 1, 1]]), requires_grad=True)
    loss = ops.giou_loss(boxes, np.array([[5.0, 0, 6, 1]]))
    loss.backward()
    # The least box around both is 6 wide, 4 of which belong to neither.
    assert loss.item() == pytest.approx(1 + 4 / 6) and boxes.grad[0, 2] < 0


def test_what_does_not_fit_is_refused():
    with pytest.raises(ShapeError, match="a target for each number"):
        ops.binary_cross_entropy(X, SOFT[:3])
    with pytest.raises(ShapeError, match="broadcast"):
        ops.smooth_l1_loss(X, SOFT, weights=np.ones(4))
    with pytest.raises(ShapeError, match=r"corners of boxes \(..., 4\)"):
        ops.giou_loss(X, X)
    with pytest.raises(UsageError, match="beta"):
        ops.smooth_l1_loss(X, SOFT, beta=0)
    with pytest.raises(UsageError, match="gamma"):
        ops.sigmoid_focal_loss(X, YES, gamma=-1)
    with pytest.raises(UsageError, match="reduction"):
        ops.giou_loss(A, B, reduction="all")
