"""Losses: one number that says how wrong the network is."""

from collections.abc import Callable
from typing import Any

import numpy as np

from cnnkit import kernels
from cnnkit.autograd import Context, Function, Tensor
from cnnkit.errors import DataError, ShapeError, UsageError
from cnnkit.kernels.shared.array import Array, Host
from cnnkit.ops import check
from cnnkit.ops.arithmetic import add
from cnnkit.ops.reduce import mean, sum


def cross_entropy(
    logits: Tensor | Array,
    labels: Host,
    *,
    label_smoothing: float = 0.0,
    weights: Host | None = None,
    class_weights: Host | None = None,
    reduction: str = "mean",
) -> Tensor:
    """v[n] · -Σ_k w[k] · target[k] · log softmax(logits)[k],   target = (1 - s)·one_hot(label) + s / K.

    The mean divides by Σ v[n]·w[label] over the images, as PyTorch does, so that the size of weights is of no account,
    but their proportions are.

    Args:
        logits: (N, K).
        labels: (N,) whole numbers from 0 to K - 1.
        label_smoothing: s, the share of the target that is spread over all classes.
        weights: (N,) v, how much each image counts, from 0 up; None: all the same.
        class_weights: (K,) w, how much each class counts, from 0 up; None: all the same.
        reduction: "mean" or "sum" over the images, or "none" for (N,).

    Source: Szegedy et al. 2015, arXiv:1512.00567, section 7, for the smoothing.
    """
    logits = check.tensor(logits, "cross_entropy")
    if logits.ndim != 2 or logits.shape[1] < 1:
        raise ShapeError(f"cross_entropy expects logits (N, classes), but received {logits.shape}. Flatten them first.")
    if not 0 <= label_smoothing < 1:
        raise UsageError(f"label_smoothing is {label_smoothing}, expected a number from 0 up to, not including, 1.")
    if reduction not in ("mean", "sum", "none"):
        raise UsageError(f"reduction is {reduction!r}, expected 'mean', 'sum' or 'none'.")
    N, K = logits.shape
    places = _labels(labels, N, K)
    if weights is None and class_weights is None:
        losses: Tensor = _CrossEntropy.apply(logits, places, float(label_smoothing))
        return _reduced(losses, reduction, mean)
    v = np.ones(N) if weights is None else _weights(weights, N, "image")
    w = np.ones(K) if class_weights is None else _weights(class_weights, K, "class")
    each = v * w[places]
    if N and not each.any():
        raise DataError("cross_entropy expects an image whose weight is above 0, but all of this batch weigh nothing.")
    total = each.sum() if reduction == "mean" and N else 1.0
    if class_weights is None or label_smoothing == 0:
        losses = _CrossEntropy.apply(logits, places, float(label_smoothing))
        return _reduced(_Weighed.apply(losses, (each / total).astype(logits.dtype)), reduction, sum)
    hard = _Weighed.apply(
        _CrossEntropy.apply(logits, places, 0.0), ((1 - label_smoothing) * each / total).astype(logits.dtype)
    )
    spread = _AllClasses.apply(logits, label_smoothing / K * w)
    return _reduced(add(hard, _Weighed.apply(spread, (v / total).astype(logits.dtype))), reduction, sum)


def _reduced(losses: Tensor, reduction: str, reduce: Callable[[Tensor], Tensor]) -> Tensor:
    if reduction == "none":
        return losses
    return sum(losses) if reduction == "sum" else reduce(losses)


def _weights(weights: Any, size: int, what: str) -> Host:
    w = np.asarray(weights, np.float64)
    if w.shape != (size,):
        raise ShapeError(f"cross_entropy expects one weight for each {what}, shape ({size},), but received {w.shape}.")
    if size and not (np.isfinite(w).all() and w.min() >= 0 and w.any()):
        raise DataError(
            f"cross_entropy expects finite weights, none below 0 and at least one above 0, but they go "
            f"from {w.min()} to {w.max()}. Do the class weights come from the training part?"
        )
    return w


def _labels(labels: Any, N: int, K: int) -> Host:
    array = labels if isinstance(labels, np.ndarray) else np.asarray(getattr(labels, "data", labels))
    if array.shape != (N,) or (array.dtype.kind not in "iu" and array.size):
        raise ShapeError(
            f"cross_entropy expects {N} whole numbers as labels, shape ({N},), one for each row of logits, "
            f"but received {array.dtype} of shape {array.shape}. Use the class numbers, not one-hot rows."
        )
    if array.size and (array.min() < 0 or array.max() >= K):
        place = int(np.flatnonzero((array < 0) | (array >= K))[0])
        raise DataError(
            f"cross_entropy expects labels from 0 to {K - 1} for {K} classes, but label {place} is {array[place]}. "
            "Does the model have as many classes as the data?"
        )
    return np.ascontiguousarray(array, np.int64)


class _CrossEntropy(Function):
    @staticmethod
    def forward(ctx: Context, logits: Array, labels: Host, smoothing: float) -> Array:
        k = kernels.of(logits)
        labels = k.put(labels)
        losses, scores = k.cross_entropy(logits, labels, smoothing)
        ctx.save(scores, labels, smoothing)
        return losses  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Context, dlosses: Array) -> tuple[Any, ...]:
        scores, labels, smoothing = ctx.saved
        return kernels.of(scores, dlosses).cross_entropy_dx(scores, labels, dlosses, smoothing), None, None


class _Weighed(Function):
    """losses[n] · v[n]; what weighs nothing adds nothing, also where its loss is ∞ (a masked class)."""

    @staticmethod
    def forward(ctx: Context, losses: Array, v: Host) -> Array:
        k = kernels.of(losses)
        v = k.put(v)
        ctx.save(v)
        weighed: Array = k.multiply(k.where(v, losses, 0.0), v)
        return weighed

    @staticmethod
    def backward(ctx: Context, dlosses: Array) -> tuple[Any, ...]:
        (v,) = ctx.saved
        return kernels.of(dlosses, v).multiply(dlosses, v), None


class _AllClasses(Function):
    """-Σ_k w[k] · log softmax(logits)[k]; a class that weighs nothing takes no part, however unlikely it is.

    In float64, so on the host, where labels are weighed too: (N, K) numbers go there and back.
    """

    @staticmethod
    def forward(ctx: Context, logits: Array, w: Host) -> Array:
        k = kernels.of(logits)
        y = k.log_softmax(logits)
        ctx.save(y, w)
        counted = np.flatnonzero(w)
        losses: Array = k.put((-(k.fetch(y)[:, counted] * w[counted]).sum(axis=1)).astype(logits.dtype))
        return losses

    @staticmethod
    def backward(ctx: Context, dlosses: Array) -> tuple[Any, ...]:
        y, w = ctx.saved
        k = kernels.of(dlosses, y)
        dy = k.put((-k.fetch(dlosses)[:, None] * w).astype(y.dtype))
        return k.log_softmax_dx(dy, y), None
