"""How many boxes of each class a part holds, and how large they are."""

from typing import Any, final

import numpy as np
import numpy.typing as npt

from cnnkit.data.check.figures import Spread, spread
from cnnkit.data.targets import Boxes

# Areas in pixels up to which COCO calls a thing small, and medium (Lin et al. 2014).
SMALL, MEDIUM = 32**2, 96**2
SIZES = ("small", "medium", "large")


@final
class ClassBoxes:
    """boxes: (K,), of each class.   pictures: (K,), that hold one of it.

    total: pictures.   bare: those without boxes.   most: boxes in one picture.   crowds: boxes around a crowd.
    """

    def __init__(self, classes: int) -> None:
        self.boxes, self.pictures = np.zeros(classes, np.int64), np.zeros(classes, np.int64)
        self.total = self.bare = self.most = self.crowds = 0
        self._labels: list[int] = []
        self._sides: list[tuple[float, float]] = []
        self._share: list[float] = []
        self._areas: list[float] = []

    def add(self, boxes: Boxes, size: tuple[int, int]) -> None:
        """Count the boxes of one picture of this (height, width), in its pixels."""
        counts = np.bincount(boxes.labels, minlength=len(self.boxes))
        self.boxes += counts
        self.pictures += counts > 0
        self.total += 1
        self.bare += not counts.any()
        self.most = max(self.most, int(counts.sum()))
        self.crowds += int(boxes.crowd.sum())
        sides = (boxes.corners[:, 2:] - boxes.corners[:, :2]).astype(np.float64)
        self._labels += boxes.labels.tolist()
        self._sides += [(width, height) for width, height in sides.tolist()]
        self._areas += (sides.prod(axis=1) if boxes.areas is None else boxes.areas).tolist()
        self._share += (sides.prod(axis=1) / (size[0] * size[1])).tolist()

    @property
    def of_class(self) -> npt.NDArray[np.int64]:
        """The boxes."""
        return self.boxes

    def figures(self, label: int | None = None) -> dict[str, Spread]:
        """width, height, aspect (width / height) and share of the picture; of one class or of all."""
        chosen = [k for k, own in enumerate(self._labels) if label in (None, own)]
        sides = [self._sides[k] for k in chosen]
        return {
            "width": spread([round(width, 3) for width, _ in sides]),
            "height": spread([round(height, 3) for _, height in sides]),
            "aspect": spread([round(width / height, 3) for width, height in sides]),
            "share": spread([round(self._share[k], 6) for k in chosen]),
        }

    def by_size(self) -> dict[str, int]:
        """How many are small, medium and large, as COCO has it: by the pixels of each thing where a file tells them."""
        areas = np.array(self._areas)
        small, medium = int((areas <= SMALL).sum()), int((areas <= MEDIUM).sum())
        return dict(zip(SIZES, (small, medium - small, len(areas) - medium), strict=True))

    def __add__(self, other: "ClassBoxes") -> "ClassBoxes":
        both = ClassBoxes(len(self.boxes))
        both.boxes, both.pictures = self.boxes + other.boxes, self.pictures + other.pictures
        both.total, both.bare = self.total + other.total, self.bare + other.bare
        both.most, both.crowds = max(self.most, other.most), self.crowds + other.crowds
        both._labels, both._sides = self._labels + other._labels, self._sides + other._sides
        both._share, both._areas = self._share + other._share, self._areas + other._areas
        return both

    def to_json(self, names: list[str]) -> dict[str, Any]:
        """Plain numbers: a row for each class."""
        return {
            "pictures": self.total,
            "without_boxes": self.bare,
            "most_in_a_picture": self.most,
            "crowds": self.crowds,
            "sizes": self.by_size(),
            **_plain(self.figures()),
            "classes": [
                {
                    "name": name,
                    "boxes": int(self.boxes[k]),
                    "pictures": int(self.pictures[k]),
                    **_plain(self.figures(k)),
                }
                for k, name in enumerate(names)
            ],
        }


def _plain(figures: dict[str, Spread]) -> dict[str, Any]:
    return {name: {"least": one.least, "median": one.median, "most": one.most} for name, one in figures.items()}
