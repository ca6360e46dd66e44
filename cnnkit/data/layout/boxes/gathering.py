"""From boxes as files say them to arrays by picture: what has no extent is left out, what makes no sense is a fault."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import final

import numpy as np
import numpy.typing as npt

from cnnkit.data.layout.boxes.pictures import BoxedPicture, Fault, Said
from cnnkit.data.layout.look_alikes import same

# Pixels from a picture's corner that a box may reach to.
FURTHEST = 1e6


@final
class Gathering:
    """Numbers classes as their names come; where all names are known beforehand, these are `classes` in their order."""

    def __init__(self, classes: Sequence[str] = ()) -> None:
        self._numbers = {name: number for number, name in enumerate(classes)}
        self._spelled = {same(name): name for name in classes}

    def picture(
        self,
        name: str,
        source: str,
        said: Iterable[Said],
        *,
        size: tuple[int, int] | None = None,
        shares: bool = False,
        faults: Sequence[Fault] = (),
        number: int | None = None,
    ) -> BoxedPicture:
        """The picture `name` with its boxes, as the file `source` says them."""
        good: list[Said] = []
        empty: list[str] = []
        wrong = list(faults)
        for box in said:
            left, top, right, bottom = box.corners
            if not all(math.isfinite(at) and abs(at) <= FURTHEST for at in box.corners):
                wrong.append(_fault("box-number", source, box, "has corners that are no numbers, or far outside"))
            elif right < left or bottom < top:
                wrong.append(_fault("box-swapped", source, box, "has swapped corners"))
            elif right == left or bottom == top:
                empty.append(f"{source}, {box.where} ({box.label})")
            else:
                good.append(box)
        return BoxedPicture(
            name,
            source,
            np.array([box.corners for box in good], np.float64).reshape(-1, 4),
            np.array([self._number(box.label) for box in good], np.int64),
            np.array([box.crowd for box in good], bool),
            shares,
            size,
            tuple(empty),
            tuple(wrong),
            number,
            _areas(good),
        )

    def sorted(self, parts: Mapping[str, Sequence[BoxedPicture]]) -> tuple[list[str], dict[str, list[BoxedPicture]]]:
        """(the names of classes, sorted; the parts, labelled by the names' places): for files that list no classes.

        Names that are whole numbers are sorted as numbers.
        """
        numeric = all(name.isascii() and name.isdigit() and len(name) < 19 for name in self._numbers)
        names = sorted(self._numbers, key=(lambda name: (int(name), name)) if numeric else None)
        place = {name: number for number, name in enumerate(names)}
        new = np.array([place[name] for name in self._numbers], np.int64)
        return names, {
            part: [replace(picture, labels=new[picture.labels]) for picture in pictures]
            for part, pictures in parts.items()
        }

    def _number(self, label: str) -> int:
        """Names that differ only in how accents are stored are one."""
        name = self._spelled.setdefault(same(label), label)
        return self._numbers.setdefault(name, len(self._numbers))


def _areas(said: Sequence[Said]) -> npt.NDArray[np.float64] | None:
    """Of each box, NaN where the file does not say; None where it says none."""
    if all(box.area is None for box in said):
        return None
    return np.array([math.nan if box.area is None else box.area for box in said], np.float64)


def _fault(kind: str, source: str, box: Said, what: str) -> Fault:
    corners = ", ".join(f"{at:g}" for at in box.corners)
    return Fault(
        kind,
        source,
        f"{source}, {box.where}: the box of {box.label[:60]!r} {what}: {corners} (x_min, y_min, x_max, y_max). "
        "Correct it.",
    )


def told(pictures: Iterable[BoxedPicture], most: int = 3) -> list[str]:
    """Notes on boxes that are left out, and on pictures in which there is nothing."""
    notes: list[str] = []
    empty: list[str] = []
    bare = 0
    for picture in pictures:
        empty += picture.empty
        bare += not (len(picture.labels) or picture.faults)
    if empty:
        more = f" and {len(empty) - most:,} more" if len(empty) > most else ""
        one = len(empty) == 1
        notes.append(
            f"{len(empty):,} box{'' if one else 'es'} without extent {'is' if one else 'are'} left out: "
            f"{'; '.join(empty[:most])}{more}."
        )
    if bare:
        one = bare == 1
        notes.append(
            f"{bare:,} picture{' has' if one else 's have'} no boxes: that nothing is in {'it' if one else 'them'} is "
            "learned as well."
        )
    return notes
