"""How samples in a row are cut into batches: the one place that decides it, for pictures, features and forecasts."""

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class Batching:
    """Batches of `size`, the last one smaller where `samples` do not divide.

    least: a last batch of fewer joins the one before it, if there is one.   drop_last: it is left out instead.
    """

    samples: int
    size: int
    least: int = 1
    drop_last: bool = False

    def __len__(self) -> int:
        whole, rest = divmod(self.samples, self.size)
        alone = rest > 0 and not self.drop_last and (rest >= self.least or not whole)
        return whole + alone

    def batch(self, k: int) -> slice:
        """Where batch 0, 1, 2, … lies among the samples."""
        last = k == len(self) - 1 and not self.drop_last
        return slice(k * self.size, self.samples if last else (k + 1) * self.size)

    def sizes(self) -> list[int]:
        """The sizes that occur, the largest first."""
        edges = [self.batch(k) for k in {0, len(self) - 1} if 0 <= k < len(self)]
        found = {edge.stop - edge.start for edge in edges} | ({self.size} if len(self) > 2 else set())
        return sorted(found, reverse=True)
