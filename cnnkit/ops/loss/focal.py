"""Focal loss: a cross-entropy in which what is known already counts little."""

from typing import Any

import numpy as np

from cnnkit import kernels
from cnnkit.autograd import Context, Function, Tensor
from cnnkit.errors import UsageError
from cnnkit.kernels.shared.array import Array, Host
from cnnkit.ops.loss.cross_entropy import cross_entropy, reduced, weighed
from cnnkit.ops.loss.targets import labels_of, rows_of_classes, weights_of


def focal_loss(
    logits: Tensor | Array,
    labels: Host,
    *,
    gamma: float = 2.0,
    ignore: int | None = None,
    class_weights: Host | None = None,
    reduction: str = "mean",
) -> Tensor:
    """w[label] · (1 - p)^γ · -log p,   p = softmax(logits)[label]: with γ = 0 the cross-entropy.

    The mean divides by Σ w[label] over what counts, as that of the cross-entropy; the paper, whose classes are two,
    divides by the number of anchors that hold an object.

    Args:
        logits: (N, ..., K).
        labels: (N, ...) whole numbers from 0 to K - 1, or `ignore`.
        gamma: γ, from 0 up; the higher, the less a pixel counts that is told right.
        ignore: the label of what adds nothing and is not counted; None: all count.
        class_weights: (K,) w, the paper's α, from 0 up; None: all the same.
        reduction: "mean" or "sum" over what counts, or "none" for the shape of labels.

    Source: Lin et al. 2017, arXiv:1708.02002, section 3.
    """
    logits = rows_of_classes(logits, "focal_loss")
    if not 0 <= gamma < np.inf:
        raise UsageError(f"gamma is {gamma}, expected a finite number from 0 up; the paper's is 2.")
    labels = labels_of(labels, logits.shape, "focal_loss", ignore)
    w = None if class_weights is None else weights_of(class_weights, logits.shape[-1:], "class", "focal_loss")
    losses: Tensor = _Focal.apply(cross_entropy(logits, labels, ignore=ignore, reduction="none"), float(gamma))
    if w is not None:  # void has no class: any weight will do, for its loss is 0
        losses = weighed(losses, w[labels if ignore is None else np.where(labels == ignore, 0, labels)])
    return reduced(losses, labels, logits.shape[-1], ignore, None, w, reduction, "focal_loss")


class _Focal(Function):
    """y = u^γ · c of cross-entropies c = -log p, where u = 1 - p = 1 - e^-c."""

    @staticmethod
    def forward(ctx: Context, c: Array, gamma: float) -> Array:
        k = kernels.of(c)
        p = k.exp(k.negate(c))
        u = k.subtract(1.0, p)
        power = k.exp(k.multiply(k.log(u), gamma)) if gamma else k.add(k.multiply(u, 0.0), 1.0)
        y: Array = k.multiply(power, c)
        ctx.save(c, p, u, power, gamma)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        """dy/dc = u^γ · (1 + γ·p·c/u), where c/u goes to 1 as c goes to 0."""
        c, p, u, power, gamma = ctx.saved
        k = kernels.of(dy, c)
        ratio = k.where(u, k.divide(c, u), 1.0)
        steeper = k.where(p, k.multiply(k.multiply(p, ratio), gamma), 0.0)
        return k.multiply(dy, k.multiply(power, k.add(steeper, 1.0))), None
