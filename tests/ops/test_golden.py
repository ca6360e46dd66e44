"""Ops against what PyTorch computed once (tests/golden/record.py, record_upsampling.py)."""

import json
from pathlib import Path

import numpy as np
import pytest

from cnnkit import nn, ops
from cnnkit.autograd import Tensor

FOLDER = Path(__file__).parents[1] / "golden"
GOLDEN = json.loads((FOLDER / "pytorch.json").read_text())
UPSAMPLING = json.loads((FOLDER / "upsampling.json").read_text())


def formula(shape: tuple[int, ...], phase: float) -> np.ndarray:
    """Numbers without a pattern, within ±1, as in record.py."""
    return np.sin(12.9898 * np.arange(int(np.prod(shape))) + phase).reshape(shape)


def operand(shape: tuple[int, ...], phase: float) -> Tensor:
    return Tensor(formula(shape, phase), requires_grad=True)


def assert_golden(actual: np.ndarray, expected: list[float], rtol: float = 1e-12) -> None:
    """Both sides sum some tens of numbers below 1 in float64, in another order."""
    np.testing.assert_allclose(actual.reshape(-1), expected, rtol=rtol, atol=1e-13)


def check(y: Tensor, expected: dict[str, list[float]], *, rtol: float = 1e-12, **operands: Tensor) -> None:
    y.backward(formula(y.shape, 3.0))
    assert_golden(y.data, expected["y"])
    for name, tensor in operands.items():
        assert_golden(tensor.grad, expected["d" + name], rtol)


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


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("plain", {}),
        ("doubled", {"stride": 2, "padding": 1}),
        ("strided and padded", {"stride": 2, "padding": 1, "output_padding": 1}),
        (
            "dilated in groups",
            {"stride": (3, 2), "padding": (2, 1), "output_padding": (1, 0), "dilation": (2, 3), "groups": 2},
        ),
    ],
)
def test_conv_transpose2d_with_relu(name, options):
    x, b = operand((1, 4, 3, 6), 0.0), operand((4,), 2.0)
    w = operand((3, 2, 4 // options.get("groups", 1), 6), 1.0)
    y = ops.conv_transpose2d(x, w, b, activation="relu", **options)
    check(y, UPSAMPLING["conv_transpose2d"][name], x=x, w=w, b=b)


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


@pytest.mark.parametrize("name", UPSAMPLING["resize"])
def test_resize(name):
    mode, _, size, *aligned = name.replace(",", "").split(" ")
    x = operand((1, 5, 6, 2), 0.0)
    y = ops.resize(x, tuple(map(int, size.split("x"))), mode=mode, align_corners=bool(aligned))
    # torch keeps the places between pixels of its sizes in double precision too, but multiplies by a rounded scale
    check(y, UPSAMPLING["resize"][name], x=x, rtol=1e-11)


@pytest.mark.parametrize("training", [True, False], ids=["training", "use"])
def test_batch_norm_with_residual_and_relu(training):
    expected = GOLDEN["batch_norm"]["training" if training else "use"]
    norm = nn.BatchNorm2d(5, eps=1e-3, momentum=0.2, activation="relu").train(training)
    norm.running_mean, norm.running_var = formula((5,), 5.0), 1.5 + formula((5,), 6.0)
    norm.weight.data, norm.bias.data = formula((5,), 1.0), formula((5,), 2.0)
    x, r = operand((3, 4, 2, 5), 0.0), operand((3, 4, 2, 5), 4.0)
    check(norm.forward(x, r), expected, x=x, r=r, w=norm.weight, b=norm.bias)
    assert_golden(norm.running_mean, expected["running_mean"])
    assert_golden(norm.running_var, expected["running_var"])


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("hard_sigmoid", ops.hard_sigmoid),
        ("hard_swish", ops.hard_swish),
        ("swish", ops.swish),
        ("channel_shuffle", lambda x: ops.channel_shuffle(x, 3)),
        ("local_response_norm", ops.local_response_norm),
        ("local_response_norm, even", lambda x: ops.local_response_norm(x, 4, 0.5, 0.6, 2)),
    ],
)
def test_pointwise(name, function):
    x = Tensor(5 * formula((2, 3, 2, 12), 0.0), requires_grad=True)
    # PyTorch keeps the slope 1/6 of its hard sigmoid in float32, whatever it is multiplied with.
    check(function(x), GOLDEN["pointwise"][name], x=x, rtol=1e-7 if name == "hard_sigmoid" else 1e-12)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy(smoothing):
    logits = Tensor(5 * formula((6, 4), 2.0), requires_grad=True)
    loss = ops.cross_entropy(logits, np.array([0, 3, 1, 2, 2, 0]), label_smoothing=smoothing)
    loss.backward()
    expected = GOLDEN["cross_entropy"][str(smoothing)]
    assert_golden(loss.data, expected["loss"])
    assert_golden(logits.grad, expected["dlogits"])


