"""Gradient clipping."""

import math
from collections.abc import Iterable

from cnnkit import kernels
from cnnkit.errors import UsageError
from cnnkit.nn import Parameter


def limit_grad_norm(parameters: Iterable[Parameter], max_norm: float) -> None:
    """`clip_grad_norm` without its answer, for which a device would be waited: what each step of a training does."""
    if not max_norm > 0:
        raise UsageError(f"max_norm is {max_norm}, expected a number above 0.")
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    kernels.of(*gradients).clip_norm(gradients, max_norm)


def clip_grad_norm(parameters: Iterable[Parameter], max_norm: float) -> float:
    """Scale all gradients, in place, so that together they are no longer than max_norm; return how long they were.

    A norm that is not finite is returned and nothing is scaled: the caller decides.
    Source: Pascanu et al. 2013, arXiv:1211.5063, algorithm 1.
    """
    if not max_norm > 0:
        raise UsageError(f"max_norm is {max_norm}, expected a number above 0.")
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    k = kernels.of(*gradients)
    norm = math.sqrt(k.square_sum(gradients))
    if math.isfinite(norm) and norm > max_norm:
        k.scale(gradients, max_norm / norm)
    return norm
