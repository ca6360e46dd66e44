"""A gated recurrent unit that sweeps both ways along the rows of maps, as in ReSeg: in use, and a step of training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from cnnkit import nn
from cnnkit.autograd import Tensor, no_grad
from cnnkit.bench.cases import Case
from cnnkit.bench.rivals.known import place, tensor
from cnnkit.bench.twins.definition import check_by_definition
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
        partial(_step if training else _use, layer, Tensor(x, requires_grad=training)),
        partial(_check, units),
        flop,
        rivals={"torch": partial(_torch, x, units, training)},
    )


def _use(layer: nn.GRU, image: Tensor) -> Any:
    with no_grad():
        return layer(image)


def _step(layer: nn.GRU, image: Tensor) -> Any:
    y = layer(image)
    y.backward(y.data)
    found, image.grad = image.grad, None
    for parameter in layer.parameters():
        parameter.grad = None
    return found


def _check(units: int) -> None:
    """On a few pixels, in use and in training."""
    x = np.random.default_rng(1).standard_normal((1, 3, 4, 8), dtype=np.float32)

    def both(dtype: type) -> tuple[Any, Any]:
        layer = nn.GRU(8, units, along="width", rng=np.random.default_rng(2))
        return _use(layer, Tensor(x)), _step(layer, Tensor(x, requires_grad=True))

    check_by_definition("gru", both)


def _torch(x: Host, units: int, training: bool, threads: int) -> list[Callable[[], Any]]:
    """Sequences first, and steps first; what the layout costs before and after is not counted."""
    import torch

    torch.set_num_threads(threads)
    N, H, W, C = x.shape
    sequences = tensor(x.reshape(N * H, W, C))

    def work(batch_first: bool) -> Callable[[], Any]:
        layer = torch.nn.GRU(C, units, batch_first=batch_first, bidirectional=True).to(place())
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
