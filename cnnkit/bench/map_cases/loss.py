"""Cross-entropy of a label for each pixel, with void and weights of classes: the loss and its gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.bench.cases import Case
from cnnkit.bench.rivals.known import nchw
from cnnkit.errors import CheckFailed
from cnnkit.kernels.shared.array import Host

# Images, their size, and classes: CamVid's and PASCAL VOC's.
SHAPES = ((4, 360, 480, 11), (2, 512, 512, 21))
VOID = 255


def loss_cases() -> Iterator[Callable[[], Case]]:
    for shape in SHAPES:
        yield partial(loss_case, shape)


def loss_case(shape: tuple[int, int, int, int]) -> Case:
    """A tenth of the pixels is void."""
    rng = np.random.default_rng(0)
    logits = rng.standard_normal(shape, dtype=np.float32)
    labels = rng.integers(0, shape[3], shape[:3]).astype(np.uint8)
    labels[rng.random(labels.shape) < 0.1] = VOID
    weights = rng.uniform(0.5, 2, shape[3])
    return Case(
        f"cross-entropy of pixels, and gradient {'x'.join(map(str, shape))}",
        partial(_step, logits, labels, weights),
        partial(_check, logits[:1, :20, :20], labels[:1, :20, :20], weights),
        rivals={"torch": partial(_torch, logits, labels, weights)},
    )


def _step(logits: Host, labels: Host, weights: Host) -> tuple[float, Any]:
    x = Tensor(logits, requires_grad=True)
    loss = ops.cross_entropy(x, labels, ignore=VOID, class_weights=weights)
    loss.backward()
    return loss.item(), x.grad


def _check(logits: Host, labels: Host, weights: Host) -> None:
    loss, gradient = _step(logits, labels, weights)
    wanted, exact = _step(logits.astype(np.float64), labels, weights)
    error = max(abs(loss - wanted) / wanted, float(np.abs(gradient - exact).max() / np.abs(exact).max()))
    if not error <= 1e-5:
        raise CheckFailed(f"cross-entropy of pixels differs from its definition by {error:.2g}.")


def _torch(logits: Host, labels: Host, weights: Host, threads: int) -> list[Callable[[], Any]]:
    import torch

    torch.set_num_threads(threads)
    first, target = torch.from_numpy(nchw(logits)), torch.from_numpy(labels.astype(np.int64))
    w = torch.from_numpy(weights.astype(np.float32))

    def step(images: Any) -> Any:
        x = images.detach().requires_grad_()
        loss = torch.nn.functional.cross_entropy(x, target, w, ignore_index=VOID)
        loss.backward()
        return loss.item(), x.grad

    return [partial(step, x) for x in (first, first.contiguous(memory_format=torch.channels_last))]
