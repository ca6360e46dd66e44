"""What is drawn to make a mask: things by their outlines or runs of pixels, as COCO's files describe them."""

from dataclasses import dataclass
from typing import final

# One outline: x, y, x, y and so on, in pixels of the picture.
Polygon = tuple[float, ...]


@final
@dataclass(frozen=True, slots=True)
class Runs:
    """Lengths of runs of pixels, column by column, in turn outside and inside; text is COCO's compressed form."""

    counts: tuple[int, ...] | str
    size: tuple[int, int]


@final
@dataclass(frozen=True, slots=True)
class Thing:
    """label: its class.   crowd: a region of many things, of which nothing is said.   shape: what it covers."""

    label: int
    crowd: bool
    shape: tuple[Polygon, ...] | Runs


@final
@dataclass(frozen=True, slots=True)
class Outlines:
    """All things in one picture of `size` (height, width).   source: the file that describes them."""

    source: str
    size: tuple[int, int]
    things: tuple[Thing, ...]
