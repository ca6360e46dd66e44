"""Contest: several networks on the same images, and whether one of them is better."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import final

import numpy as np

from cnnkit.kernels.shared.array import Host
from cnnkit.metrics.paired import Paired, Value, Weights, paired_answers, paired_metric


class Contest(ABC):
    """Abstract. values: the task's first metric of each network, on the images that all of them answered."""

    values: Sequence[float]

    @abstractmethod
    def compared(self, first: int, second: int) -> Paired:
        """Two of them, by number."""


@final
class AnswersContest(Contest):
    """right: for each network (n,), whether it answers an image right; the metric is their share."""

    def __init__(self, right: Sequence[Host]) -> None:
        self._right = right
        self.values = [float(flags.mean()) if len(flags) else 0.0 for flags in right]

    def compared(self, first: int, second: int) -> Paired:
        return paired_answers(self._right[first], self._right[second])


class MixtureContest(Contest):
    """Abstract: the metric is no mean over images, and is measured over mixtures of answers."""

    def __init__(self, networks: int, images: int) -> None:
        self.images = images
        every: Weights = np.ones(images, np.int64)
        self.values = [self.value(k, k)(every, 0 * every) for k in range(networks)]

    @abstractmethod
    def value(self, first: int, second: int) -> Value:
        """The metric over mixtures of these two networks' answers."""

    def compared(self, first: int, second: int) -> Paired:
        return paired_metric(self.value(first, second), self.images)
