"""Write pictures with boxes in another form, into a new folder of copies or links; the source stays as it is."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, final

from cnnkit.data.headway import Headway
from cnnkit.data.layout.boxes.pictures import BoxListing
from cnnkit.data.layout.boxes.written import FORMS, Entry, Form
from cnnkit.data.open.boxes.open_boxes import faults_of
from cnnkit.data.open.formats import DETECTION, boxes_in
from cnnkit.data.open.source import resolve
from cnnkit.data.picture.header import check_ends, header
from cnnkit.data.split.names import Place
from cnnkit.data.split.new_folder import Link, free_place, write_new
from cnnkit.data.split.plan import file_size
from cnnkit.errors import DataError, UsageError, unknown_name

# Names of classes that a note tells.
NAMED = 5


@final
@dataclass(frozen=True)
class Converted:
    """What was written. folder: absolute.   form: of the files.   parts: train, val, test -> pictures.

    classes: the names, in the order that the new files have.   boxes: of all parts.   bytes: of the pictures.
    notes: what the form cannot tell, and what else the user should know.
    renamed: pictures that got a number because their name was taken.
    """

    folder: str
    form: str
    link: str
    parts: dict[str, int]
    classes: list[str]
    boxes: int
    bytes: int
    notes: list[str]
    renamed: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def convert_boxes(data: str, output: Path, form: str, *, link: Link = "none") -> Iterator[Headway | Converted]:
    """Steps of the work, then the result. All is written beside `output` and renamed: it appears whole, or not at all.

    Boxes are cut to their pictures. What is read from the new files is what was read from the old ones, but for what
    the notes tell.

    Raises:
        UsageError: there is no such form, or the output is in use.
        DataError: there are no boxes, or something is wrong with them or with a picture.
    """
    if form not in FORMS:
        raise unknown_name("form", form, list(FORMS))
    name, place = resolve(data)
    if place is None:
        raise UsageError(f"{name} is made in memory; only pictures in files are written in another form.")
    listing = boxes_in(place, DETECTION)
    assert listing is not None, "boxes_in refuses what has none"
    check_boxes(listing)
    yield from write_boxes(listing, free_place(output, listing.source), form, link=link)


def check_boxes(listing: BoxListing) -> None:
    """DataError where a file or a box cannot be used."""
    if faults := faults_of(listing):
        raise DataError(
            f"{len(faults):,} files or boxes of {listing.source} cannot be used. {faults[0].message} Mend them first; "
            "`cnnkit data check` lists them all."
        )


def write_boxes(listing: BoxListing, target: Path, form: str, *, link: Link) -> Iterator[Headway | Converted]:
    """Steps of writing the pictures of a listing, by its parts, into the new folder `target`, then the result."""
    how, parts = FORMS[form], dict[str, list[Entry]]()
    for event in _entries(listing):
        if isinstance(event, Headway):
            yield event
        else:
            parts = event
    classes, parts, notes = _told(listing, how, parts)
    places = [
        Place(entry.path, Path(how.picture(part, entry.name)), file_size(entry.path))
        for part, entries in parts.items()
        for entry in entries
    ]
    yield from write_new(target, places, link, texts=how.texts(parts, classes))
    written = [entry for entries in parts.values() for entry in entries]
    yield Converted(
        str(target),
        form,
        link,
        {part: len(entries) for part, entries in parts.items()},
        classes,
        sum(len(entry.boxes.labels) for entry in written),
        sum(one.size for one in places),
        [*listing.notes, *notes],
        sum(entry.stem != plain_stem(entry.path) for entry in written),
    )


def _entries(listing: BoxListing) -> Iterator[Headway | dict[str, list[Entry]]]:
    """Each picture with its size and a name of its own: a list may name any file of this machine as one."""
    taken: set[str] = set()
    parts: dict[str, list[Entry]] = {}
    done, total = 0, len(listing.pictures)
    for part, pictures in listing.parts.items():
        parts[part] = []
        for picture in pictures:
            check_ends(picture.path)
            head = header(picture.path)
            if head is None:
                raise DataError(f"{picture.name} is no picture that can be read. Remove it, or mend it.")
            size = head.height, head.width
            stem = _free(plain_stem(picture.path), taken)
            parts[part].append(Entry(picture.path, stem, picture.path.suffix, size, picture.boxes(size)))
            done += 1
            yield Headway("reading headers", done, total)
    yield parts


def plain_stem(path: Path) -> str:
    """The name of a picture without its ending, as the lists of all forms can hold it."""
    return re.sub(r"\s+", "_", path.stem.lstrip("."))


def _free(stem: str, taken: set[str]) -> str:
    """The stem, or with a number: pictures of all parts lie in one folder, and of one stem only one has a file."""
    name, number = stem, 1
    while name.casefold() in taken:
        number += 1
        name = f"{stem}-{number}"
    taken.add(name.casefold())
    return name


def _told(
    listing: BoxListing, how: Form, parts: Mapping[str, Sequence[Entry]]
) -> tuple[list[str], dict[str, list[Entry]], list[str]]:
    """(the classes, the pictures with the boxes that the form can tell, notes on the others)."""
    for name in listing.classes:
        if name != name.strip() or any(letter < " " for letter in name):
            raise DataError(
                f"The class {name!r:.80} cannot be written: it has blanks around it, or line breaks. Rename it."
            )
    kept: dict[str, list[Entry]] = {}
    lost, held = 0, set[int]()
    for part, entries in parts.items():
        kept[part] = []
        for entry in entries:
            away = how.lost(entry.boxes)
            lost += int(away.sum())
            boxes = entry.boxes.chosen(~away)
            held |= set(boxes.labels.tolist())
            kept[part].append(replace(entry, boxes=boxes))
    notes = []
    if lost:
        notes.append(f"{lost:,} box{'es are' if lost > 1 else ' is'} left out: {how.why}.")
    absent = [name for label, name in enumerate(listing.classes) if label not in held]
    if absent and not how.orders:
        more = f" and {len(absent) - NAMED:,} more" if len(absent) > NAMED else ""
        notes.append(f"Without a box, and so not in the new files: {', '.join(absent[:NAMED])}{more}.")
    return listing.classes, kept, notes
