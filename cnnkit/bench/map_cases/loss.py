"""Cross-entropy of a label for each pixel, with void and weights of classes: the loss and its gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.bench.cases import Case
from cnnkit.bench.rivals.known import nchw, tensor
from cnnkit.bench.twins.definition import check_by_definition
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
        partial(_step, Tensor(logits, requires_grad=True), labels, weights),
        partial(_check, logits[:1, :20, :20], labels[:1, :20, :20], weights),
        rivals={"torch": partial(_torch, logits, labels, weights)},
    )


def _step(x: Tensor, labels: Host, weights: Host) -> tuple[Tensor, Any]:
    x.grad = None
    loss = ops.cross_entropy(x, labels, ignore=VOID, class_weights=weights)
    loss.backward()
    return loss, x.grad


def _check(logits: Host, labels: Host, weights: Host) -> None:
    def step(dtype: type) -> tuple[Tensor, Any]:
        return _step(Tensor(logits.astype(dtype), requires_grad=True), labels, weights)

    check_by_definition("cross-entropy of pixels", step)


def _torch(logits: Host, labels: Host, weights: Host, threads: int) -> list[Callable[[], Any]]:
    import torch

    torch.set_num_threads(threads)
    first, target, w = map(tensor, (nchw(logits), labels.astype(np.int64), weights.astype(np.float32)))

    def step(images: Any) -> Any:
        x = images.detach().requires_grad_()
        loss = torch.nn.functional.cross_entropy(x, target, w, ignore_index=VOID)
        loss.backward()
        return loss, x.grad

    return [partial(step, x) for x in (first, first.contiguous(memory_format=torch.channels_last))]
