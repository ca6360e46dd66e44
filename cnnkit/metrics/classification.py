"""How well scores or predicted classes match the labels; plain arrays in, numbers out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.floating[Any]]
Labels = npt.NDArray[np.integer[Any]]


def topk_correct(scores: Scores, labels: Labels, k: int = 1) -> npt.NDArray[np.bool_]:
    """(N,): whether the label's score is among the k highest of its row.

    Ties go to the lower class, as `argmax` decides them. A row with NaN is wrong: it says nothing.

    Args:
        scores: (N, K), logits as well as probabilities.
        labels: (N,) from 0 to K - 1.
    """
    own = scores[np.arange(len(labels)), labels][:, None]
    lower_class = np.arange(scores.shape[1]) < np.asarray(labels)[:, None]
    ahead = (scores > own) | ((scores == own) & lower_class)
    return np.asarray((np.count_nonzero(ahead, axis=1) < k) & ~np.isnan(scores).any(axis=1))


def topk_accuracy(scores: Scores, labels: Labels, k: int = 1) -> float:
    """The share of rows whose label is among the k highest scores; 0 for no rows."""
    return float(topk_correct(scores, labels, k).mean()) if len(labels) else 0.0


def confusion(predicted: Labels, labels: Labels, classes: int) -> npt.NDArray[np.int64]:
    """(K, K) int64: [i, j] counts the images of class i that were taken for class j. 8 K² bytes."""
    flat = np.asarray(labels, np.int64) * classes + np.asarray(predicted, np.int64)
    return np.bincount(flat, minlength=classes * classes).astype(np.int64).reshape(classes, classes)


def mistakes(predicted: Labels, labels: Labels, classes: int) -> list[tuple[int, int, int]]:
    """(truth, answer, images) of each pair of classes that was mixed up, the most frequent first.

    Equal counts stand in the order of truth and answer. Memory grows with the mistakes, not with K².
    """
    labels, predicted = np.asarray(labels, np.int64), np.asarray(predicted, np.int64)
    wrong = predicted != labels
    pairs, counts = np.unique(labels[wrong] * classes + predicted[wrong], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    rows = zip(pairs[order].tolist(), counts[order].tolist(), strict=True)
    return [(*divmod(pair, classes), count) for pair, count in rows]


@final
@dataclass(frozen=True)
class ClassScore:
    """One class: of what was called so, how much is right (precision); of what is so, how much was found (recall).

    support: the images of the class.   called: the images that were taken for it.
    """

    precision: float
    recall: float
    f1: float
    support: int
    called: int


def per_class(predicted: Labels, labels: Labels, classes: int) -> list[ClassScore]:
    """The scores of each class, in the order of labels; 0 where undefined.

    precision = hits / called,   recall = hits / support,   f1 = 2 hits / (support + called), their harmonic mean
    """
    labels, predicted = np.asarray(labels, np.int64), np.asarray(predicted, np.int64)
    hits, support, called = (
        np.bincount(rows, minlength=classes).tolist() for rows in (labels[labels == predicted], labels, predicted)
    )
    return [
        ClassScore(_ratio(right, so), _ratio(right, is_so), _ratio(2 * right, is_so + so), is_so, so)
        for right, is_so, so in zip(hits, support, called, strict=True)
    ]


def macro_f1(scores: Sequence[ClassScore]) -> float:
    """The plain mean of F1 over the classes that occur, in the truth or in an answer: a rare class counts as much."""
    return _mean([score.f1 for score in scores if score.support or score.called])


def balanced_accuracy(scores: Sequence[ClassScore]) -> float:
    """The plain mean of recall over the classes that have images: the accuracy if all classes were as frequent.

    Source: Brodersen et al. 2010, The balanced accuracy and its posterior distribution.
    """
    return _mean([score.recall for score in scores if score.support])


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0
