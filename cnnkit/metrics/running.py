"""Means over batches of unequal size, kept while an epoch runs."""

import math
from typing import final


@final
class Mean:
    """A weighted mean: the last, smaller batch counts for no more than its images."""

    def __init__(self) -> None:
        self._terms: list[float] = []
        self.weight = 0.0

    def update(self, value: float, weight: float = 1.0) -> None:
        """Take in the mean `value` of `weight` images."""
        self._terms.append(value * weight)
        self.weight += weight
        # The exact sum so far takes the place of its terms, so that memory stays small over long epochs.
        if len(self._terms) >= 1024:
            self._terms = [math.fsum(self._terms)]

    @property
    def value(self) -> float:
        """The mean so far; NaN before the first update."""
        return math.fsum(self._terms) / self.weight if self.weight else math.nan

    def reset(self) -> None:
        """Begin anew."""
        self._terms, self.weight = [], 0.0
