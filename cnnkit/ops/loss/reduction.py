"""From the loss of each number to one: weighed, then summed or averaged."""

from typing import Any

import numpy as np

from cnnkit.autograd import Tensor
from cnnkit.errors import ShapeError, UsageError
from cnnkit.kernels.shared.array import Host
from cnnkit.ops.arithmetic import multiply
from cnnkit.ops.loss.cross_entropy import weighed
from cnnkit.ops.reduce import mean, sum


def reduced(losses: Tensor, weights: Any, reduction: str, op: str) -> Tensor:
    """The mean, the sum or each of losses · weights.

    The mean divides by the sum of the weights; where that is 0 the loss is 0, and so is its gradient. So a batch in
    which nothing is to be learned needs no case of its own.

    Args:
        losses: of any shape.
        weights: of a shape that can be broadcast to it, from 0 up; None: all count the same.
        reduction: "mean", "sum" or "none".
    """
    if reduction not in ("mean", "sum", "none"):
        raise UsageError(f"reduction is {reduction!r}, expected 'mean', 'sum' or 'none'.")
    if weights is None:
        return losses if reduction == "none" else sum(losses) if reduction == "sum" else mean(losses)
    v = spread(weights, losses.shape, op)
    losses = weighed(losses, v)
    if reduction != "mean":
        return losses if reduction == "none" else sum(losses)
    total = float(v.sum(dtype=np.float64))
    return multiply(sum(losses), 1 / total if total else 0.0)


def spread(weights: Any, shape: tuple[int, ...], op: str) -> Host:
    """The weights at every number."""
    v = np.asarray(weights)
    try:
        return np.broadcast_to(v, shape)
    except ValueError:
        raise ShapeError(
            f"{op} expects weights that can be broadcast to the losses {shape}, but received {v.shape}."
        ) from None
