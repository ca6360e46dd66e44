"""Kernels that memory bounds, not arithmetic: pools, activations, softmax; checked against their definitions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from cnnkit import kernels
from cnnkit.bench.cases import Case
from cnnkit.bench.rivals import torch_pointwise
from cnnkit.errors import CheckFailed
from cnnkit.kernels import RELU, Window, reference

SHAPE = (32, 56, 56, 64)
HALVED = Window(stride_h=2, stride_w=2)
NAMES = ("relu", "relu gradient", "max pool 2x2", "max pool 2x2 gradient", "average pool 2x2", "add", "softmax")


def cases(*, quick: bool) -> Iterator[Callable[[], Case]]:
    for name in NAMES:
        if not quick or name.startswith("max pool"):
            yield partial(pointwise_case, name)


def pointwise_case(name: str) -> Case:
    """The work `name` on one of resnet18's or vgg16's larger activations, (32, 56, 56, 64)."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(SHAPE, dtype=np.float32)
    logits = rng.standard_normal((4096, 1000), dtype=np.float32)
    dy = rng.standard_normal(SHAPE, dtype=np.float32)
    half = rng.standard_normal((SHAPE[0], SHAPE[1] // 2, SHAPE[2] // 2, SHAPE[3]), dtype=np.float32)

    def work(k: Any, take: slice) -> Callable[[], Any]:
        """On all images, or on the few that the definition can do in a moment."""
        a, d, h, z = x[take], dy[take], half[take], logits[take]
        _, arg = k.max_pool2d(a, (2, 2), HALVED)
        runs: dict[str, Callable[[], Any]] = {
            "relu": lambda: k.activate(a, RELU),
            "relu gradient": lambda: k.activate_dx(d, a, RELU),
            "max pool 2x2": lambda: k.max_pool2d(a, (2, 2), HALVED)[0],
            "max pool 2x2 gradient": lambda: k.max_pool2d_dx(h, arg, a.shape, (2, 2), HALVED),
            "average pool 2x2": lambda: k.avg_pool2d(a, (2, 2), HALVED),
            "add": lambda: k.add(a, d),
            "softmax": lambda: k.softmax(z),
        }
        return runs[name]

    k = kernels.of(x)
    run = work(k, slice(None))
    few = slice(0, 1)
    check = partial(_check, name, work(k, few), work(reference, few))
    rival = {"torch": partial(torch_pointwise, name, logits if name == "softmax" else x, dy, half)}
    return Case(f"{name} {'x'.join(map(str, logits.shape if name == 'softmax' else SHAPE))}", run, check, rivals=rival)


def _check(name: str, ours: Callable[[], Any], definition: Callable[[], Any]) -> None:
    actual, expected = ours(), definition()
    error = float(np.abs(actual - expected).max())
    if not error <= 1e-5 * float(np.abs(expected).max()):
        raise CheckFailed(f"{name} differs from its definition by {error:.2g}.")
