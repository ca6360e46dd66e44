"""Whether a score means what it says: of the answers given with 0.8, eight in ten should be right."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
import numpy.typing as npt

BINS = 15


@final
@dataclass(frozen=True)
class ScoreBin:
    """The answers with low < score <= high: their number, their mean score, and the share that is right."""

    low: float
    high: float
    images: int
    score: float
    accuracy: float


@final
@dataclass(frozen=True)
class Calibration:
    """error: the expected calibration error.   mean_score: of all answers; above their accuracy means too sure.

    bins: all of them, from the lowest scores on; score and accuracy are 0 where a bin is empty.
    """

    error: float
    mean_score: float
    bins: tuple[ScoreBin, ...]


def calibration(
    scores: npt.NDArray[np.floating[Any]], correct: npt.NDArray[np.bool_], *, bins: int = BINS
) -> Calibration:
    """How far scores and accuracy lie apart, over `bins` bins of equal width.

    ECE = Σ b  n_b / n · |accuracy_b - score_b|,   bin b holds the scores in ((b - 1) / bins, b / bins]

    A score of 0 lies in the first bin. No rows have no error; a NaN among the scores makes error and mean NaN.

    Args:
        scores: (n,) the score of each best class, from 0 to 1.
        correct: (n,) whether that class is the label.

    Source: Guo et al. 2017, arXiv:1706.04599, equation 3.
    """
    scores, n = np.asarray(scores, np.float64), len(scores)
    edges = np.arange(1, bins + 1) / bins
    known = ~np.isnan(scores)
    # The first edge that is not below the score; a score that rounding lifted above 1 belongs to the last bin.
    place = np.minimum(np.searchsorted(edges, scores[known], side="left"), bins - 1)
    counts = np.bincount(place, minlength=bins)
    score_sums = np.bincount(place, scores[known], minlength=bins)
    right = np.bincount(place, np.asarray(correct, bool)[known], minlength=bins)
    many = np.maximum(counts, 1)
    error = float(np.abs(right - score_sums).sum()) / max(n, 1)
    means, shares = (score_sums / many).tolist(), (right / many).tolist()
    found = tuple(ScoreBin(b / bins, (b + 1) / bins, int(counts[b]), means[b], shares[b]) for b in range(bins))
    if not known.all():
        return Calibration(float("nan"), float("nan"), found)
    return Calibration(error, float(scores.sum()) / max(n, 1), found)
