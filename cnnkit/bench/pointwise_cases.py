"""Kernels that memory bounds: pools, norms, activations, losses, updates; and what masks and boxes add.

All are checked against their definitions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from cnnkit import kernels
from cnnkit.bench.cases import Case
from cnnkit.bench.map_cases.boxes import box_cases
from cnnkit.bench.map_cases.crf import crf_case
from cnnkit.bench.map_cases.enlarge import resize_cases
from cnnkit.bench.map_cases.gru import gru_cases
from cnnkit.bench.map_cases.loss import loss_cases
from cnnkit.bench.network_cases.ends import end_cases
from cnnkit.bench.rivals.torch_layers import torch_pointwise
from cnnkit.errors import CheckFailed
from cnnkit.kernels import HARD_SWISH, RELU, Window, reference
from cnnkit.kernels.shared.array import Host

SHAPE = (32, 56, 56, 64)
HALVED = Window(stride_h=2, stride_w=2)
NAMES = (
    "relu",
    "relu gradient",
    "hard swish",
    "max pool 2x2",
    "max pool 2x2 gradient",
    "average pool 2x2",
    "batch norm, relu",
    "batch norm, relu, gradient",
    "batch norm, residual, relu",
    "batch norm, residual, relu, gradient",
    "scale channels",
    "channel shuffle",
    "add",
    "softmax",
)
EPS = 1e-5
# How many arrays as large as the images each reads and writes at least. A batch norm reads its images twice; the index
# that a max pool keeps is one byte for each of a quarter of the pixels.
PASSES = {
    "relu": 2.0,
    "relu gradient": 3.0,
    "hard swish": 2.0,
    "max pool 2x2": 1.25 + 1 / 16,
    "max pool 2x2 gradient": 1.25 + 1 / 16,
    "average pool 2x2": 1.25,
    "batch norm, relu": 3.0,
    "batch norm, relu, gradient": 5.0,
    "batch norm, residual, relu": 4.0,
    "batch norm, residual, relu, gradient": 7.0,
    "scale channels": 2.0,
    "channel shuffle": 2.0,
    "add": 3.0,
    "softmax": 2.0,
}


def cases(*, quick: bool) -> Iterator[Callable[[], Case]]:
    yield from memory_cases(quick=quick)
    if not quick:
        yield from end_cases()
        yield crf_case
        yield from loss_cases()
        yield from resize_cases()
        yield from gru_cases()
        yield from box_cases()


def memory_cases(*, quick: bool) -> Iterator[Callable[[], Case]]:
    """Of one kernel each."""
    for name in NAMES:
        if not quick or name.startswith("max pool"):
            yield partial(pointwise_case, name)


def pointwise_case(name: str) -> Case:
    """The work `name` on one of resnet18's or vgg16's larger activations, (32, 56, 56, 64)."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(SHAPE, dtype=np.float32)
    logits = rng.standard_normal((4096, 1000), dtype=np.float32)
    dy = rng.standard_normal(SHAPE, dtype=np.float32)
    factors = rng.random((SHAPE[0], SHAPE[3]), dtype=np.float32)
    weight, bias = factors[0] + np.float32(0.5), dy[0, 0, 0]
    half = rng.standard_normal((SHAPE[0], SHAPE[1] // 2, SHAPE[2] // 2, SHAPE[3]), dtype=np.float32)

    def work(k: Any, take: slice) -> Callable[[], Any]:
        """On all images, or on the few that the definition can do in a moment."""
        if name.startswith("batch norm"):
            return _norm_work(name, k, *map(k.put, (x[take], dy[take], weight, bias)))
        a, d, h, z, s = (k.put(array[take]) for array in (x, dy, half, logits, factors))
        _, arg = k.max_pool2d(a, (2, 2), HALVED)
        runs: dict[str, Callable[[], Any]] = {
            "relu": lambda: k.activate(a, RELU),
            "relu gradient": lambda: k.activate_dx(d, a, RELU),
            "max pool 2x2": lambda: k.max_pool2d(a, (2, 2), HALVED)[0],
            "max pool 2x2 gradient": lambda: k.max_pool2d_dx(h, arg, a.shape, (2, 2), HALVED),
            "average pool 2x2": lambda: k.avg_pool2d(a, (2, 2), HALVED),
            "scale channels": lambda: k.scale_channels(a, s),
            "channel shuffle": lambda: k.channel_shuffle(a, 2),
            "hard swish": lambda: k.activate(a, HARD_SWISH),
            "add": lambda: k.add(a, d),
            "softmax": lambda: k.softmax(z),
        }
        return runs[name]

    k = kernels.home()
    run = work(k, slice(None))
    few = slice(0, 1)
    on_few = work(k, few)
    check = partial(_check, name, lambda: k.fetch(on_few()), work(reference, few))
    rival = {"torch": partial(torch_pointwise, name, logits if name == "softmax" else x, dy, half, factors)}
    whole = logits if name == "softmax" else x
    return Case(
        f"{name} {'x'.join(map(str, whole.shape))}", run, check, rivals=rival, moved=PASSES[name] * whole.nbytes
    )


def _norm_work(name: str, k: Any, x: Host, dy: Host, weight: Host, bias: Host) -> Callable[[], Any]:
    """relu(batch norm + residual) in training, dy being the residual too; or its way back."""
    residual = dy if "residual" in name else None
    if "gradient" not in name:
        return lambda: k.batch_norm(x, weight, bias, EPS, activation=RELU, residual=residual)[0]
    y, mean, var = k.batch_norm(x, weight, bias, EPS, activation=RELU, residual=residual)
    given = None if residual is None else y
    return lambda: k.batch_norm_dx(dy, x, weight, bias, mean, var, EPS, activation=RELU, y=given)[0]


def _check(name: str, ours: Callable[[], Any], definition: Callable[[], Any]) -> None:
    actual, expected = ours(), definition()
    error = float(np.abs(actual - expected).max())
    if not error <= 1e-5 * float(np.abs(expected).max()):
        raise CheckFailed(f"{name} differs from its definition by {error:.2g}.")
