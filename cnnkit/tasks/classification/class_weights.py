"""How much the images of a class count, where classes are of unequal size."""

import numpy as np
import numpy.typing as npt

from cnnkit.data.sample import Labels


def balanced_weights(labels: Labels, classes: int) -> npt.NDArray[np.float64]:
    """(K,): n / (K · n_k), n_k images of class k among n, so that each class weighs as much as any other in all.

    The mean over the n images is 1. A class without images has the weight of a class with one.

    Source: King & Zeng 2001, Logistic regression in rare events data; the formula of scikit-learn's "balanced".
    """
    counts = np.bincount(labels, minlength=classes)
    return np.asarray(len(labels) / (classes * np.maximum(counts, 1)))
