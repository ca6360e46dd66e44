"""A gated recurrent unit that sweeps both ways along the rows of maps, as in ReSeg: in use, and a step of training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from cnnkit import kernels, nn
from cnnkit.autograd import Tensor, no_grad
from cnnkit.bench.cases import Case
from cnnkit.errors import CheckFailed
from cnnkit.kernels.shared.array import Host

# ReSeg's second layer on an image of CamVid, and one a quarter as wide on four.
SHAPES = (((1, 90, 120, 200), 100), ((4, 90, 120, 50), 25))


def gru_cases() -> Iterator[Callable[[], Case]]:
    for shape, units in SHAPES:
        for training in (False, True):
            yield partial(gru_case, shape, units, training)


def gru_case(shape: tuple[int, int, int, int], units: int, training: bool) -> Case:
    x = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
    layer = nn.GRU(shape[3], units, along="width")
    flop = (3 if training else 1) * 2.0 * layer.multiply_adds(shape)
    return Case(
        f"gru of {units} units{', training step' * training} {'x'.join(map(str, shape))}",
        partial(_step if training else _use, layer, x),
        partial(_check, units),
        flop,
        rivals={"torch": partial(_torch, x, units, training)},
    )


def _use(layer: nn.GRU, x: Host) -> Any:
    with no_grad():
        return layer(Tensor(x))


def _step(layer: nn.GRU, x: Host) -> Any:
    image = Tensor(x, requires_grad=True)
    y = layer(image)
    y.backward(y.data)
    for parameter in layer.parameters():
        parameter.grad = None
    return image.grad


def _check(units: int) -> None:
    """On a few pixels, against the definitions."""
    x, layer = np.random.default_rng(1).standard_normal((1, 3, 4, 8), dtype=np.float32), nn.GRU(8, units, along="width")
    found = _use(layer, x).numpy(), _step(layer, x)
    with kernels.use(backend="reference"):
        exact = _use(layer, x).numpy(), _step(layer, x)
    error = max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in zip(found, exact, strict=True))
    if not error <= 1e-5:
        raise CheckFailed(f"gru differs from its definition by {error:.2g}.")


def _torch(x: Host, units: int, training: bool, threads: int) -> list[Callable[[], Any]]:
    """Sequences first, and steps first; what the layout costs before and after is not counted."""
    import torch

    torch.set_num_threads(threads)
    N, H, W, C = x.shape
    sequences = torch.from_numpy(x.reshape(N * H, W, C))

    def work(batch_first: bool) -> Callable[[], Any]:
        layer = torch.nn.GRU(C, units, batch_first=batch_first, bidirectional=True)
        rows = sequences if batch_first else sequences.transpose(0, 1).contiguous()

        def use() -> Any:
            with torch.inference_mode():
                return layer(rows)[0]

        def step() -> Any:
            inputs = rows.detach().requires_grad_()
            y = layer(inputs)[0]
            y.backward(y.detach())
            layer.zero_grad()
            return inputs.grad

        return step if training else use

    return [work(True), work(False)]
