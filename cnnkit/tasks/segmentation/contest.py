"""Several networks for masks on the same images, by mIoU."""

from collections.abc import Sequence
from typing import final

import numpy as np

from cnnkit.kernels.shared.array import Host
from cnnkit.metrics.paired import Value, Weights
from cnnkit.tasks.contest import MixtureContest


@final
class MasksContest(MixtureContest):
    """counts: for each network (n, 3, K): pixels of each class that are hit, true and answered, image by image."""

    def __init__(self, counts: Sequence[Host]) -> None:
        self._counts = counts
        super().__init__(len(counts), len(counts[0]))

    def value(self, first: int, second: int) -> Value:
        one, other = self._counts[first], self._counts[second]

        def mixed(a: Weights, b: Weights) -> float:
            return _miou((one * a[:, None, None] + other * b[:, None, None]).sum(axis=0))

        return mixed


def _miou(counts: Host) -> float:
    """As `metrics.mean_iou`, from three rows of counts: Σ h / (n + m - h) over the classes that occur."""
    hits, true, answered = counts
    union = true + answered - hits
    occurs = union > 0
    return float(np.mean(hits[occurs] / union[occurs])) if occurs.any() else 0.0
