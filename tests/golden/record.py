"""Record what PyTorch computes, so that the tests need no PyTorch: `python tests/golden/record.py` writes pytorch.json.

Inputs and weights come from `formula`, which both sides compute; only the other side's answers are stored.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name


def formula(shape: tuple[int, ...], phase: float) -> np.ndarray:
    """Numbers without a pattern, within ±1: sin(12.9898·i + phase)."""
    return np.sin(12.9898 * np.arange(int(np.prod(shape))) + phase).reshape(shape)


OPTIMISERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "sgd, momentum and decay": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
    "nesterov": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda p: torch.optim.Adam(p, lr=0.1, weight_decay=0.01),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.1, weight_decay=0.1),
}


def gru() -> dict[str, list[float]]:
    """Sweeps of torch.nn.GRU, there and back, over the columns of images: states, and the gradients of all operands."""
    layer = torch.nn.GRU(3, 4, batch_first=True, bidirectional=True).double()
    names = ["weight_ih", "bias_ih", "weight_hh", "bias_hh"]
    for phase, name in enumerate(names):
        for suffix in ("_l0", "_l0_reverse"):
            parameter = getattr(layer, name + suffix)
            values = 0.7 * formula(tuple(parameter.shape), phase + 10.0 * (suffix == "_l0"))
            parameter.data = torch.tensor(values)
    x = torch.tensor(formula((2, 5, 3, 3), 0.0), requires_grad=True)
    columns = x.permute(0, 2, 1, 3).reshape(6, 5, 3)
    y = layer(columns)[0].reshape(2, 3, 5, 8).permute(0, 2, 1, 3)
    y.backward(torch.tensor(formula(tuple(y.shape), 3.0)))
    answers = {"y": y.detach().flatten().tolist(), "dx": x.grad.flatten().tolist()}
    for name in names:
        both = torch.stack([getattr(layer, name + suffix).grad for suffix in ("_l0", "_l0_reverse")])
        answers[name] = both.flatten().tolist()
    return answers


def optimisers() -> dict[str, list[float]]:
    """Where five steps lead, with gradients by formula."""
    answers = {}
    for name, create in OPTIMISERS.items():
        w = torch.tensor(formula((3, 4), 0.0), requires_grad=True)
        optimiser = create([w])
        for step in range(5):
            w.grad = torch.tensor(formula((3, 4), 1.0 + step))
            optimiser.step()
        answers[name] = w.detach().flatten().tolist()
    return answers


def cross_entropies() -> dict[str, dict[str, list[float]]]:
    """Loss and gradient: with and without label smoothing, class weights, and each reduction."""
    answers = {}
    for smoothing, weights, reduction in CROSS_ENTROPIES:
        logits = torch.tensor(5 * formula((6, 4), 2.0), requires_grad=True)
        loss = F.cross_entropy(
            logits,
            torch.tensor([0, 3, 1, 2, 2, 0]),
            None if weights is None else torch.tensor(weights, dtype=torch.float64),
            label_smoothing=smoothing,
            reduction=reduction,
        )
        loss.backward(torch.ones_like(loss))
        name = str(smoothing) if weights is None else f"{smoothing} {weights} {reduction}"
        answers[name] = {"loss": loss.detach().flatten().tolist(), "dlogits": logits.grad.flatten().tolist()}
    return answers


# (label smoothing, class weights, reduction)
CROSS_ENTROPIES = [
    (0.0, None, "mean"),
    (0.1, None, "mean"),
    *[
        (smoothing, weights, reduction)
        for smoothing in (0.0, 0.1, 0.6)
        for weights in ([0.5, 2.0, 1.0, 3.0], [1.0, 0.0, 2.0, 0.25])
        for reduction in ("mean", "sum", "none")
    ],
]


def cross_entropies_of_pixels() -> dict[str, dict[str, list[float]]]:
    """Loss and gradient of maps of labels, some of them void."""
    answers = {}
    for smoothing, weights, reduction in PIXEL_CROSS_ENTROPIES:
        logits = torch.tensor(5 * formula((2, 3, 5, 4), 2.0), requires_grad=True)
        loss = F.cross_entropy(
            logits.permute(0, 3, 1, 2),
            torch.tensor([0, 3, 255, 2, 2, 1, 0, 255, 3, 1] * 3).reshape(2, 3, 5),
            None if weights is None else torch.tensor(weights, dtype=torch.float64),
            ignore_index=255,
            label_smoothing=smoothing,
            reduction=reduction,
        )
        loss.backward(torch.ones_like(loss))
        name = f"{smoothing} {weights} {reduction}"
        answers[name] = {"loss": loss.detach().flatten().tolist(), "dlogits": logits.grad.flatten().tolist()}
    return answers


PIXEL_CROSS_ENTROPIES = [
    (smoothing, weights, reduction)
    for smoothing in (0.0, 0.1)
    for weights in (None, [0.5, 2.0, 1.0, 3.0], [1.0, 0.0, 2.0, 0.25])
    for reduction in ("mean", "sum", "none")
]


def convolutions() -> dict[str, dict[str, list[float]]]:
    """Result and gradients of relu(conv2d), in our layout: NHWC images, (KH, KW, C / groups, O) filters."""
    answers = {}
    for name, stride, padding, dilation, groups in CONVOLUTIONS:
        x = torch.tensor(formula((2, 7, 6, 4), 0.0), requires_grad=True)
        w = torch.tensor(formula((3, 2, 4 // groups, 6), 1.0), requires_grad=True)
        b = torch.tensor(formula((6,), 2.0), requires_grad=True)
        y = F.conv2d(x.permute(0, 3, 1, 2), w.permute(3, 2, 0, 1), b, stride, padding, dilation, groups)
        y = torch.relu(y).permute(0, 2, 3, 1)
        y.backward(torch.tensor(formula(tuple(y.shape), 3.0)))
        answers[name] = told(y, x, w, b)
    return answers


CONVOLUTIONS = [
    ("plain", 1, 0, 1, 1),
    ("strided and padded", 2, (1, 1), 1, 1),
    ("dilated in groups", (1, 2), (2, 1), (2, 3), 2),
]


def dense() -> dict[str, list[float]]:
    """Result and gradients of relu(linear)."""
    x = torch.tensor(formula((5, 7), 0.0), requires_grad=True)
    w = torch.tensor(formula((7, 3), 1.0), requires_grad=True)
    b = torch.tensor(formula((3,), 2.0), requires_grad=True)
    y = torch.relu(F.linear(x, w.T, b))
    y.backward(torch.tensor(formula((5, 3), 3.0)))
    return told(y, x, w, b)


def pools() -> dict[str, dict[str, list[float]]]:
    """Result and gradient of every pool."""
    answers = {}
    for name, pool in POOLS.items():
        x = torch.tensor(formula((2, 7, 6, 3), 0.0), requires_grad=True)
        y = pool(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        y.backward(torch.tensor(formula(tuple(y.shape), 3.0)))
        answers[name] = told(y, x)
    return answers


POOLS = {
    "max": lambda x: F.max_pool2d(x, 3, 2, 1),
    "average": lambda x: F.avg_pool2d(x, 3, 2, 1),
    "average without padding": lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False),
    "adaptive average": lambda x: F.adaptive_avg_pool2d(x, (3, 4)),
    "adaptive max": lambda x: F.adaptive_max_pool2d(x, (3, 4)),
}


def batch_norms() -> dict[str, dict[str, list[float]]]:
    """relu(batch norm + residual) in training (with the running statistics that it leaves) and in use."""
    answers = {}
    for name, training in (("training", True), ("use", False)):
        x = torch.tensor(formula((3, 4, 2, 5), 0.0), requires_grad=True)
        w = torch.tensor(formula((5,), 1.0), requires_grad=True)
        b = torch.tensor(formula((5,), 2.0), requires_grad=True)
        r = torch.tensor(formula((3, 4, 2, 5), 4.0), requires_grad=True)
        mean, var = torch.tensor(formula((5,), 5.0)), torch.tensor(1.5 + formula((5,), 6.0))
        y = F.batch_norm(x.permute(0, 3, 1, 2), mean, var, w, b, training, 0.2, 1e-3).permute(0, 2, 3, 1)
        y = torch.relu(y + r)
        y.backward(torch.tensor(formula(tuple(y.shape), 3.0)))
        answers[name] = told(y, x, w, b) | {"dr": r.grad.flatten().tolist()}
        answers[name] |= {"running_mean": mean.tolist(), "running_var": var.tolist()}
    return answers


def pointwise() -> dict[str, dict[str, list[float]]]:
    """Result and gradient of what leaves the shape as it is."""
    answers = {}
    for name, function in POINTWISE.items():
        x = torch.tensor(5 * formula((2, 3, 2, 12), 0.0), requires_grad=True)
        y = function(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        y.backward(torch.tensor(formula(tuple(y.shape), 3.0)))
        answers[name] = told(y, x)
    return answers


POINTWISE = {
    "hard_sigmoid": F.hardsigmoid,
    "hard_swish": F.hardswish,
    "swish": F.silu,
    "channel_shuffle": lambda x: F.channel_shuffle(x, 3),
    "local_response_norm": lambda x: F.local_response_norm(x, 5),
    "local_response_norm, even": lambda x: F.local_response_norm(x, 4, alpha=0.5, beta=0.6, k=2),
}


def told(y: torch.Tensor, *operands: torch.Tensor) -> dict[str, list[float]]:
    gradients = {f"d{name}": operand.grad.flatten().tolist() for name, operand in zip("xwb", operands, strict=False)}
    return {"y": y.detach().flatten().tolist(), **gradients}


if __name__ == "__main__":
    record = {
        "torch": torch.__version__.partition("+")[0],
        "optimisers": optimisers(),
        "cross_entropy": cross_entropies(),
        "cross_entropy of pixels": cross_entropies_of_pixels(),
        "gru": gru(),
        "conv2d": convolutions(),
        "linear": dense(),
        "pool": pools(),
        "batch_norm": batch_norms(),
        "pointwise": pointwise(),
    }
    Path(__file__).with_name("pytorch.json").write_text(json.dumps(record, indent=0) + "\n")
