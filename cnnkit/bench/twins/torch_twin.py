"""A network of ours rebuilt in torch with the same weights, for `bench --against torch`.

One pass is traced and its ops are done again in torch, in the same order: any network has a twin, whatever its blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from cnnkit import kernels, nn
from cnnkit.autograd import Call, Tensor, no_grad, traced
from cnnkit.bench.rivals.known import Work, nchw, tensor
from cnnkit.bench.twins.torch_ops import joined, translated
from cnnkit.errors import CheckFailed
from cnnkit.kernels.shared.array import Host
from cnnkit.nn.blocks import WithAuxiliary
from cnnkit.nn.outputs import Nest, leaves
from cnnkit.ops import cross_entropy

# From all results of a network to its loss.
Learned = Callable[[Sequence[Any]], Any]
# Filters (KH, KW, C, O) as torch has them, (O, C, KH, KW), and dense weights (C, O); recurrent ones stay.
_TURNED = {4: (3, 2, 0, 1), 3: (0, 1, 2), 2: (1, 0)}


class TorchTwin:
    """Computes what `model` computes, in the mode it is in, on channels-first images of the shape of x (N, H, W, C).

    beside: a twin of the same model for other images, whose parameters are shared.
    """

    def __init__(self, model: nn.Module, x: Host, channels_last: bool = False, beside: TorchTwin | None = None) -> None:
        self._channels_last = channels_last
        image = Tensor(x)
        with kernels.shapes_only(), nullcontext() if model.training else no_grad(), traced() as calls:
            y = model(image)
        self._steps = [
            (translated(name, args), [_key(arg) for arg in args if _is_operand(arg)], _key(result))
            for name, args, result in joined(calls)
        ]
        # All tensors live until here, so that no two have borne one id.
        self._image, self._results = id(image), [id(logits) for logits, _ in weighed(y)]
        self._held: dict[int | None, Any] = (
            {id(parameter): self._parameter(parameter) for parameter in model.parameters()}
            if beside is None
            else beside._held
        )
        self._numbers = _constants(calls, {self._image, *self._held, *(result for _, _, result in self._steps)})

    def _parameter(self, parameter: nn.Parameter) -> Any:
        import torch

        data = parameter.numpy()
        turned = data.transpose(_TURNED.get(data.ndim))
        found = tensor(np.array(turned, order="C"))
        if self._channels_last and found.ndim == 4:
            found = found.contiguous(memory_format=torch.channels_last)
        return found.requires_grad_(parameter.requires_grad)

    def parameters(self) -> list[Any]:
        return list(self._held.values())

    def give_back(self, model: nn.Module) -> None:
        """Write the twin's parameters into the model's, as they are after training."""
        for parameter in model.parameters():
            turned = self._held[id(parameter)].detach().cpu().numpy()
            axes = _TURNED.get(turned.ndim)
            np.copyto(parameter.numpy(), turned if axes is None else turned.transpose(np.argsort(axes)))

    def __call__(self, images: Any) -> Any:
        """The logits."""
        return self.results(images)[0]

    def results(self, images: Any) -> list[Any]:
        """The logits, and behind them those of auxiliary classifiers; or all that the network tells."""
        known: dict[int | None, Any] = {None: None, self._image: images, **self._numbers, **self._held}
        for work, operands, result in self._steps:
            known[result] = work(*[known[operand] for operand in operands])
        return [known[result] for result in self._results]


def weighed(y: Nest) -> list[tuple[Tensor, float]]:
    """Every result of a network whose loss counts, and how much it does."""
    if isinstance(y, WithAuxiliary):
        return [(y.logits, 1.0), *((logits, y.weight) for logits in y.auxiliary)]
    return [(result, 1.0) for result in leaves(y)]


def loss_of(y: Tensor | WithAuxiliary, labels: Host) -> Tensor:
    """The mean cross-entropy of labels of images or of pixels."""
    first, *others = (cross_entropy(logits, labels) * weight for logits, weight in weighed(y))
    return sum(others, start=first)


def cross_entropy_of(model: nn.Module, x: Host, labels: Host) -> Learned:
    """`loss_of` in torch."""
    import torch

    with kernels.shapes_only():
        weights = [weight for _, weight in weighed(model(Tensor(x)))]
    target = tensor(labels)

    def learned(results: Sequence[Any]) -> Any:
        losses = (torch.nn.functional.cross_entropy(logits, target) for logits in results)
        return sum(weight * loss for weight, loss in zip(weights, losses, strict=True))

    return learned


def _constants(calls: Sequence[Call], made: set[int | None]) -> dict[int | None, Any]:
    """The operands that no call has made: numbers that stand in a formula."""
    operands = [arg for _, args, _ in calls for arg in args if isinstance(arg, Tensor) and id(arg) not in made]
    return {id(operand): tensor(operand.numpy()) for operand in operands}


def _is_operand(arg: Any) -> bool:
    return arg is None or isinstance(arg, Tensor)


def _key(value: Any) -> int | None:
    """What a tensor is known by; of several results the first is the one that goes on."""
    if isinstance(value, tuple):
        value = value[0]
    return None if value is None else id(value)


def layouts(twin: Callable[..., Any], x: Host, threads: int) -> list[tuple[Any, Any]]:
    """A twin of each memory layout, and the images.   twin: makes one, of x and whether channels come last."""
    import torch

    torch.set_num_threads(threads)
    images = tensor(nchw(x))
    last = images.contiguous(memory_format=torch.channels_last)
    return [(twin(x), images), (twin(x, channels_last=True), last)]


def torch_train(
    twin: Callable[..., Any],
    x: Host,
    ours: Callable[[], Tensor],
    theirs: Callable[[], Learned],
    lr: float,
    momentum: float,
    threads: int,
) -> list[Work]:
    """A training step in each memory layout, its first loss compared with ours.

    twin: makes the network, as `partial(TorchTwin, model)` does.   theirs: makes the loss in torch.
    """
    import torch

    wanted, learned = ours().item(), theirs()

    def work(twin: Any, images: Any) -> Work:
        optimiser = torch.optim.SGD(twin.parameters(), lr=lr, momentum=momentum)

        def step() -> Any:
            optimiser.zero_grad()
            loss = learned(twin.results(images))
            loss.backward()
            optimiser.step()
            return loss.detach()

        first = float(step())
        if not abs(first - wanted) <= (1e-2 if kernels.precision() == "tf32" else 1e-4) * abs(wanted):
            raise CheckFailed(f"torch's loss is {first:.6g} and ours {wanted:.6g}: not the same work.")
        return step

    return [work(twin, images) for twin, images in layouts(twin, x, threads)]
