"""A training step of any network: forward, loss, backward, SGD with momentum."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from cnnkit import kernels, models
from cnnkit.autograd import Tensor
from cnnkit.bench.cases import Case
from cnnkit.bench.twins.torch_twin import Learned, TorchTwin, torch_train
from cnnkit.errors import CheckFailed
from cnnkit.graph import Learning
from cnnkit.graph.learning import BEFORE
from cnnkit.kernels.shared.array import Host
from cnnkit.nn import Dropout, Module
from cnnkit.optim import SGD

LR, MOMENTUM = 0.01, 0.9


def resting(name: str, side: int, rng: np.random.Generator) -> Module:
    """The network with seeded weights, for images of that side. Dropout rests, its numbers are incomparable."""
    spec = models.spec(name)
    model = models.create(name, classes=spec.classes, in_channels=spec.input[2], image_size=(side, side), rng=rng)
    for module in model.modules():
        if isinstance(module, Dropout):
            module.rate = 0.0
    return model


def learning_case(
    title: str,
    model: Module,
    x: Host,
    loss: Callable[[], Tensor],
    theirs: Callable[[], Learned],
    *,
    lr: float = LR,
    twin: Callable[..., Any] | None = None,
    learner: Module | None = None,
    quick: bool = False,
) -> Case:
    """loss: of `model` on the images x.   theirs: makes the same in torch, of what its twin of `model` tells.

    twin: makes that, where tracing does not: as `TorchTwin`, but for the model.
    learner: of which `model` is a view, if the loss asks that.
    """
    optimiser, learning = SGD(model.parameters(), lr=lr, momentum=MOMENTUM), Learning(learner or model)

    def step() -> Tensor:
        """The loss, which nobody waits for."""
        optimiser.zero_grad()
        with learning.again():
            now = loss()
            now.backward()
        optimiser.step()
        return now

    def check() -> None:
        """The gradient is right, and a step made again without Python has the loss of one that is computed."""
        _check_gradient(model, loss)
        for _ in range(BEFORE + 1):  # the last looks for the way
            step().item()
        with learning.again():
            again = loss().item()
        if again != (computed := loss().item()):
            raise CheckFailed(f"{title}: made again, the step has a loss of {again:.9g}, computed {computed:.9g}.")

    # Both gradients cost what the forward pass does; the first layer's image needs none.
    per_image = model.multiply_adds((1, *x.shape[1:]))
    first = model.watched((1, *x.shape[1:]))[0]
    flop = 2.0 * len(x) * (3 * per_image - first[0].multiply_adds(first[1]))
    rivals = {"torch": partial(torch_train, twin or partial(TorchTwin, model), x, loss, theirs, lr, MOMENTUM)}
    return Case(title, step, check, flop, 4.0, rivals, quick=quick)


def _check_gradient(model: Module, loss: Callable[[], Tensor]) -> None:
    """Along the gradient g the loss rises by |g|² a unit: measured by a central difference over all weights at once."""
    model.zero_grad()
    loss().backward()
    gradients = [np.array(kernels.of(p.grad).fetch(p.grad), np.float32) for p in model.parameters()]
    square = float(sum((g.astype(np.float64) ** 2).sum() for g in gradients))
    # A short way, and where the loss is steep one that moves it by no more than a hundredth: it is not straight. Behind
    # batch norm of few images it bends at once, so a shorter way may do.
    for epsilon in (way / max(np.sqrt(square), square) for way in (1e-2, 3e-3, 1e-3, 3e-4)):
        values = []
        for sign in (1.0, -2.0, 1.0):  # up, down, and back where it was
            for parameter, gradient in zip(model.parameters(), gradients, strict=True):
                k = kernels.of(parameter.data)
                k.copy_into(parameter.data, parameter.numpy() + np.float32(sign * epsilon) * gradient)
            values.append(loss().item())
        rise = (values[0] - values[1]) / (2 * epsilon)
        if abs(rise - square) <= 0.03 * square:
            break
    else:
        raise CheckFailed(f"the loss rises by {rise:.6g} along the gradient, whose square is {square:.6g}.")
    model.zero_grad()
