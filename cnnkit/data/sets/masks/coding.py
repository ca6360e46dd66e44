"""What the numbers and colours in the files of masks mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import numpy.typing as npt

from cnnkit.data.picture.mask import StoredMask
from cnnkit.data.sets.base import Colour
from cnnkit.data.targets import VOID, Mask
from cnnkit.errors import DataError

# Class numbers are bytes, and one of them is void.
MOST_CLASSES = VOID
# Of values that are not known, so many are named.
NAMED = 5


@final
@dataclass(frozen=True)
class Coding:
    """classes, colours: of the class numbers.   numbers: value in a file -> class number, or VOID.

    by_colour: values are colours, red · 65536 + green · 256 + blue; else indices or greys.
    """

    classes: list[str]
    colours: tuple[Colour, ...]
    numbers: Mapping[int, int]
    by_colour: bool = False

    def mask(self, stored: StoredMask, name: str) -> Mask:
        """The classes of a mask that was read from the file `name`; DataError where a value of it means none."""
        values = values_of(stored, by_colour=self.by_colour)
        if self.by_colour:
            return Mask(self._of_colours(values, name))
        if stored.kind == "colour" and (stored.values != values * np.uint32(0x010101)).any():
            raise DataError(f"The mask {name} has colours, the others numbers. Save all masks alike.")
        table = np.full(256, -1, np.int16)
        for value, number in self.numbers.items():
            table[value] = number
        numbers = table[values]
        if numbers.min(initial=0) < 0:
            raise self._unknown(values, numbers < 0, name)
        return Mask(numbers.astype(np.uint8))

    def _of_colours(self, values: npt.NDArray[np.unsignedinteger[Any]], name: str) -> npt.NDArray[np.uint8]:
        keys = np.array(sorted(self.numbers), np.uint32)
        numbers = np.array([self.numbers[int(key)] for key in keys], np.uint8)
        places = np.minimum(np.searchsorted(keys, values), len(keys) - 1)
        if (unknown := keys[places] != values).any():
            raise self._unknown(values, unknown, name)
        labels: npt.NDArray[np.uint8] = numbers[places]
        return labels

    def _unknown(self, values: npt.NDArray[np.generic], where: npt.NDArray[np.bool_], name: str) -> DataError:
        found = distinct(values[where][None])
        some = ", ".join(shown(value, self.by_colour) for value in found[:NAMED])
        more = f" and {len(found) - NAMED:,} more" if len(found) > NAMED else ""
        what = "colour" if self.by_colour else "value"
        known = f"{len(self.classes)} classes: {', '.join(self.classes[:NAMED])}{' …' * (len(self.classes) > NAMED)}"
        return DataError(
            f"The mask {name} has the {what} {some}{more} in {np.count_nonzero(where):,} pixels, which is none of the "
            f"{known}. Correct the mask, "
            + ("name the colour in classes.txt (name,red,green,blue)" if self.by_colour else "name the class")
            + (f", or leave such pixels out with --ignore {found[0]}." if not self.by_colour else ".")
        )


def values_of(stored: StoredMask, *, by_colour: bool) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint32]:
    """(H, W) of a mask as indices or greys, or as packed colours."""
    if not by_colour:
        # A grey that was saved as red, green and blue.
        return (stored.values & 0xFF).astype(np.uint8) if stored.kind == "colour" else stored.values
    if stored.kind == "colour":
        return stored.values
    if stored.kind == "grey":
        return stored.values.astype(np.uint32) * np.uint32(0x010101)
    palette = np.zeros(256, np.uint32)
    palette[: len(stored.palette)] = stored.palette
    return palette[stored.values]


def distinct(values: npt.NDArray[np.generic]) -> list[int]:
    """The different values of (H, W), sorted. Most pixels are as their left neighbours: only others are looked at."""
    if values.dtype == np.uint8:
        return np.flatnonzero(np.bincount(values.ravel(), minlength=256)).tolist()
    changes = values[:, 1:][values[:, 1:] != values[:, :-1]]
    found: list[int] = np.unique(np.concatenate([values[:, 0], changes])).tolist()
    return found


def shown(value: int, by_colour: bool) -> str:
    """A value as a message says it."""
    return f"({value >> 16}, {value >> 8 & 255}, {value & 255})" if by_colour else str(value)
