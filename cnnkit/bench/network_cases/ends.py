"""What ends a training step: the loss of scores with its gradient, and the optimiser's step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from cnnkit import kernels, models, ops
from cnnkit.autograd import Tensor
from cnnkit.bench.cases import Case
from cnnkit.bench.rivals.known import tensor
from cnnkit.bench.twins.definition import check_by_definition
from cnnkit.kernels.shared.array import Host
from cnnkit.nn import Parameter
from cnnkit.optim import SGD, Adam, Optimiser

SCORES = 4096, 1000
YES_OR_NO = 16, 128, 128, 8
NETWORKS = "resnet20", "resnet50"  # 0.3 million numbers in 65 arrays, 26 million in 161
LR, MOMENTUM = 1e-3, 0.9


def end_cases() -> Iterator[Callable[[], Case]]:
    yield scores_case
    yield binary_case
    for network in NETWORKS:
        for optimiser in ("SGD", "Adam"):
            yield partial(update_case, optimiser, network)


def scores_case() -> Case:
    """Cross-entropy of ImageNet's classes."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, SCORES[1], SCORES[0])

    def loss(x: Tensor) -> Tensor:
        return ops.cross_entropy(x, labels[: len(x)])

    def theirs() -> Callable[[Any], Any]:
        import torch

        target = tensor(labels)
        return lambda x: torch.nn.functional.cross_entropy(x, target)

    return _loss_case("cross-entropy", rng.standard_normal(SCORES, dtype=np.float32), (2, SCORES[1]), loss, theirs)


def binary_case() -> Case:
    """Binary cross-entropy of logits, as detectors have it for each place."""
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2, YES_OR_NO).astype(np.float32)

    def loss(x: Tensor) -> Tensor:
        return ops.binary_cross_entropy(x, targets[_corner(x.shape)])

    def theirs() -> Callable[[Any], Any]:
        import torch

        target = tensor(targets)
        return lambda x: torch.nn.functional.binary_cross_entropy_with_logits(x, target)

    logits = rng.standard_normal(YES_OR_NO, dtype=np.float32)
    return _loss_case("binary cross-entropy", logits, (1, 4, 4, YES_OR_NO[3]), loss, theirs)


def _corner(shape: tuple[int, ...]) -> tuple[slice, ...]:
    return tuple(slice(size) for size in shape)


def _loss_case(
    name: str,
    logits: Host,
    few: tuple[int, ...],
    loss: Callable[[Tensor], Tensor],
    theirs: Callable[[], Callable[[Any], Any]],
) -> Case:
    """few: the shape of the part that is checked.   theirs: the loss in torch."""

    def step(x: Tensor) -> tuple[Tensor, Any]:
        x.grad = None
        value = loss(x)
        value.backward()
        return value, x.grad

    def check() -> None:
        part = np.ascontiguousarray(logits[_corner(few)])
        check_by_definition(name, lambda dtype: step(Tensor(part.astype(dtype), requires_grad=True)))

    def torch_steps(threads: int) -> list[Callable[[], Any]]:
        import torch

        torch.set_num_threads(threads)
        known, criterion = tensor(logits), theirs()

        def torch_step() -> Any:
            x = known.detach().requires_grad_()
            value = criterion(x)
            value.backward()
            return value, x.grad

        return [torch_step]

    images = Tensor(logits, requires_grad=True)
    title = f"{name}, and gradient {'x'.join(map(str, logits.shape))}"
    return Case(title, lambda: step(images), check, rivals={"torch": torch_steps})


def update_case(name: str, network: str) -> Case:
    """One step of all parameters of a network along gradients that stay as they are."""
    parameters, gradients = _moving(network)
    optimiser = _optimiser(name, parameters)

    def torch_steps(threads: int) -> list[Callable[[], Any]]:
        """One kernel for each array and one for all, of which the faster counts."""
        import torch

        torch.set_num_threads(threads)
        works = []
        for fused in (False, True):
            weights = [tensor(parameter.numpy().copy()).requires_grad_() for parameter in parameters]
            for weight, gradient in zip(weights, gradients, strict=True):
                weight.grad = tensor(gradient.copy())
            options = {"momentum": MOMENTUM} if name == "SGD" else {}
            works.append(getattr(torch.optim, name)(weights, lr=LR, fused=fused, **options).step)
        return works

    check = partial(_check_update, name, network)
    return Case(f"{name} step, {network}'s parameters", optimiser.step, check, rivals={"torch": torch_steps})


def _moving(network: str, dtype: type = np.float32) -> tuple[list[Parameter], list[Host]]:
    """Seeded parameters of the network, and their gradients."""
    rng = np.random.default_rng(0)
    side = models.spec(network).input[0]
    model = models.create(network, classes=10, in_channels=3, image_size=(side, side), rng=rng)
    parameters, gradients = [], []
    for parameter in model.parameters():
        gradient = rng.standard_normal(parameter.shape).astype(np.float32)
        moving = Parameter(parameter.numpy().astype(dtype))
        moving.grad = kernels.home().put(gradient.astype(dtype))
        parameters.append(moving)
        gradients.append(gradient)
    return parameters, gradients


def _optimiser(name: str, parameters: list[Parameter]) -> Optimiser:
    return SGD(parameters, LR, MOMENTUM) if name == "SGD" else Adam(parameters, LR)


def _check_update(name: str, network: str) -> None:
    """Two steps, beside the definition's. As float32, 0.999 leaves 1e-5 of 1 - 0.999, by which Adam's averages err."""

    def moved(dtype: type) -> list[Parameter]:
        parameters = _moving(network, dtype)[0]
        optimiser = _optimiser(name, parameters)
        for _ in range(2):
            optimiser.step()
        return parameters

    check_by_definition(name, moved)
