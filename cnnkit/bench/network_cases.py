"""Whole networks: a training step (forward, loss, backward, SGD with momentum), and prediction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from cnnkit import models
from cnnkit.autograd import Tensor, no_grad
from cnnkit.bench.cases import Case
from cnnkit.bench.torch_twin import torch_predict, torch_train
from cnnkit.errors import CheckFailed
from cnnkit.kernels.shared.array import Array
from cnnkit.nn import Module
from cnnkit.ops import cross_entropy
from cnnkit.optim import SGD

NETWORKS = ("convnet", "digitnet", "lenet5")
LR, MOMENTUM = 0.01, 0.9


def train_cases(*, quick: bool) -> Iterator[Callable[[], Case]]:
    for name in NETWORKS:
        if not quick or name == "convnet":
            yield partial(train_case, name, 128)


def predict_cases(*, quick: bool) -> Iterator[Callable[[], Case]]:
    for name in NETWORKS:
        for N in (1, 128):
            if not quick or name == "convnet":
                yield partial(predict_case, name, N)


def _network(name: str, N: int) -> tuple[Module, Array, Array]:
    """The network with seeded weights, and N seeded images with labels of the size that it was made for."""
    rng = np.random.default_rng(0)
    H, W, C = models.spec(name).input
    model = models.create(name, classes=10, in_channels=C, image_size=(H, W), rng=rng)
    return model, rng.standard_normal((N, H, W, C), dtype=np.float32), rng.integers(0, 10, N)


def train_case(name: str, N: int) -> Case:
    """One step of `name` on N images. Dropout rests on both sides: its random numbers are not comparable."""
    model, x, labels = _network(name, N)
    model.eval()
    optimiser = SGD(model.parameters(), lr=LR, momentum=MOMENTUM)

    def step() -> float:
        loss = cross_entropy(model(Tensor(x)), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss.item()

    # Both gradients cost what the forward pass does; the first layer's image needs none.
    per_image = model.multiply_adds((1, *x.shape[1:]))
    first = model.watched((1, *x.shape[1:]))[0]
    flop = 2.0 * N * (3 * per_image - first[0].multiply_adds(first[1]))
    rivals = {"torch": partial(torch_train, model, x, labels, LR, MOMENTUM)}
    check = partial(_check_gradient, model, x, labels)
    return Case(f"{name} training step, batch {N}", step, check, flop, 4.0, rivals, quick=name == "convnet")


def predict_case(name: str, N: int) -> Case:
    """Scores of N images, without a tape."""
    model, x, _ = _network(name, N)
    model.eval()

    def predict() -> Array:
        with no_grad():
            return model(Tensor(x)).numpy()

    def check() -> None:
        """The images in another order give the same bits in that order."""
        order = np.random.default_rng(1).permutation(N)
        with no_grad():
            if not np.array_equal(model(Tensor(x[order])).numpy(), predict()[order]):
                raise CheckFailed(f"{name}: the answer for an image depends on the images beside it.")

    flop = 2.0 * model.multiply_adds(x.shape)
    rivals = {"torch": partial(torch_predict, model, x, predict())}
    return Case(f"{name} predict, batch {N}", predict, check, flop, 4.0, rivals, quick=name == "convnet")


def _check_gradient(model: Module, x: Array, labels: Array) -> None:
    """Along the gradient g the loss rises by |g|² a unit: measured by a central difference over all weights at once."""

    def loss() -> Tensor:
        return cross_entropy(model(Tensor(x)), labels)

    model.zero_grad()
    loss().backward()
    gradients = [np.array(p.grad, np.float32) for p in model.parameters()]
    square = float(sum((g.astype(np.float64) ** 2).sum() for g in gradients))
    epsilon = 1e-2 / np.sqrt(square)
    values = []
    for sign in (1.0, -2.0, 1.0):  # up, down, and back where it was
        for parameter, gradient in zip(model.parameters(), gradients, strict=True):
            parameter.data += np.float32(sign * epsilon) * gradient
        values.append(loss().item())
    rise = (values[0] - values[1]) / (2 * epsilon)
    model.zero_grad()
    if not abs(rise - square) <= 0.03 * square:
        raise CheckFailed(f"the loss rises by {rise:.6g} along the gradient, whose square is {square:.6g}.")
