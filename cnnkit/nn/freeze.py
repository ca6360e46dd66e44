"""The head of a network, and a trunk that stays as it is while the head learns."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import final

from cnnkit.errors import UsageError
from cnnkit.nn.dropout import Dropout
from cnnkit.nn.module import Module, Parameter


@final
@dataclass(frozen=True)
class Cut:
    """A network cut in two: a trunk, and what becomes of its result.

    head: the layer that gives the class scores.   trunk: the childless layers before `start`.
    start: where the second part begins: the head, or the first dropout after the trunk's last parameters.
    shape: of what reaches `start` for one image.
    """

    head: Module
    start: Module
    trunk: tuple[Module, ...]
    shape: tuple[int, ...]


def cut(module: Module, x_shape: tuple[int, ...]) -> Cut:
    """Cut a network before its head; the head is the last layer with parameters that an input of this shape meets."""
    calls = module.watched(x_shape)
    learning = [k for k, (layer, _, _) in enumerate(calls) if layer.parameters()]
    if not learning:
        raise UsageError(f"{type(module).__name__} has no layer with parameters, so it has no head that could learn.")
    last = learning[-1]
    since = learning[-2] + 1 if len(learning) > 1 else 0
    start = next((k for k in range(since, last) if isinstance(calls[k][0], Dropout)), last)
    trunk = tuple(layer for layer, _, _ in calls[:start])
    return Cut(calls[last][0], calls[start][0], trunk, calls[start][1][1:])


def head(module: Module, x_shape: tuple[int, ...]) -> Module:
    """The layer that gives the class scores."""
    return cut(module, x_shape).head


def freeze_trunk(module: Module, at: Cut) -> None:
    """Let the head alone learn.

    All other parameters want no gradient, so the tape records nothing before the head. The layers that own them stay
    in use, and so does all else in the trunk: batch norm neither looks at the batch nor moves its running statistics,
    and dropout rests. What only the trunk's training needs (auxiliary heads) rests too. Dropout behind the trunk goes
    on.
    """
    kept = {id(parameter) for parameter in at.head.parameters()}
    resting = {id(layer) for layer in at.trunk}
    for part in module.modules():
        owned = [value for value in vars(part).values() if isinstance(value, Parameter) and id(value) not in kept]
        for parameter in owned:
            parameter.requires_grad, parameter.grad = False, None
        auxiliary = any(isinstance(getattr(part, name), Module) for name in part.training_only)
        part.frozen = bool(owned) or auxiliary or id(part) in resting


@contextmanager
def frozen_trunk(module: Module, at: Cut) -> Iterator[None]:
    """Freeze the trunk until the block ends; then all parts learn, or rest, as they did before."""
    learned = {id(parameter): parameter.requires_grad for parameter in module.parameters()}
    rested = [(part, part.frozen) for part in module.modules()]
    freeze_trunk(module, at)
    try:
        yield
    finally:
        for parameter in module.parameters():
            parameter.requires_grad = learned[id(parameter)]
        for part, before in rested:
            part.frozen = before
