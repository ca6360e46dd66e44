"""The Dice loss beside its formula, number by number."""

import numpy as np
import pytest

from cnnkit import ops
from cnnkit.autograd import Tensor

LOGITS = 2 * np.sin(np.arange(36.0) * 7).reshape(1, 3, 3, 4)
LABELS = np.array([[[0, 1, 255], [3, 0, 0], [255, 0, 1]]], np.uint8)


def defined(smoothing, void):
    dices = []
    for k in range(4):
        overlap = size = 0.0
        for row, label in zip(LOGITS.reshape(-1, 4).tolist(), LABELS.reshape(-1).tolist(), strict=True):
            if label != void:
                p, g = np.exp(row[k]) / sum(np.exp(row)), float(label == k)
                overlap += p * g
                size += p * p + g * g
        dices.append((2 * overlap + smoothing) / (size + smoothing))
    return 1 - sum(dices) / 4


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float32, 1e-6), (np.float64, 1e-13)])
@pytest.mark.parametrize("smoothing", [1e-3, 1.0, 10.0])
def test_the_loss_is_its_formula(smoothing, dtype, rtol):
    found = ops.dice_loss(LOGITS.astype(dtype), LABELS, ignore=255, smoothing=smoothing)
    assert found.item() == pytest.approx(defined(smoothing, 255), rel=rtol)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_void_pixels_have_no_gradient_and_a_batch_of_void_none_at_all(dtype):
    logits = Tensor(LOGITS.astype(dtype), requires_grad=True)
    ops.dice_loss(logits, LABELS, ignore=255).backward()
    assert not logits.grad[LABELS == 255].any() and logits.grad[LABELS != 255].all()
    logits.grad = None
    loss = ops.dice_loss(logits, np.full_like(LABELS, 255), ignore=255)
    loss.backward()
    assert loss.item() == 0 and not logits.grad.any()


def test_a_certain_and_right_answer_loses_nothing():
    logits = np.where(np.arange(3) == np.array([[0], [1], [1]]), 200.0, 0.0)
    assert ops.dice_loss(logits, np.array([0, 1, 1])).item() == pytest.approx(0, abs=1e-12)


def test_a_class_may_itself_be_ignored():
    """Label 1 of three is void: its pixels are in no sum, and its map g is empty."""
    logits, labels = LOGITS.reshape(1, 12, 3)[:, :4], np.array([[0, 1, 2, 0]])
    found = ops.dice_loss(logits, labels, ignore=1).item()
    kept = ops.dice_loss(logits[:, [0, 2, 3]], labels[:, [0, 2, 3]]).item()
    assert found == pytest.approx(kept, rel=1e-13)
