"""How well scores or predicted classes match the labels; plain arrays in, numbers out."""

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
    """(K, K) int64: [i, j] counts the images of class i that were taken for class j."""
    flat = np.asarray(labels, np.int64) * classes + np.asarray(predicted, np.int64)
    return np.bincount(flat, minlength=classes * classes).astype(np.int64).reshape(classes, classes)


@final
@dataclass(frozen=True)
class ClassScore:
    """One class: of what was called so, how much is right (precision); of what is so, how much was found (recall)."""

    precision: float
    recall: float
    f1: float
    support: int


def per_class(matrix: npt.NDArray[np.int64]) -> list[ClassScore]:
    """Precision, recall, their harmonic mean and the number of images, from a confusion matrix; 0 where undefined.

    precision = hits / column sum,   recall = hits / row sum,   f1 = 2 hits / (row sum + column sum)
    """
    scores = []
    for label in range(len(matrix)):
        hits, support, called = int(matrix[label, label]), int(matrix[label].sum()), int(matrix[:, label].sum())
        scores.append(
            ClassScore(_ratio(hits, called), _ratio(hits, support), _ratio(2 * hits, support + called), support)
        )
    return scores


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
