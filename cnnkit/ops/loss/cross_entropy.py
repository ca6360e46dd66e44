"""Cross-entropy: how surprised the network is by the labels of images, or of their pixels."""

from typing import Any

from cnnkit import kernels
from cnnkit.autograd import Context, Function, Tensor
from cnnkit.errors import DataError, UsageError
from cnnkit.kernels.shared.array import Array, Host
from cnnkit.ops.arithmetic import multiply
from cnnkit.ops.loss.targets import labels_of, rows_of_classes, total_weight, weights_of
from cnnkit.ops.reduce import mean, sum


def cross_entropy(
    logits: Tensor | Array,
    labels: Host,
    *,
    label_smoothing: float = 0.0,
    ignore: int | None = None,
    weights: Host | None = None,
    class_weights: Host | None = None,
    reduction: str = "mean",
) -> Tensor:
    """v[n] · -Σ_k w[k] · target[k] · log softmax(logits)[k],   target = (1 - s)·one_hot(label) + s / K.

    The mean divides by Σ v[n]·w[label] over what counts, as PyTorch does, so that the size of weights is of no account,
    but their proportions are. Where `ignore` leaves nothing that counts, the loss is 0, and so is its gradient.

    Args:
        logits: (N, K), or (N, ..., K) where each pixel has a label.
        labels: (N,) or (N, ...) whole numbers from 0 to K - 1, or `ignore`.
        label_smoothing: s, the share of the target that is spread over all classes.
        ignore: the label of what is to add nothing and is not counted, as the void of a mask; None: all count.
        weights: v, of the shape of labels: how much each image or pixel counts, from 0 up; None: all the same.
        class_weights: (K,) w, how much each class counts, from 0 up; None: all the same.
        reduction: "mean" or "sum" over what counts, or "none" for the shape of labels.

    Source: Szegedy et al. 2015, arXiv:1512.00567, section 7, for the smoothing.
    """
    logits = rows_of_classes(logits, "cross_entropy")
    if not 0 <= label_smoothing < 1:
        raise UsageError(f"label_smoothing is {label_smoothing}, expected a number from 0 up to, not including, 1.")
    labels = labels_of(labels, logits.shape, "cross_entropy", ignore)
    w = None if class_weights is None else weights_of(class_weights, logits.shape[-1:], "class", "cross_entropy")
    losses: Tensor = _CrossEntropy.apply(logits, labels, float(label_smoothing), w, ignore)
    return reduced(losses, labels, logits.shape[-1], ignore, weights, w, reduction, "cross_entropy")


def reduced(
    losses: Tensor,
    labels: Host,
    classes: int,
    ignore: int | None,
    weights: Host | None,
    w: Host | None,
    reduction: str,
    op: str,
) -> Tensor:
    """The mean, the sum or each of `losses`, in which w[label] is already, times `weights`."""
    if reduction not in ("mean", "sum", "none"):
        raise UsageError(f"reduction is {reduction!r}, expected 'mean', 'sum' or 'none'.")
    if weights is None and w is None and ignore is None:
        return losses if reduction == "none" else sum(losses) if reduction == "sum" else mean(losses)
    what = "image" if labels.ndim == 1 else "pixel"
    what = "an image" if labels.ndim == 1 else "a pixel"
    v = None if weights is None else weights_of(weights, labels.shape, what.split()[1], op)
    total = total_weight(labels, classes, v, w, ignore)
    if labels.size and total == 0 and ignore is None:
        raise DataError(f"{op} expects {what} whose weight is above 0, but all of this batch weigh nothing.")
    if v is not None:
        losses = weighed(losses, v)
    if reduction == "none":
        return losses
    return multiply(sum(losses), 1 / total if total else 0.0) if reduction == "mean" else sum(losses)


def weighed(losses: Tensor, v: Host) -> Tensor:
    """losses · v; what weighs nothing adds nothing, also where its loss is ∞ (a masked class)."""
    result: Tensor = _Weighed.apply(losses, v.astype(losses.data.dtype))
    return result


class _CrossEntropy(Function):
    @staticmethod
    def forward(
        ctx: Context, logits: Array, labels: Host, smoothing: float, class_weights: Host | None, ignore: int | None
    ) -> Array:
        k = kernels.of(logits)
        w = None if class_weights is None else k.put(class_weights.astype(logits.dtype))
        labels = k.put(labels)
        losses, scores = k.cross_entropy(logits, labels, smoothing, weights=w, ignore=ignore)
        ctx.save(scores, labels, smoothing, w, ignore)
        return losses  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Context, dlosses: Array) -> tuple[Any, ...]:
        scores, labels, smoothing, w, ignore = ctx.saved
        k = kernels.of(scores, dlosses)
        dlogits = k.cross_entropy_dx(scores, labels, dlosses, smoothing, weights=w, ignore=ignore)
        return dlogits, None, None, None, None


class _Weighed(Function):
    @staticmethod
    def forward(ctx: Context, losses: Array, v: Host) -> Array:
        k = kernels.of(losses)
        v = k.put(v)
        ctx.save(v)
        result: Array = k.multiply(k.where(v, losses, 0.0), v)
        return result

    @staticmethod
    def backward(ctx: Context, dlosses: Array) -> tuple[Any, ...]:
        (v,) = ctx.saved
        return kernels.of(dlosses, v).multiply(dlosses, v), None
