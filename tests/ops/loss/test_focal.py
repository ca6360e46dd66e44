"""The focal loss beside its formula, number by number."""

import numpy as np
import pytest

from cnnkit import ops
from cnnkit.autograd import Tensor

LOGITS = 4 * np.sin(np.arange(36.0) * 7).reshape(1, 3, 3, 4)
LABELS = np.array([[[0, 1, 255], [3, 2, 2], [255, 0, 1]]], np.uint8)
WEIGHTS = np.array([0.5, 3.0, 0.0, 2.0])


def defined(gamma, weights):
    """(Σ w·(1 - p)^γ·-log p, Σ w) over the pixels that count."""
    losses = total = 0.0
    for row, label in zip(LOGITS.reshape(-1, 4).tolist(), LABELS.reshape(-1).tolist(), strict=True):
        if label != 255:
            p = np.exp(row[label]) / sum(np.exp(row))
            losses -= weights[label] * (1 - p) ** gamma * np.log(p)
            total += weights[label]
    return losses, total


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float32, 3e-6), (np.float64, 1e-12)])
@pytest.mark.parametrize("gamma", [0, 0.5, 2, 5])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_the_loss_is_its_formula(gamma, weights, dtype, rtol):
    losses, total = defined(gamma, np.ones(4) if weights is None else weights)
    options = {"gamma": gamma, "ignore": 255, "class_weights": weights}
    x = LOGITS.astype(dtype)
    # float32: 1 - p rounds p, and the power multiplies that error by gamma
    assert ops.focal_loss(x, LABELS, **options).item() == pytest.approx(losses / total, rel=rtol)
    assert ops.focal_loss(x, LABELS, **options, reduction="sum").item() == pytest.approx(losses, rel=rtol)
    each = ops.focal_loss(x, LABELS, **options, reduction="none").numpy()
    assert each.shape == LABELS.shape and not each[LABELS == 255].any()


def test_what_is_known_for_certain_has_neither_loss_nor_gradient():
    """p = 1 to the last bit: c / u would be 0 / 0."""
    for gamma in (0.5, 1, 2):
        logits = Tensor(np.array([[200, 0], [0, 200]], np.float32), requires_grad=True)
        loss = ops.focal_loss(logits, np.array([0, 1]), gamma=gamma)
        loss.backward()
        assert loss.item() == 0 and not logits.grad.any()


def test_what_is_quite_wrong_has_the_gradient_of_the_cross_entropy():
    """p = 0 to the last bit."""
    focal, plain = (Tensor(np.array([[300, 0]], np.float32), requires_grad=True) for _ in range(2))
    ops.focal_loss(focal, np.array([1])).backward()
    ops.cross_entropy(plain, np.array([1])).backward()
    np.testing.assert_array_equal(focal.grad, plain.grad)


def test_a_batch_of_void_alone_has_no_loss_and_no_gradient():
    logits = Tensor(LOGITS.astype(np.float32), requires_grad=True)
    loss = ops.focal_loss(logits, np.full((1, 3, 3), 255, np.uint8), ignore=255, class_weights=WEIGHTS)
    loss.backward()
    assert loss.item() == 0 and not logits.grad.any()
