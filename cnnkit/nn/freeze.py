"""The head of a network, and a trunk that stays as it is while the head learns."""

from cnnkit.errors import UsageError
from cnnkit.nn.module import Module, Parameter


def head(module: Module, x_shape: tuple[int, ...]) -> Module:
    """The layer that gives the class scores: the last one with parameters that an input of this shape meets."""
    for layer, _, _ in reversed(module.watched(x_shape)):
        if layer.parameters():
            return layer
    raise UsageError(f"{type(module).__name__} has no layer with parameters, so it has no head that could learn.")


def freeze_trunk(module: Module, head: Module) -> None:
    """Let the head alone learn.

    All other parameters want no gradient, so the tape records nothing before the head. The layers that own them stay
    in use: batch norm neither looks at the batch nor moves its running statistics. What only the trunk's training needs
    (auxiliary heads) rests. Dropout, which owns nothing, goes on.
    """
    kept = {id(parameter) for parameter in head.parameters()}
    for part in module.modules():
        owned = [value for value in vars(part).values() if isinstance(value, Parameter) and id(value) not in kept]
        for parameter in owned:
            parameter.requires_grad, parameter.grad = False, None
        auxiliary = any(isinstance(getattr(part, name), Module) for name in part.training_only)
        part.frozen = bool(owned) or auxiliary
