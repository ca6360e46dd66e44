"""Undivided pictures with boxes: which part each goes to. What tells their boxes is written anew, in its form."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from cnnkit.data.headway import Headway
from cnnkit.data.layout.boxes.pictures import BoxListing
from cnnkit.data.layout.listing import PictureFile
from cnnkit.data.open.splits import PARTS
from cnnkit.data.picture.header import check_ends
from cnnkit.data.split.convert import Converted, check_boxes, write_boxes
from cnnkit.data.split.new_folder import Link
from cnnkit.data.split.plan import Plan, plan
from cnnkit.errors import UsageError

# All pictures are of one stratum: one may hold boxes of many classes.
STRATUM = "pictures"


def check_unparted(listing: BoxListing) -> None:
    """UsageError for pictures that have parts, DataError where something is wrong with the boxes."""
    if listing.split:
        parts = ", ".join(part for part in PARTS if part in listing.parts)
        raise UsageError(f"{listing.source} has parts already: {parts}. Train on it as it is.")
    check_boxes(listing)


def plan_boxes(listing: BoxListing, *, val: float, test: float, seed: int) -> Iterator[Headway | Plan]:
    """Steps of the work, then which part each picture goes to; equal pictures are in one, whatever their boxes.

    DataError for files that are no pictures: a list may name any file of this machine, and none but pictures is copied.
    """
    for done, picture in enumerate(listing.pictures, 1):
        check_ends(picture.path)
        yield Headway("reading headers", done, len(listing.pictures))
    yield from plan([PictureFile(one.name, STRATUM) for one in listing.pictures], val=val, test=test, seed=seed)


def write_divided(listing: BoxListing, drawn: Plan, target: Path, *, link: Link) -> Iterator[Headway | Converted]:
    """Write the pictures by their new parts, in the form that they have."""
    known = {picture.name: picture for picture in listing.pictures}
    parts = {part: [known[file.name] for file in files] for part, files in drawn.parts.items()}
    yield from write_boxes(replace(listing, parts=parts, split=True), target, listing.form, link=link)
