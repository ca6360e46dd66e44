"""A loss that the caller gave, called and checked."""

from collections.abc import Callable

import numpy as np

from cnnkit.autograd import Tensor
from cnnkit.errors import UsageError
from cnnkit.kernels.shared.array import Host

# loss(logits, labels) -> a Tensor of one number, the mean over the batch.
# Of a class for each image: (N, K) and (N,) int64; of masks: (N, H, W, K) and (N, H, W) uint8, 255 where they are void.
Loss = Callable[[Tensor, Host], Tensor]


def name_of(loss: Loss) -> str:
    """As records and messages call it."""
    return str(getattr(loss, "__name__", type(loss).__name__))


def called(loss: Loss, logits: Tensor, labels: Host) -> Tensor:
    """Its value; UsageError where that is nothing that a network could learn from."""
    value = loss(logits, labels)
    if not isinstance(value, Tensor) or value.size != 1:
        shape = f" of shape {np.shape(value)}" if isinstance(value, Tensor | np.ndarray) else ""
        raise UsageError(
            f"loss must return a Tensor of one number, the mean over the batch, but {name_of(loss)} returned a "
            f"{type(value).__name__}{shape}. Compute it from logits by cnnkit.ops, and end it with mean()."
        )
    if not value.requires_grad:
        raise UsageError(
            f"What {name_of(loss)} returned does not depend on the logits, so nothing can be learned from it. "
            "Compute with the Tensor by cnnkit.ops, not with its numbers."
        )
    return value
