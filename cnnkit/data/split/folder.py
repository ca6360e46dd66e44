"""Divide pictures, also with masks or boxes, into parts: a new folder of copies or links; the source stays as it is."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, final

from cnnkit.data.headway import Headway
from cnnkit.data.layout.boxes.pictures import BoxListing
from cnnkit.data.layout.list_csv import list_csv
from cnnkit.data.layout.listing import Listing, list_folder
from cnnkit.data.layout.masks.pairs import PairListing
from cnnkit.data.layout.walk import is_bystander
from cnnkit.data.open.formats import PICTURE_FORMATS, boxes_in, detect, pairs_in
from cnnkit.data.open.source import resolve
from cnnkit.data.open.splits import PARTS
from cnnkit.data.picture.header import check_ends
from cnnkit.data.split.boxes import check_unparted, plan_boxes, write_divided
from cnnkit.data.split.convert import Converted
from cnnkit.data.split.names import Place, destinations
from cnnkit.data.split.new_folder import Link, free_place, write_new
from cnnkit.data.split.pairs import check_found, check_undivided, places_of_pairs, plan_pairs
from cnnkit.data.split.plan import Plan, check_shares, plan
from cnnkit.errors import DataError, UsageError


@final
@dataclass(frozen=True)
class SplitFolder:
    """What was written. folder: absolute.   parts: train, val, test -> pictures.   classes: name -> part -> pictures.

    Pictures with masks or boxes have no class each: there `classes` is empty.

    bytes: of all files, copied or not.   renamed: files that got a number because their name was taken.
    copies: files that equal an earlier one bit for bit; they are in its part.   notes: what the user should know.
    boxes: in all pictures; None where these have none.
    """

    folder: str
    link: str
    seed: int
    parts: dict[str, int]
    classes: dict[str, dict[str, int]]
    bytes: int
    renamed: int
    copies: int
    notes: list[str]
    boxes: int | None = None

    def to_json(self) -> dict[str, Any]:
        """A plain record; classes become a list of {name, part: pictures}."""
        plain = asdict(self) | {"classes": [{"name": name, **counts} for name, counts in self.classes.items()]}
        return {name: value for name, value in plain.items() if value is not None}


def split_folder(
    data: str, output: Path, *, val: float = 0.15, test: float = 0.15, seed: int = 0, link: Link = "none"
) -> Iterator[Headway | SplitFolder]:
    """Steps of the work, then the result. All is written beside `output` and renamed: it appears whole, or not at all.

    UsageError for data that have parts already or are no pictures in files, and for an output that is in use; DataError
    for files that are no pictures.
    """
    check_shares(val, test)
    _, place = resolve(data)
    listing = _listing(data, place)
    target = free_place(output, listing.source)
    drawn: Plan | None = None
    for event in _plan(listing, val=val, test=test, seed=seed):
        if isinstance(event, Plan):
            drawn = event
        else:
            yield event
    assert drawn is not None
    for part, files in drawn.parts.items():
        if not files:
            raise DataError(
                f"{listing.source} has too few pictures for a {part} part: {len(drawn.sizes)}{_in_classes(listing)}. "
                f"Add pictures, or leave the part out with --{part} 0."
            )
    if isinstance(listing, BoxListing):
        for done in write_divided(listing, drawn, target, link=link):
            yield _of_boxes(done, drawn, seed) if isinstance(done, Converted) else done
        return
    if isinstance(listing, PairListing):
        places, renamed = places_of_pairs(listing, drawn)
        yield from write_new(target, places, link, check=lambda new: check_found(new, drawn))
    else:
        names, renamed = destinations(drawn.parts)
        places = [Place(file.path, name, drawn.sizes[file]) for file, name in names.items()]
        yield from write_new(target, places, link)
    yield _result(target, link, seed, drawn, listing, renamed, sum(one.size for one in places))


def _in_classes(listing: Listing | PairListing | BoxListing) -> str:
    return f" in {len(listing.classes)} classes" if isinstance(listing, Listing) else ""


def _listing(data: str, place: Path | None) -> Listing | PairListing | BoxListing:
    """Undivided pictures: with masks, with boxes, or with a class each."""
    if place is not None and (pairs := pairs_in(place, None)) is not None:
        check_undivided(pairs)
        return pairs
    if place is not None and (boxes := boxes_in(place, None)) is not None:
        check_unparted(boxes)
        return boxes
    return _of_classes(data, place)


def _of_classes(data: str, place: Path | None) -> Listing:
    """The pictures of undivided data that have a class each."""
    kind = "arrays" if place is None else detect(place)
    if place is None or kind not in PICTURE_FORMATS:
        raise UsageError(
            f"{data} holds arrays, not pictures in files: there is nothing to copy into folders. "
            "A training draws the parts by itself: `cnnkit train --val-fraction 0.1 --seed 0`."
        )
    listing = list_csv(place) if kind == "csv" else list_folder(place)
    if listing.split:
        parts = ", ".join(part for part in PARTS if part in listing.parts)
        raise UsageError(
            f"{data} has parts already: {parts}. Train on it as it is, or move all pictures into one folder per class "
            "to divide them anew."
        )
    if listing.missing:
        raise _refused(listing, [lacking.message for lacking in listing.missing], "are missing")
    if len(listing.classes) < 2:
        raise DataError(
            f"{listing.source}: all {len(listing.files)} pictures are of one class; a classifier needs at least two. "
            "Expected one folder, or one label, per class."
        )
    for name in listing.classes:
        if is_bystander(name) or any(char in name for char in "/\\\0"):
            raise DataError(f"{listing.source}: the label {name!r} cannot name a folder. Give the class another name.")
    return listing


def _plan(
    listing: Listing | PairListing | BoxListing, *, val: float, test: float, seed: int
) -> Iterator[Headway | Plan]:
    """Steps of the work, then which part each picture goes to."""
    if isinstance(listing, PairListing):
        yield from plan_pairs(listing, val=val, test=test, seed=seed)
    elif isinstance(listing, BoxListing):
        yield from plan_boxes(listing, val=val, test=test, seed=seed)
    else:
        yield from _check_pictures(listing)
        yield from plan(listing.files, val=val, test=test, seed=seed)


def _check_pictures(listing: Listing) -> Iterator[Headway]:
    """DataError if a file is no picture: a list may name any file of this machine, and none but pictures is copied."""
    refused = []
    for done, file in enumerate(listing.files, 1):
        try:
            check_ends(file.path)
        except DataError as error:
            refused.append(str(error))
        yield Headway("reading headers", done, len(listing.files))
    if refused:
        raise _refused(listing, refused, "cannot be read")


def _refused(listing: Listing, messages: list[str], what: str) -> DataError:
    return DataError(
        f"{len(messages):,} of {len(listing.files):,} files in {listing.source} {what}. {messages[0]} "
        "Remove such files from the data first; `cnnkit data check` lists them all."
    )


def _of_boxes(made: Converted, drawn: Plan, seed: int) -> SplitFolder:
    return SplitFolder(
        made.folder, made.link, seed, made.parts, {}, made.bytes, made.renamed, drawn.copies, made.notes, made.boxes
    )


def _result(
    target: Path, link: str, seed: int, drawn: Plan, listing: Listing | PairListing, renamed: int, total: int
) -> SplitFolder:
    named = listing.classes if isinstance(listing, Listing) else []
    classes = {name: dict.fromkeys(drawn.parts, 0) for name in named}
    for part, files in drawn.parts.items():
        for file in files if named else []:
            classes[file.class_name][part] += 1
    notes = list(listing.notes)
    for part in drawn.parts:
        if absent := [name for name, counts in classes.items() if not counts[part]]:
            more = f" and {len(absent) - 3:,} more" if len(absent) > 3 else ""
            notes.append(f"Too few pictures for {part}: {', '.join(absent[:3])}{more}.")
    if drawn.disputed:
        notes.append(
            f"{drawn.disputed:,} {'picture has' if drawn.disputed == 1 else 'pictures have'} two labels, and all "
            "their copies are in train; `cnnkit data check` names them."
        )
    parts = {part: len(files) for part, files in drawn.parts.items()}
    return SplitFolder(str(target), link, seed, parts, classes, total, renamed, drawn.copies, notes)
