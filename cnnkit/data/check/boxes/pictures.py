"""What is wrong with pictures and their boxes: each picture is read, and compared with all others."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import final

import numpy as np

from cnnkit.data.check.boxes.class_boxes import ClassBoxes
from cnnkit.data.check.copies import copies
from cnnkit.data.check.findings import Finding, damaged, in_order
from cnnkit.data.check.look import Look, Place, look_at_files, look_at_pixels
from cnnkit.data.check.oddities import named, odd_sizes, outside, wrong_endings
from cnnkit.data.check.report import DataReport
from cnnkit.data.headway import Headway
from cnnkit.data.layout.boxes.pictures import BoxedPicture, BoxListing
from cnnkit.data.layout.look_alikes import look_alikes
from cnnkit.data.open.boxes.open_boxes import faults_of, open_boxes
from cnnkit.data.open.splits import PARTS, VAL_FRACTION, DataSplits
from cnnkit.data.targets import Boxes
from cnnkit.errors import DataError

# The part of what has no parts of its own.
UNSPLIT = "pictures"
# Pixels by which a box may reach beyond its picture: tools count from 0 or from 1, and round.
OVER = 1.0


@final
class Held:
    """The boxes of each part, and what is odd about them."""

    def __init__(self, parts: Sequence[str], classes: list[str]) -> None:
        self.classes = classes
        self.boxes = {part: ClassBoxes(len(classes)) for part in parts}
        self._doubled: list[Finding] = []
        self._of_picture: defaultdict[bytes, dict[bytes, str]] = defaultdict(dict)

    def add(self, part: str, name: str, boxes: Boxes, look: Look) -> None:
        """Count the boxes, in its pixels, of the picture that is called `name`."""
        self.boxes[part].add(boxes, look.size)
        rows = np.column_stack([boxes.corners, boxes.labels]) if len(boxes.labels) else np.zeros((0, 5))
        rows = rows[np.lexsort(rows.T)]
        again = (rows[1:] == rows[:-1]).all(axis=1)
        if again.any():
            which = {self.classes[int(label)] for label in rows[1:][again][:, 4]}
            message = f"{int(again.sum()):,} of {named(sorted(which))}, with the same corners as another"
            self._doubled.append(Finding("box-doubled", message, (name,)))
        self._of_picture[look.digest].setdefault(rows.tobytes(), name)

    def findings(self) -> list[Finding]:
        """What is odd about them."""
        found = list(self._doubled)
        for part, counted in self.boxes.items():
            absent = [name for name, n in zip(self.classes, counted.boxes.tolist(), strict=True) if not n]
            if absent and counted.total:
                found.append(Finding("absent-class", f"in {part}, no box of {named(absent)}"))
        for several in self._of_picture.values():
            if len(several) > 1:
                found.append(Finding("two-boxes", "boxes that differ, of the same picture", tuple(several.values())))
        return found


def check_boxes(
    listing: BoxListing,
    *,
    name: str,
    image_size: tuple[int, int] | None,
    grey: bool | None,
    allowed: Collection[str],
) -> Iterator[Headway | DataReport]:
    """Pictures with boxes in files."""
    own = {part if listing.split else UNSPLIT: pictures for part, pictures in listing.parts.items()}
    findings = [Finding(fault.kind, _rest(fault.message, fault.name), (fault.name,)) for fault in faults_of(listing)]
    bad = {id(picture) for picture in listing.pictures if picture.faults}
    held, looks = Held(list(own), listing.classes), []
    pictures = [(part, picture) for part, some in own.items() for picture in some]
    places = [Place(part, "", picture.name, picture.path) for part, picture in pictures]
    for done, ((part, picture), look) in enumerate(zip(pictures, look_at_files(places), strict=True)):
        yield Headway("looking", done, len(pictures))
        findings += [Finding("box-empty", f"{what} has no extent and is left out") for what in picture.empty]
        if not isinstance(look, Look):
            bad.add(id(picture))
            findings.append(damaged(look.kind, look.message, picture.name))
            continue
        looks.append(look)
        findings += _beyond(picture, look.size)
        if not picture.faults:
            try:
                held.add(part, picture.name, picture.boxes(look.size), look)
            except DataError as error:
                bad.add(id(picture))
                findings.append(Finding("box-size", _rest(str(error), picture.name), (picture.name,)))
    findings += [*held.findings(), *copies(looks), *odd_sizes(looks), *_alike(listing.classes)]
    findings += wrong_endings((look.place.name, look.format) for look in looks)
    if listing.source.is_dir():
        findings += outside(listing.source, [picture.name for picture in listing.pictures])
    found, notes = f"{listing.source}: {listing.layout}", listing.notes
    try:
        splits = _open(listing, bad, name, image_size, grey)
        found, notes = splits.found, splits.notes
    except DataError as error:
        findings.append(Finding("untrainable", str(error)))
    yield _report(found, notes, held, findings, allowed)


def check_boxes_in_memory(splits: DataSplits, allowed: Collection[str]) -> Iterator[Headway | DataReport]:
    """Pictures with boxes that no file holds."""
    held = Held(PARTS, splits.classes)
    looks: list[Look] = []
    total = sum(len(splits.part(part)) for part in PARTS)
    for part in PARTS:
        dataset = splits.part(part)
        for index in range(len(dataset)):
            yield Headway("looking", len(looks), total)
            sample, name = dataset[index], f"{part} image {index}"
            looks.append(look_at_pixels(Place(part, "", name), sample.image))
            if isinstance(sample.target, Boxes):
                held.add(part, name, sample.target, looks[-1])
    findings = [*held.findings(), *copies(looks), *_alike(splits.classes)]
    yield _report(splits.found, splits.notes, held, findings, allowed)


def _beyond(picture: BoxedPicture, size: tuple[int, int]) -> list[Finding]:
    """Boxes that reach further beyond the picture than rounding does, or lie outside of it."""
    H, W = size
    corners = picture.uncut(size)
    over = np.maximum(-corners[:, :2], corners[:, 2:] - [W, H]).max(axis=1)
    away = (corners[:, :2] >= [W, H]).any(axis=1) | (corners[:, 2:] <= 0).any(axis=1)
    found = []
    if away.any():
        message = f"{int(away.sum()):,} of its {len(corners):,} boxes lie outside of it and are left out"
        found.append(Finding("box-outside", message, (picture.name,)))
    if (partly := (over > OVER) & ~away).any():
        message = (
            f"{int(partly.sum()):,} of its {len(corners):,} boxes reach beyond it, by up to {over[partly].max():g} "
            "pixels, and are cut"
        )
        found.append(Finding("box-outside", message, (picture.name,)))
    return found


def _report(found: str, notes: list[str], held: Held, findings: list[Finding], allowed: Collection[str]) -> DataReport:
    counts = [counted.pictures.tolist() for counted in held.boxes.values()]
    rows = [(name, *row) for name, row in zip(held.classes, zip(*counts, strict=True), strict=True)]
    return DataReport(found, list(held.boxes), rows, in_order(findings), notes, allowed, boxes=held.boxes)


def _open(
    listing: BoxListing, bad: set[int], name: str, image_size: tuple[int, int] | None, grey: bool | None
) -> DataSplits:
    """As a training would open them, those that are bad left out; DataError if it would not."""
    parts = {part: [one for one in pictures if id(one) not in bad] for part, pictures in listing.parts.items()}
    return open_boxes(
        replace(listing, parts=parts, faults=[]),
        name=name,
        image_size=image_size,
        grey=grey,
        fit=None,
        seed=0,
        val_fraction=VAL_FRACTION,
        skip_unreadable=False,
        cache_bytes=0,
        tried=True,
    )


def _rest(message: str, name: str) -> str:
    """The message without the file's name, which the finding has anyway."""
    return message.removeprefix(name).lstrip(", :").rstrip(".")


def _alike(classes: list[str]) -> list[Finding]:
    return [Finding("look-alike", sentence.rstrip(".")) for sentence in look_alikes(classes)]