def cross_entropy_options(case: str) -> dict[str, object]:
    smoothing, rest = case.split(" ", 1)
    weights, reduction = rest.rsplit(" ", 1)
    classes = None if weights == "None" else json.loads(weights)
    return {"label_smoothing": float(smoothing), "class_weights": classes, "reduction": reduction}


@pytest.mark.parametrize("case", [name for name in GOLDEN["cross_entropy"] if " " in name])
def test_cross_entropy_with_class_weights(case):
    logits = Tensor(5 * formula((6, 4), 2.0), requires_grad=True)
    loss = ops.cross_entropy(logits, np.array([0, 3, 1, 2, 2, 0]), **cross_entropy_options(case))
    loss.backward(np.ones(loss.shape))
    assert_golden(loss.data, GOLDEN["cross_entropy"][case]["loss"])
    assert_golden(logits.grad, GOLDEN["cross_entropy"][case]["dlogits"])


@pytest.mark.parametrize("case", GOLDEN["cross_entropy of pixels"])
def test_cross_entropy_of_pixels(case):
    logits = Tensor(5 * formula((2, 3, 5, 4), 2.0), requires_grad=True)
    labels = np.array([0, 3, 255, 2, 2, 1, 0, 255, 3, 1] * 3).reshape(2, 3, 5)
    loss = ops.cross_entropy(logits, labels, ignore=255, **cross_entropy_options(case))
    loss.backward(np.ones(loss.shape))
    expected = GOLDEN["cross_entropy of pixels"][case]
    assert_golden(loss.data, expected["loss"])
    assert_golden(logits.grad, expected["dlogits"])


def test_gru_is_that_of_torch():
    """torch keeps (3·U, C), a matrix for each direction: here they lie side by side, inputs first."""
    expected, layer = GOLDEN["gru"], nn.GRU(3, 4, along="height")
    own = {"weight_ih": layer.weight, "bias_ih": layer.bias}
    own |= {"weight_hh": layer.recurrent_weight, "bias_hh": layer.recurrent_bias}
    shapes = {"weight_ih": (12, 3), "bias_ih": (12,), "weight_hh": (12, 4), "bias_hh": (12,)}
    for phase, (name, shape) in enumerate(shapes.items()):
        there, back = (0.7 * formula(shape, phase + first) for first in (10.0, 0.0))
        own[name].data = ours(name, np.stack([there, back])).reshape(own[name].shape)
    x = operand((2, 5, 3, 3), 0.0)
    y = layer(x)
    y.backward(formula(y.shape, 3.0))
    assert_golden(y.data, expected["y"])
    assert_golden(x.grad, expected["dx"])
    for name, shape in shapes.items():
        assert_golden(own[name].grad, ours(name, np.reshape(expected[name], (2, *shape))).reshape(-1))


def ours(name: str, both: np.ndarray) -> np.ndarray:
    """Of torch's parameters of the two directions those of one layer here."""
    if name == "weight_ih":
        return both.reshape(24, 3).T
    return both.transpose(0, 2, 1) if name == "weight_hh" else both.reshape(-1)
