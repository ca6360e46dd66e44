"""How much the pixels of a class count, where classes are of unequal size."""

from dataclasses import dataclass
from typing import final

import numpy as np
import numpy.typing as npt

from cnnkit.data.sets.base import Dataset
from cnnkit.data.targets import VOID, Mask

Weights = npt.NDArray[np.float64]


@final
@dataclass(frozen=True)
class PixelCounts:
    """Of each class, (K,) int64, over a part of the data.

    pixels: that are of it.   around: that are of any class, in the pictures where it occurs.
    """

    pixels: npt.NDArray[np.int64]
    around: npt.NDArray[np.int64]


def count_pixels(dataset: Dataset, classes: int) -> PixelCounts:
    """Every mask is read once."""
    pixels, around = np.zeros(classes, np.int64), np.zeros(classes, np.int64)
    for target in (dataset[index].target for index in range(len(dataset))):
        if isinstance(target, Mask):
            counts = np.bincount(target.labels.ravel(), minlength=VOID + 1)[:classes]
            pixels += counts
            around += np.where(counts > 0, counts.sum(), 0)
    return PixelCounts(pixels, around)


def median_frequency_weights(counted: PixelCounts) -> Weights:
    """(K,): median(f) / f_k, f_k the share of class k in the pictures where it occurs. One that never occurs has 1.

    Source: Eigen & Fergus 2015, arXiv:1411.4734, section 6.3.2.
    """
    occurs = counted.pixels > 0
    share = counted.pixels / np.maximum(counted.around, 1)
    median = np.median(share[occurs]) if occurs.any() else 1.0
    return np.where(occurs, median / np.where(occurs, share, 1.0), 1.0)


def balanced_pixel_weights(counted: PixelCounts) -> Weights:
    """(K,): n / (K · n_k), n_k pixels of class k among n, so that each class weighs as much as any other in all.

    K counts the classes that occur; one that never does has 1. The mean over the pixels is 1.
    """
    occurs = counted.pixels > 0
    each = counted.pixels.sum() / max(1, np.count_nonzero(occurs))
    return np.where(occurs, each / np.maximum(counted.pixels, 1), 1.0)
