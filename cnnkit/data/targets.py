"""What is to be learned of an image: its class, the class of each pixel, or boxes around things."""

import dataclasses
from typing import final

import numpy as np
import numpy.typing as npt

from cnnkit.errors import ShapeError

# In a mask: a pixel that nothing is said of, and that no loss and no measure counts.
VOID = 255


@final
@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """labels: (H, W) uint8, the class of each pixel of the image; VOID where nothing is said."""

    labels: npt.NDArray[np.uint8]

    def __post_init__(self) -> None:
        if self.labels.dtype != np.uint8 or self.labels.ndim != 2:
            raise ShapeError(
                f"A mask is uint8 (height, width), but this one is {self.labels.dtype} {self.labels.shape}."
            )


def _nowhere() -> npt.NDArray[np.bool_]:
    return np.zeros(0, bool)


@final
@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """corners: (n, 4) float32, x_min, y_min, x_max, y_max in pixels.   labels: (n,) int64, the class of each box.

    Pixel i covers the numbers from i to i + 1: a box around all of an image is (0, 0, W, H), its width x_max - x_min.
    crowd: (n,) bool, the boxes around many things at once, or around one that is hard to make out: to find them counts
    neither as a hit nor as a miss, and no loss asks for them. Where it is left out, none is such a box.
    areas: (n,) float64, pixels of each thing where a file tells them, as COCO's do of its mask: they decide whether it
    is measured as small or large. None: those of the boxes. They are of the picture: a change of an image loses them.
    """

    corners: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    crowd: npt.NDArray[np.bool_] = dataclasses.field(default_factory=_nowhere)
    areas: npt.NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        n = len(self.labels)
        if not len(self.crowd):
            object.__setattr__(self, "crowd", np.zeros(n, bool))
        if self.corners.dtype != np.float32 or self.corners.shape != (n, 4) or self.labels.dtype != np.int64:
            raise ShapeError(
                f"{n} boxes are float32 ({n}, 4) with int64 labels, but these are {self.corners.dtype} "
                f"{self.corners.shape} with {self.labels.dtype} labels."
            )
        if self.crowd.dtype != np.bool_ or self.crowd.shape != (n,):
            raise ShapeError(
                f"Which of {n} boxes are around a crowd is bool ({n},), but this is {self.crowd.dtype} "
                f"{self.crowd.shape}."
            )
        if self.areas is not None and (self.areas.dtype != np.float64 or self.areas.shape != (n,)):
            raise ShapeError(
                f"The areas of {n} things are float64 ({n},), but these are {self.areas.dtype} {self.areas.shape}."
            )

    def chosen(self, which: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> "Boxes":
        """Those at the places `which`, in that order, or where it is true."""
        areas = None if self.areas is None else self.areas[which]
        return Boxes(self.corners[which], self.labels[which], self.crowd[which], areas)


# The class of an image, a number to be told of it, a mask, or boxes.
Target = int | float | Mask | Boxes


def content(target: Target) -> bytes:
    """The same for equal targets, whatever the machine."""
    match target:
        case Mask(labels):
            return repr(labels.shape).encode() + labels.tobytes()
        case Boxes(corners, labels, crowd, areas):
            told = corners.astype("<f4").tobytes() + labels.astype("<i8").tobytes() + crowd.tobytes()
            return told if areas is None else told + areas.astype("<f8").tobytes()
    return repr(target).encode()
