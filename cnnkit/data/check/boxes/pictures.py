"""What is wrong with pictures and their boxes: each picture is read, and compared with all others."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import final

import numpy as np

from cnnkit.data.check.boxes.class_boxes import ClassBoxes
from cnnkit.data.check.findings import Finding, damaged
from cnnkit.data.check.held import Held, in_memory, of_files, own_parts
from cnnkit.data.check.look import Look, Place, look_at_files
from cnnkit.data.check.oddities import alike, named
from cnnkit.data.check.report import DataReport
from cnnkit.data.headway import Headway
from cnnkit.data.layout.boxes.pictures import BoxedPicture, BoxListing
from cnnkit.data.open.boxes.open_boxes import faults_of, open_boxes
from cnnkit.data.open.opening import Opening
from cnnkit.data.open.splits import PARTS, DataSplits
from cnnkit.data.targets import Boxes, Target
from cnnkit.errors import DataError

# Pixels by which a box may reach beyond its picture: tools count from 0 or from 1, and round.
OVER = 1.0


@final
class HeldBoxes(Held[ClassBoxes]):
    """The boxes of each part, and what is odd about them."""

    unit, field = "box", "boxes"
    differ = "two-boxes", "boxes that differ, of the same picture"

    def __init__(self, parts: Sequence[str], classes: list[str]) -> None:
        super().__init__(parts, classes, ClassBoxes)
        self._doubled: list[Finding] = []

    def add(self, part: str, name: str, target: Target, look: Look) -> None:
        assert isinstance(target, Boxes)
        self.counted[part].add(target, look.size)
        rows = np.column_stack([target.corners, target.labels]) if len(target.labels) else np.zeros((0, 5))
        rows = rows[np.lexsort(rows.T)]
        again = (rows[1:] == rows[:-1]).all(axis=1)
        if again.any():
            which = {self.classes[int(label)] for label in rows[1:][again][:, 4]}
            message = f"{int(again.sum()):,} of {named(sorted(which))}, with the same corners as another"
            self._doubled.append(Finding("box-doubled", message, (name,)))
        self.told(rows.tobytes(), name, look)

    def findings(self) -> list[Finding]:
        return [*self._doubled, *self.absent(), *self.unequal()]


def check_boxes(listing: BoxListing, asked: Opening, allowed: Collection[str]) -> Iterator[Headway | DataReport]:
    """Pictures with boxes in files."""
    own = own_parts(listing.parts, listing.split)
    findings = [Finding(fault.kind, _rest(fault.message, fault.name), (fault.name,)) for fault in faults_of(listing)]
    bad = {id(picture) for picture in listing.pictures if picture.faults}
    held, looks = HeldBoxes(list(own), listing.classes), []
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
    findings += [*held.findings(), *of_files(listing.source, looks, [one.name for one in listing.pictures])]
    findings += alike(listing.classes)
    found, notes = f"{listing.source}: {listing.layout}", listing.notes
    try:
        # As a training would open them, those that are bad left out.
        parts = {part: [one for one in pictures if id(one) not in bad] for part, pictures in listing.parts.items()}
        splits = open_boxes(replace(listing, parts=parts, faults=[]), replace(asked, tried=True))
        found, notes = splits.found, splits.notes
    except DataError as error:
        findings.append(Finding("untrainable", str(error)))
    yield held.report(found, notes, findings, allowed)


def check_boxes_in_memory(splits: DataSplits, allowed: Collection[str]) -> Iterator[Headway | DataReport]:
    """Pictures with boxes that no file holds."""
    return in_memory(splits, HeldBoxes(PARTS, splits.classes), allowed)


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


def _rest(message: str, name: str) -> str:
    """The message without the file's name, which the finding has anyway."""
    return message.removeprefix(name).lstrip(", :").rstrip(".")
