"""Undivided pictures with masks, and where each pair goes: part/images/NAME and part/masks/NAME."""

from collections.abc import Iterator
from pathlib import Path

from cnnkit.data.headway import Headway
from cnnkit.data.layout.listing import PictureFile
from cnnkit.data.layout.masks.class_table import find_class_table
from cnnkit.data.layout.masks.find import find_pairs
from cnnkit.data.layout.masks.pairs import PairListing
from cnnkit.data.open.splits import PARTS
from cnnkit.data.picture.header import check_ends
from cnnkit.data.split.names import Place, destinations
from cnnkit.data.split.plan import Plan, file_size, plan
from cnnkit.errors import DataError, UsageError

# The folders of each part, as `data/layout/masks` knows them.
PICTURES, MASKS = "images", "masks"
# All pictures are of one stratum, which lies in this folder.
STRATUM = PICTURES


def check_undivided(listing: PairListing) -> None:
    """UsageError for pairs that have parts, or whose masks mean something by where they lie; DataError for others."""
    if listing.split:
        parts = ", ".join(part for part in PARTS if part in listing.parts)
        raise UsageError(f"{listing.source} has parts already: {parts}. Train on it as it is.")
    if listing.classes or listing.kind != "folders":
        what = "no masks in files of their own" if listing.classes else f"the layout of {listing.kind.upper()}"
        raise UsageError(
            f"{listing.source} has {what}, and only pictures and masks in two folders are divided. A training "
            "draws parts by itself: `cnnkit train --val-fraction 0.1 --seed 0`."
        )
    if listing.lacking:
        raise DataError(
            f"{len(listing.lacking):,} of the pictures and masks in {listing.source} have no partner. "
            f"{listing.lacking[0].message} Remove such files from the data first; `cnnkit data check` lists them all."
        )


def plan_pairs(listing: PairListing, *, val: float, test: float, seed: int) -> Iterator[Headway | Plan]:
    """Steps of the work, then which part each picture goes to; equal pictures are in one, whatever their masks say.

    DataError for files that are no pictures: a list may name any file of this machine, and none but pictures is copied.
    """
    for done, pair in enumerate(listing.pairs, 1):
        for path in (pair.path, Path(pair.mask)):
            check_ends(path)
        yield Headway("reading headers", done, len(listing.pairs))
    yield from plan([PictureFile(pair.name, STRATUM) for pair in listing.pairs], val=val, test=test, seed=seed)


def places_of_pairs(listing: PairListing, drawn: Plan) -> tuple[list[Place], int]:
    """(where each file goes, names that got a number because they were taken).

    A mask gets its picture's name, so that they find each other; a list of the classes lies beside the parts.
    """
    masks = {pair.name: Path(pair.mask) for pair in listing.pairs}
    names, renamed = destinations(drawn.parts, whole=False)
    places: list[Place] = []
    for file, name in names.items():
        mask = masks[file.name]
        places.append(Place(file.path, name, drawn.sizes[file]))
        places.append(Place(mask, name.parents[1] / MASKS / f"{name.stem}{mask.suffix}", file_size(mask)))
    if (table := find_class_table(listing.beside)) is not None:
        places.append(Place(table[0], Path(table[0].name), file_size(table[0])))
    return places, renamed


def check_found(folder: Path, drawn: Plan) -> None:
    """DataError unless the pairs in the new folder are as many as were to be, part for part."""
    found = find_pairs(folder)
    there = {} if found is None or found.lacking else {part: len(pairs) for part, pairs in found.parts.items()}
    if there != {part: len(files) for part, files in drawn.parts.items()}:
        raise DataError(
            "Some masks would not be found by the names of their pictures, so nothing was written. Give each picture "
            "and its mask the same name, without ends such as _color."
        )
