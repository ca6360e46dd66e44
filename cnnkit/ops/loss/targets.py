"""What losses are told beside logits: labels, and how much each class or pixel counts; on the host, where data are."""

from typing import Any

import numpy as np

from cnnkit.autograd import Tensor
from cnnkit.errors import DataError, ShapeError
from cnnkit.kernels.shared.array import Array, Host
from cnnkit.ops import check


def rows_of_classes(logits: Tensor | Array, op: str) -> Tensor:
    """The logits as a Tensor (N, ..., K)."""
    logits = check.tensor(logits, op)
    if logits.ndim < 2 or logits.shape[-1] < 1:
        raise ShapeError(
            f"{op} expects logits (N, classes), or (N, ..., classes) where each pixel has a label, but received "
            f"{logits.shape}."
        )
    return logits


def labels_of(labels: Any, logits_shape: tuple[int, ...], op: str, ignore: int | None) -> Host:
    """A class number for each row of logits, or `ignore`: as bytes where they are masks of bytes, else as int64."""
    array = labels if isinstance(labels, np.ndarray) else np.asarray(getattr(labels, "data", labels))
    shape, K = logits_shape[:-1], logits_shape[-1]
    if array.shape != shape or (array.dtype.kind not in "iu" and array.size):
        count = f"{shape[0]} whole numbers" if len(shape) == 1 else "whole numbers"
        each = "row" if len(shape) == 1 else "pixel"
        raise ShapeError(
            f"{op} expects {count} as labels, shape {shape}, one for each {each} of logits, "
            f"but received {array.dtype} of shape {array.shape}. Use the class numbers, not one-hot rows."
        )
    array = np.ascontiguousarray(array, np.uint8 if array.dtype == np.uint8 else np.int64)
    if array.size and (array.min() < 0 or array.max() >= K):
        wrong = (array < 0) | (array >= K)
        if ignore is not None:
            wrong &= array != ignore
        if wrong.any():
            place = tuple(int(i) for i in np.argwhere(wrong)[0])
            raise DataError(
                f"{op} expects labels from 0 to {K - 1} for {K} classes{_or(ignore)}, but label "
                f"{place[0] if len(place) == 1 else place} is {array[place]}. "
                "Does the model have as many classes as the data?"
            )
    return array


def _or(ignore: int | None) -> str:
    return "" if ignore is None else f", or {ignore} for what is to be ignored"


def weights_of(weights: Any, shape: tuple[int, ...], what: str, op: str) -> Host:
    """A finite weight from 0 up for each class, image or pixel, not all 0."""
    w = np.asarray(weights, np.float64)
    if w.shape != shape:
        raise ShapeError(f"{op} expects one weight for each {what}, shape {shape}, but received {w.shape}.")
    if w.size and not (np.isfinite(w).all() and w.min() >= 0 and w.any()):
        raise DataError(
            f"{op} expects finite weights, none below 0 and at least one above 0, but they go "
            f"from {w.min()} to {w.max()}. Do the class weights come from the training part?"
        )
    return w


def total_weight(labels: Host, classes: int, v: Host | None, w: Host | None, ignore: int | None) -> float:
    """Σ v·w[label] over all labels but the ignored. They are counted first: w is looked up once for each class."""
    flat, each = labels.reshape(-1), None if v is None else v.reshape(-1)
    if ignore is not None and flat.dtype != np.uint8:  # it may be negative, or huge
        counted = flat != ignore
        flat, each = flat[counted], None if each is None else each[counted]
    counts = np.bincount(flat, each, classes)
    if ignore is not None and 0 <= ignore < len(counts):
        counts[ignore] = 0
    counts = counts[:classes]
    return float((counts if w is None else counts * w).sum())
