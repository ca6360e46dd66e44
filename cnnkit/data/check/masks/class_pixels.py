"""How many pixels of each class the masks of a part hold."""

from typing import Any, final

import numpy as np
import numpy.typing as npt

from cnnkit.data.targets import VOID


@final
class ClassPixels:
    """pixels: (K,), of each class.   pictures: (K,), that hold a pixel of it.   void: pixels of no class.

    masks: how many were counted.
    """

    def __init__(self, classes: int) -> None:
        self.pixels, self.pictures = np.zeros(classes, np.int64), np.zeros(classes, np.int64)
        self.void, self.masks = 0, 0

    def add(self, labels: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        """Count one mask.   Returns: (K,), the classes that it holds."""
        counts = np.bincount(labels.ravel(), minlength=VOID + 1)
        own = counts[: len(self.pixels)]
        self.pixels += own
        self.pictures += own > 0
        self.void += int(counts[VOID])
        self.masks += 1
        return np.asarray(own > 0)

    def __add__(self, other: "ClassPixels") -> "ClassPixels":
        both = ClassPixels(len(self.pixels))
        both.pixels, both.pictures = self.pixels + other.pixels, self.pictures + other.pictures
        both.void, both.masks = self.void + other.void, self.masks + other.masks
        return both

    @property
    def of_class(self) -> npt.NDArray[np.int64]:
        """The pixels."""
        return self.pixels

    @property
    def total(self) -> int:
        """Masks that were counted, and so pictures."""
        return self.masks

    @property
    def shares(self) -> list[float]:
        """Of each class, its part of the pixels that are not void."""
        total = max(1, int(self.pixels.sum()))
        return [pixels / total for pixels in self.pixels.tolist()]

    @property
    def void_share(self) -> float:
        """The part of all pixels that is void."""
        return self.void / max(1, self.void + int(self.pixels.sum()))

    def to_json(self, names: list[str]) -> dict[str, Any]:
        """Plain numbers: a row for each class."""
        rows = zip(names, self.pixels.tolist(), self.shares, self.pictures.tolist(), strict=True)
        return {
            "masks": self.masks,
            "void_pixels": self.void,
            "void_share": self.void_share,
            "classes": [
                {"name": name, "pixels": pixels, "share": share, "pictures": pictures}
                for name, pixels, share, pictures in rows
            ],
        }
