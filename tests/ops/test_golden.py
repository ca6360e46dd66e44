"""Ops against what PyTorch computed once (tests/golden/record.py)."""

import json
from pathlib import Path

import numpy as np
import pytest

from cnnkit import ops
from cnnkit.autograd import Tensor

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "pytorch.json").read_text())


def formula(shape: tuple[int, ...], phase: float) -> np.ndarray:
    """Numbers without a pattern, within ±1, as in record.py."""
    return np.sin(12.9898 * np.arange(int(np.prod(shape))) + phase).reshape(shape)


def operand(shape: tuple[int, ...], phase: float) -> Tensor:
    return Tensor(formula(shape, phase), requires_grad=True)


def assert_golden(actual: np.ndarray, expected: list[float]) -> None:
    """Both sides sum some tens of numbers below 1 in float64, in another order."""
    np.testing.assert_allclose(actual.reshape(-1), expected, rtol=1e-12, atol=1e-13)


def check(y: Tensor, expected: dict[str, list[float]], **operands: Tensor) -> None:
    y.backward(formula(y.shape, 3.0))
    assert_golden(y.data, expected["y"])
    for name, tensor in operands.items():
        assert_golden(tensor.grad, expected["d" + name])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("plain", {}),
        ("strided and padded", {"stride": 2, "padding": 1}),
        ("dilated in groups", {"stride": (1, 2), "padding": (2, 1), "dilation": (2, 3), "groups": 2}),
    ],
)
def test_conv2d_with_relu(name, options):
    x, b = operand((2, 7, 6, 4), 0.0), operand((6,), 2.0)
    w = operand((3, 2, 4 // options.get("groups", 1), 6), 1.0)
    check(ops.conv2d(x, w, b, activation="relu", **options), GOLDEN["conv2d"][name], x=x, w=w, b=b)


def test_linear_with_relu():
    x, w, b = operand((5, 7), 0.0), operand((7, 3), 1.0), operand((3,), 2.0)
    check(ops.linear(x, w, b, activation="relu"), GOLDEN["linear"], x=x, w=w, b=b)


@pytest.mark.parametrize(
    ("name", "pool"),
    [
        ("max", lambda x: ops.max_pool2d(x, 3, 2, 1)),
        ("average", lambda x: ops.avg_pool2d(x, 3, 2, 1)),
        ("average without padding", lambda x: ops.avg_pool2d(x, 3, 2, 1, count_padding=False)),
        ("adaptive average", lambda x: ops.adaptive_avg_pool2d(x, (3, 4))),
        ("adaptive max", lambda x: ops.adaptive_max_pool2d(x, (3, 4))),
    ],
)
def test_pool(name, pool):
    x = operand((2, 7, 6, 3), 0.0)
    check(pool(x), GOLDEN["pool"][name], x=x)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy(smoothing):
    logits = Tensor(5 * formula((6, 4), 2.0), requires_grad=True)
    loss = ops.cross_entropy(logits, np.array([0, 3, 1, 2, 2, 0]), label_smoothing=smoothing)
    loss.backward()
    expected = GOLDEN["cross_entropy"][str(smoothing)]
    assert_golden(loss.data, expected["loss"])
    assert_golden(logits.grad, expected["dlogits"])
