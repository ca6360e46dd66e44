"""Pictures with the boxes that a file says are in them, by part."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

import numpy as np
import numpy.typing as npt

from cnnkit.data.targets import Boxes
from cnnkit.errors import DataError

Corners = tuple[float, float, float, float]
# Of pixels that were shares: far less than any tool writes, and more than errors of rounding.
DIGITS = 9


@final
@dataclass(frozen=True, slots=True)
class Said:
    """One box as a file says it.   label: its class by name.   corners: x_min, y_min, x_max, y_max.

    where: what it is in the file, for a message: "line 12".   crowd: it counts neither as a hit nor as a miss.
    area: pixels that the thing itself covers; None where the file does not say.
    """

    label: str
    corners: Corners
    where: str
    crowd: bool = False
    area: float | None = None


@final
@dataclass(frozen=True, slots=True)
class Fault:
    """Why a picture cannot be learned from.   kind: as `data check` calls it.   name: the file that is at fault.

    message: a sentence that begins with that name.
    """

    kind: str
    name: str
    message: str


@final
@dataclass(frozen=True, slots=True, eq=False)
class BoxedPicture:
    """A picture and its boxes.

    name: the picture's file.   source: the file that tells its boxes; "" where none does, and so there are none.
    corners: (n, 4) float64, x_min, y_min, x_max, y_max, where pixel i covers i to i + 1.   labels: (n,) int64.
    crowd: (n,) bool.
    shares: whether corners are shares of the picture's width and height, and not pixels.
    size: (height, width) of the picture by that file; None where it does not say.   number: its id there, likewise.
    empty: boxes without extent, in words; they are left out.   faults: what is wrong with other boxes.
    areas: (n,) float64, pixels of each thing, NaN where the file does not say; None where it says none.
    """

    name: str
    source: str
    corners: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]
    crowd: npt.NDArray[np.bool_]
    shares: bool = False
    size: tuple[int, int] | None = None
    empty: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    number: int | None = None
    areas: npt.NDArray[np.float64] | None = None

    @property
    def path(self) -> Path:
        """The picture's, made when asked for."""
        return Path(self.name)

    def uncut(self, size: tuple[int, int]) -> npt.NDArray[np.float64]:
        """(n, 4): the corners in pixels of the picture of this (height, width), also where they lie outside of it.

        Those of shares are rounded, so that what was divided by a size comes back as it was.
        """
        H, W = size
        return np.round(self.corners * [W, H, W, H], DIGITS) if self.shares else self.corners

    def boxes(self, size: tuple[int, int]) -> Boxes:
        """The boxes in pixels of the upright picture of this (height, width), cut to it.

        One of which nothing lies within the picture is left out.

        Raises:
            DataError: the file that tells the boxes says another size, so they may be those of another picture.
        """
        self.check_size(size)
        H, W = size
        cut = np.clip(self.uncut(size), 0, [W, H, W, H]).astype(np.float32)
        kept = (cut[:, 2] > cut[:, 0]) & (cut[:, 3] > cut[:, 1])
        return Boxes(cut[kept], self.labels[kept], self.crowd[kept], self._areas(cut, kept))

    def _areas(self, cut: npt.NDArray[np.float32], kept: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64] | None:
        """Those of the things, and of the boxes where the file has none."""
        if self.areas is None:
            return None
        sides = (cut[:, 2:] - cut[:, :2]).astype(np.float64)
        return np.where(np.isnan(self.areas), sides.prod(axis=1), self.areas)[kept]

    def check_size(self, size: tuple[int, int]) -> None:
        """DataError where the file that tells the boxes says another (height, width) than the picture has."""
        if self.size in (None, size):
            return
        H, W = self.size
        text = f"{self.name} is {size[0]}x{size[1]} (height x width), but by {self.source} it is {H}x{W}."
        if size == (W, H):
            raise DataError(
                f"{text} One is turned on its side, as where a camera's note on how to turn the picture was left out "
                "when boxes were drawn. Save the picture upright and without such a note, or draw the boxes anew."
            )
        raise DataError(f"{text} Was the picture scaled, or is it another one? Correct the size and the boxes there.")


@final
@dataclass(frozen=True)
class BoxListing:
    """source: the folder or the file.   layout: what it is, in words.   form: "voc", "yolo", "coco" or "csv".

    parts: train, val, test -> pictures; what has no parts of its own is all train, and `split` is False.
    classes: the names, by label.   faults: files that cannot be used, beside those of the pictures.
    notes: what was decided without being asked.   numbers: the id of each class by its name, where files have some.
    """

    source: Path
    layout: str
    form: str
    parts: dict[str, list[BoxedPicture]]
    split: bool
    classes: list[str]
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    @property
    def pictures(self) -> list[BoxedPicture]:
        """Every picture of every part."""
        return [picture for pictures in self.parts.values() for picture in pictures]


def no_boxes() -> dict[str, Any]:
    """The fields of a picture without boxes."""
    return {"corners": np.zeros((0, 4)), "labels": np.zeros(0, np.int64), "crowd": np.zeros(0, bool)}
