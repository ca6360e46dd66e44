"""What the files of masks hold: which values and colours, in which files first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import final

from cnnkit.data.layout.masks.pairs import Pair
from cnnkit.data.picture.header import Header, header
from cnnkit.data.picture.mask import Kind, read_mask
from cnnkit.data.sets.image_folder import in_threads
from cnnkit.data.sets.masks.coding import distinct
from cnnkit.data.sets.masks.mask_folder import check_size
from cnnkit.errors import DataError

# Masks that are looked at before training; of more, so many from all over, and the others as they are read.
SURVEYED = 2000


@final
@dataclass(frozen=True)
class Look:
    """One mask. values: its indices or greys.   colours: its packed colours.   grey: whether all of them are greys.

    palette: (index, packed colour) of those that occur.   head: of the picture.
    """

    kind: Kind
    values: tuple[int, ...]
    colours: tuple[int, ...]
    grey: bool
    palette: tuple[tuple[int, int], ...]
    head: Header | None


@final
@dataclass(frozen=True)
class Survey:
    """looks: part -> mask file -> what was seen.   refused: pairs whose mask cannot be used, and why.

    whole: whether all masks were looked at.
    """

    looks: Mapping[str, Mapping[str, Look]]
    refused: list[tuple[Pair, str]] = field(default_factory=list)
    whole: bool = True

    def all(self) -> list[tuple[str, Look]]:
        """Every mask file that was looked at."""
        return [(name, look) for part in self.looks.values() for name, look in part.items()]

    def values(self) -> list[int]:
        """All indices or greys, sorted."""
        return sorted({value for _, look in self.all() for value in look.values})

    def colours(self) -> set[int]:
        """All packed colours."""
        return {colour for _, look in self.all() for colour in look.colours}

    def first(self, value: int, *, by_colour: bool = False) -> str:
        """The first file that holds a value."""
        return next(name for name, look in self.all() if value in (look.colours if by_colour else look.values))


def survey(parts: Mapping[str, Sequence[Pair]]) -> Survey:
    """Look at the masks of all parts."""
    pairs = [(part, pair) for part, some in parts.items() for pair in some]
    step = -(-len(pairs) // SURVEYED) or 1
    looks: dict[str, dict[str, Look]] = {part: {} for part in parts}
    refused: list[tuple[Pair, str]] = []

    def seen(item: tuple[str, Pair]) -> Look | str:
        try:
            return _look(item[1])
        except DataError as error:
            return str(error)

    chosen = pairs[::step]
    for (part, pair), look in zip(chosen, in_threads(seen, chosen), strict=True):
        if isinstance(look, str):
            refused.append((pair, look))
        else:
            looks[part][pair.mask] = look
    return Survey(looks, refused, whole=step == 1)


def _look(pair: Pair) -> Look:
    stored, head = read_mask(pair.mask), header(pair.path)
    if head is not None:
        check_size(pair, stored.size, (head.height, head.width))
    found = distinct(stored.values)
    if stored.kind == "colour":
        grey = all(colour == (colour & 0xFF) * 0x010101 for colour in found)
        return Look("colour", tuple(colour & 0xFF for colour in found) if grey else (), tuple(found), grey, (), head)
    if stored.kind == "grey":
        return Look("grey", tuple(found), tuple(value * 0x010101 for value in found), True, (), head)
    palette = tuple((index, stored.palette[index]) for index in found if index < len(stored.palette))
    return Look("palette", tuple(found), tuple(colour for _, colour in palette), False, palette, head)
