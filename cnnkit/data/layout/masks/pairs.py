"""Pictures with their masks, by part."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from cnnkit.data.layout.masks.outlines import Outlines


@final
@dataclass(frozen=True, slots=True)
class Pair:
    """A picture and its mask, both paths of files.   drawn: what its mask is drawn of; then `mask` describes it."""

    name: str
    mask: str
    drawn: Outlines | None = None

    @property
    def path(self) -> Path:
        """The picture's, made when asked for."""
        return Path(self.name)


@final
@dataclass(frozen=True, slots=True)
class Lacking:
    """A picture without a mask, or a mask without a picture, and what is wrong in a sentence."""

    name: str
    message: str


@final
@dataclass(frozen=True)
class PairListing:
    """source: the folder or the list.   layout: what it is, in words.

    parts: train, val, test -> pictures with masks; what has no parts of its own is all train, and `split` is False.
    kind: "folders", "camvid", "voc" or "coco": what the values of masks mean where nothing says it.
    beside: folders in which a list of the classes may lie.
    lacking: what has no partner.   notes: what was decided without being asked.
    classes: of masks that are drawn, which know their classes.
    """

    source: Path
    layout: str
    parts: dict[str, list[Pair]]
    split: bool
    kind: str = "folders"
    beside: tuple[Path, ...] = ()
    lacking: list[Lacking] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)

    @property
    def pairs(self) -> list[Pair]:
        """Every pair."""
        return [pair for pairs in self.parts.values() for pair in pairs]
