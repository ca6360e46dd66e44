"""The boxes of one picture: those that are there, and those that were found."""

from dataclasses import dataclass
from typing import Any, Self, final

import numpy as np
import numpy.typing as npt

Corners = npt.NDArray[np.floating[Any]]
Labels = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False)
class TrueBoxes:
    """corners: (m, 4), x_min, y_min, x_max, y_max.   labels: (m,), the class of each.

    crowd: (m,), boxes that are neither to be found nor wrong to find.
    areas: (m,), what decides whether a thing is small or large; None: those of the boxes. COCO has those of the masks.
    """

    corners: Corners
    labels: Labels
    crowd: Flags
    areas: Numbers | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def of(self, label: int) -> Self:
        """Those of one class, in their order."""
        mine = self.labels == label
        areas = None if self.areas is None else self.areas[mine]
        return type(self)(self.corners[mine], self.labels[mine], self.crowd[mine], areas)


@final
@dataclass(frozen=True, eq=False)
class FoundBoxes:
    """corners: (n, 4), as those that are there.   scores: (n,), the higher the surer.   labels: (n,)."""

    corners: Corners
    scores: Numbers
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    def of(self, label: int, most: int | None = None) -> Self:
        """Those of one class by falling score, of equals the first; at most so many."""
        mine = np.flatnonzero(self.labels == label)
        mine = mine[np.argsort(-self.scores[mine], kind="stable")][:most]
        return type(self)(self.corners[mine], self.scores[mine], self.labels[mine])
