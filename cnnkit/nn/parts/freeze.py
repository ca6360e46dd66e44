"""The head of a network, and what stays as it is while the rest learns: a trunk, or batch norms."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, final

from cnnkit.errors import UsageError
from cnnkit.nn.containers import ModuleList
from cnnkit.nn.dropout import Dropout
from cnnkit.nn.module import Module, Parameter
from cnnkit.nn.norm import BatchNorm2d


class AsTrunk:
    """Marks a module that is a trunk as a whole, for what its network builds on it is the head."""


class WithHeads:
    """Marks a network that tells its heads itself: several layers, none of which stands upon another."""

    def heads(self) -> list[Module]:
        raise NotImplementedError


@final
@dataclass(frozen=True)
class Cut:
    """A network cut in two: a trunk, and what becomes of its result.

    score: the last layer with parameters, which gives the class scores.
    head: what learns while the trunk rests: that layer, or all that stands on a part that is marked as trunk, or the
        heads that a network tells.
    trunk: the childless layers before `start`.
    start: where the second part begins: the head, or the first dropout after the trunk's last parameters.
    shape: of what reaches `start` for one image.
    """

    head: Module
    score: Module
    start: Module
    trunk: tuple[Module, ...]
    shape: tuple[int, ...]


def cut(module: Module, x_shape: tuple[int, ...]) -> Cut:
    """Cut a network before its head: the last layer with parameters that an input of this shape meets.

    Where a part is marked as trunk, the head is all that is not within it; a network may tell several heads itself.
    """
    calls = module.watched(x_shape)
    learning = [k for k, (layer, _, _) in enumerate(calls) if layer.parameters()]
    if not learning:
        raise UsageError(f"{type(module).__name__} has no layer with parameters, so it has no head that could learn.")
    if isinstance(module, WithHeads):
        return _before(module.heads(), calls)
    last = learning[-1]
    marked = [part for part in module.modules() if isinstance(part, AsTrunk) and part is not module]
    within = {id(layer) for part in marked for layer in part.modules()}
    if within and id(calls[last][0]) not in within:
        return _upon(module, calls, within)
    since = learning[-2] + 1 if len(learning) > 1 else 0
    start = next((k for k in range(since, last) if isinstance(calls[k][0], Dropout)), last)
    trunk = tuple(layer for layer, _, _ in calls[:start])
    return Cut(calls[last][0], calls[last][0], calls[start][0], trunk, calls[start][1][1:])


def _upon(module: Module, calls: list[tuple[Module, Any, Any]], within: set[int]) -> Cut:
    """Cut behind the parts whose layers are `within`: auxiliary heads, not met in use, learn with the rest."""
    *_, (score, _, _) = (call for call in calls if call[0].parameters())
    start = 1 + max(k for k, (layer, _, _) in enumerate(calls) if id(layer) in within)
    above = [layer for layer in module.modules() if id(layer) not in within and not [*layer.named_children()]]
    trunk = tuple(layer for layer, _, _ in calls if id(layer) in within)
    return Cut(ModuleList(*above), score, calls[start][0], trunk, calls[start][1][1:])


def _before(heads: list[Module], calls: list[tuple[Module, Any, Any]]) -> Cut:
    """Cut before each of these heads; all other layers are the trunk, wherever they stand."""
    within = {id(layer) for head in heads for layer in head.modules()}
    start = next(call for call in calls if id(call[0]) in within)
    trunk = tuple(layer for layer, _, _ in calls if id(layer) not in within)
    return Cut(ModuleList(*heads), heads[-1], start[0], trunk, start[1][1:])


def head(module: Module, x_shape: tuple[int, ...]) -> Module:
    """The layer that gives the class scores."""
    return cut(module, x_shape).score


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


def freeze_norms(module: Module) -> None:
    """Let every batch norm rest: it normalises by its running statistics, and neither these nor its scales move.

    Where a batch is of one or two images, as those of detectors are, its own statistics are too rough to normalise by.

    Raises:
        UsageError: there are none.
    """
    norms = [part for part in module.modules() if isinstance(part, BatchNorm2d)]
    if not norms:
        raise UsageError(f"{type(module).__name__} has no batch norm that could be frozen. Leave --freeze out.")
    for part in norms:
        part.frozen, part.training = True, False
        for parameter in part.parameters():
            parameter.requires_grad, parameter.grad = False, None


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
