"""Dice loss: how little the maps of classes lie over each other."""

import numpy as np

from cnnkit import kernels
from cnnkit.autograd import Tensor
from cnnkit.errors import UsageError
from cnnkit.kernels.shared.array import Array, Host
from cnnkit.ops.activation import softmax
from cnnkit.ops.arithmetic import add, divide, multiply, subtract
from cnnkit.ops.loss.targets import labels_of, rows_of_classes
from cnnkit.ops.reduce import mean, sum


def dice_loss(logits: Tensor | Array, labels: Host, *, ignore: int | None = None, smoothing: float = 1.0) -> Tensor:
    """1 - mean_k (2·Σ_i p[i, k]·g[i, k] + ε) / (Σ_i p[i, k]² + Σ_i g[i, k]² + ε),   p = softmax(logits).

    g is 1 where the label is k, else 0. The sums are over all pixels i of the batch that count; large and small classes
    have equal parts in the mean. A class that is neither in the labels nor answered has a Dice of 1, by ε.

    Args:
        logits: (N, ..., K).
        labels: (N, ...) whole numbers from 0 to K - 1, or `ignore`.
        ignore: the label of pixels that are in no sum; None: all count.
        smoothing: ε, above 0, in pixels: so much is added to overlap and sizes, against division by 0.

    Source: Milletari et al. 2016, arXiv:1606.04797, section 3, for two classes and without ε.
    """
    logits = rows_of_classes(logits, "dice_loss")
    if not 0 < smoothing < np.inf:
        raise UsageError(f"smoothing is {smoothing}, expected a finite number of pixels above 0.")
    labels = labels_of(labels, logits.shape, "dice_loss", ignore)
    K, pixels = logits.shape[-1], tuple(range(logits.ndim - 1))
    labels = labels[..., None]
    p, truth = softmax(logits), labels == np.arange(K)
    if ignore is not None:
        counted = labels != ignore
        p, truth = multiply(p, _beside(logits, counted)), truth & counted
    g = _beside(logits, truth)
    overlaps = sum(multiply(p, g), pixels)
    sizes = add(sum(multiply(p, p), pixels), sum(g, pixels))
    dice = divide(add(multiply(overlaps, 2.0), smoothing), add(sizes, smoothing))
    return subtract(1.0, mean(dice))


def _beside(logits: Tensor, mask: Host) -> Tensor:
    """0 and 1 where the logits are, and of their type."""
    return Tensor(kernels.of(logits.data).put(mask.astype(logits.data.dtype)))
