"""How well masks match the truth. All numbers come from one table of counted pixels, summed over as many images as one
likes: so the mean over classes is that of the whole set, as the papers have it, and not a mean over images.

Source: Long et al. 2015, arXiv:1411.4038, section 5, for the four of pixels; Everingham et al. 2010, The PASCAL Visual
Object Classes challenge, for sums over the whole set; Dice 1945.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.integer[Any]]


def pixel_confusion(answers: Mask, labels: Mask, classes: int) -> Counts:
    """(K, K) int64: [i, j] counts the pixels of class i that were taken for class j.

    answers: of any shape, from 0 to K - 1.   labels: of the same; a pixel with any other label (void) is not counted.
    """
    row = np.minimum(labels, classes).astype(np.intp)
    row *= classes
    row += answers
    counts = np.bincount(row.ravel(), minlength=(classes + 1) * classes)
    return counts[: classes * classes].astype(np.int64).reshape(classes, classes)


@final
@dataclass(frozen=True)
class PixelScore:
    """One class, with its pixels n, those answered so m, and h of both: a pixel of n that was answered so.

    iou: h / (n + m - h).   dice: 2h / (n + m).   accuracy: h / n.   Each is 0 where it is undefined.
    pixels: n.   answered: m.
    """

    iou: float
    dice: float
    accuracy: float
    pixels: int
    answered: int


def pixel_scores(confusion: Counts) -> list[PixelScore]:
    """The scores of each class, in the order of labels."""
    hits, pixels, answered = (
        counts.tolist() for counts in (np.diagonal(confusion), confusion.sum(axis=1), confusion.sum(axis=0))
    )
    return [
        PixelScore(_ratio(h, n + m - h), _ratio(2 * h, n + m), _ratio(h, n), n, m)
        for h, n, m in zip(hits, pixels, answered, strict=True)
    ]


def pixel_accuracy(confusion: Counts) -> float:
    """The share of pixels that are answered right; 0 for no pixels."""
    return _ratio(int(np.trace(confusion)), int(confusion.sum()))


def mean_accuracy(confusion: Counts) -> float:
    """The plain mean of accuracy over the classes that have pixels."""
    return _mean(confusion, lambda score: score.accuracy, lambda score: score.pixels > 0)


def mean_iou(confusion: Counts) -> float:
    """The plain mean of IoU over the classes that occur, in the truth or in an answer.

    A class that occurs in neither says nothing and is left out; one that is answered but never true counts as 0.
    """
    return _mean(confusion, lambda score: score.iou, _occurs)


def mean_dice(confusion: Counts) -> float:
    """The plain mean of Dice over the same classes as `mean_iou`."""
    return _mean(confusion, lambda score: score.dice, _occurs)


def frequency_weighted_iou(confusion: Counts) -> float:
    """The mean of IoU over the classes, each weighed by its share of the pixels."""
    scores = pixel_scores(confusion)
    return math.fsum(score.pixels * score.iou for score in scores) / max(1, int(confusion.sum()))


def foreground_rand(answer: Mask, truth: Mask) -> float:
    """How well regions are kept apart and whole, from 0 to 1: the foreground-restricted Rand score, an F-score.

    Of the pixels that lie in a region of the truth, n_ij lie in its region j and in region i of the answer:

        V = Σ_ij n_ij² / (½ Σ_i (Σ_j n_ij)² + ½ Σ_j (Σ_i n_ij)²)

    Sums over i count each pixel that lies in no region of the answer as a region of its own. Borders are not thinned.

    answer, truth: the number of each pixel's region, from 1 up; 0 between regions.   Without a region in the truth: 1.

    Source: Arganda-Carreras et al. 2015, Crowdsourcing the creation of image segmentation algorithms for connectomics,
    equation 1 with α = ½, on the pixels of the foreground.
    """
    inside = truth > 0
    theirs, ours = truth[inside].astype(np.int64), answer[inside].astype(np.int64)
    alone = int(np.count_nonzero(ours == 0))
    _, both = np.unique(theirs[ours > 0] * (int(ours.max(initial=0)) + 1) + ours[ours > 0], return_counts=True)
    of_answer, of_truth = np.bincount(ours[ours > 0]), np.bincount(theirs)
    together = _squares(both) + alone
    split, merged = _squares(of_truth), _squares(of_answer) + alone
    return 2 * together / (split + merged) if split + merged else 1.0


def _squares(counts: Counts) -> int:
    return sum(count * count for count in counts.tolist())


def _occurs(score: PixelScore) -> bool:
    return score.pixels > 0 or score.answered > 0


def _mean(confusion: Counts, value: Callable[[PixelScore], float], counted: Callable[[PixelScore], bool]) -> float:
    values = [value(score) for score in pixel_scores(confusion) if counted(score)]
    return math.fsum(values) / len(values) if values else 0.0


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
