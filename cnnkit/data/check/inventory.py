"""What is to be looked at in a data set, as it lies: pictures in files by part and class, or images in arrays."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import final

from cnnkit.data.check.findings import Finding
from cnnkit.data.check.held import UNSPLIT
from cnnkit.data.check.look import Place
from cnnkit.data.layout.folders import find_parts, innermost
from cnnkit.data.layout.list_csv import list_csv
from cnnkit.data.layout.listing import Listing, PictureFile, list_folder, list_pictures, named
from cnnkit.data.layout.look_alikes import as_known
from cnnkit.data.open.formats import PICTURE_FORMATS, detect
from cnnkit.data.open.opening import Opening
from cnnkit.data.open.pictures import open_pictures
from cnnkit.data.open.source import open_data, resolve
from cnnkit.data.open.splits import PARTS, DataSplits
from cnnkit.errors import DataError


@final
@dataclass(frozen=True)
class Inventory:
    """listing: of pictures in files.   splits: of images in arrays.   Neither, where the data cannot be opened at all.

    source: the data, in words.   findings: what was wrong with the names alone.
    """

    name: str
    source: str
    listing: Listing | None = None
    splits: DataSplits | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def parts(self) -> list[str]:
        """The parts as they lie."""
        if self.listing is None:
            return [] if self.splits is None else list(PARTS)
        return [part for part in PARTS if part in self.listing.parts] if self.listing.split else [UNSPLIT]

    def places(self) -> list[Place]:
        """Every picture file that is there; of lists, each once."""
        assert self.listing is not None
        lost = {lacking.file for lacking in self.listing.missing}
        return [
            Place(part if self.listing.split else UNSPLIT, file.class_name, str(file.path), file.path)
            for part, files in self.listing.parts.items()
            for file in files
            if file not in lost
        ]

    def open(self, bad: set[Path], image_size: tuple[int, int] | None, grey: bool | None) -> DataSplits:
        """Listed pictures as a training would open them, those that are bad left out; DataError if it would not."""
        assert self.listing is not None
        lost = {lacking.file for lacking in self.listing.missing}

        def kept(files: list[PictureFile]) -> list[PictureFile]:
            return [file for file in files if file.path not in bad and file not in lost]

        parts = {part: kept(files) for part, files in self.listing.parts.items()}
        return open_pictures(
            replace(self.listing, parts=parts, missing=[]), Opening(self.name, image_size, grey, tried=True)
        )


def take_inventory(
    data: str | Path | None,
    image_size: tuple[int, int] | None = None,
    grey: bool | None = None,
    task: str | None = None,
) -> Inventory:
    """Find out what lies there. What cannot be found is a DataError; what cannot be opened is a finding."""
    name, place = resolve(data)
    kind = "idx" if place is None else detect(place)
    source = f"{place or name}: " + ("pictures" if kind in PICTURE_FORMATS else f"{kind} files")
    try:
        if place is None or kind not in PICTURE_FORMATS:
            splits = open_data(data, image_size=image_size, grey=grey, task=task)
            return Inventory(name, splits.found, splits=splits)
        listing = list_csv(place) if kind == "csv" else list_folder(place)
        return Inventory(name, source, listing, findings=_missing(listing))
    except DataError as error:
        listed = _as_they_lie(place) if place is not None and kind in PICTURE_FORMATS else None
        if listed is None:
            return Inventory(name, source, findings=[Finding("unusable", str(error))])
        return Inventory(name, source, listed, findings=[Finding("untrainable", str(error)), *_missing(listed)])


def _missing(listing: Listing) -> list[Finding]:
    return [Finding("missing", lacking.message, (lacking.file.name,)) for lacking in listing.missing]


def _as_they_lie(folder: Path) -> Listing | None:
    """The pictures of a folder or a list that a training would refuse, as its parts differ in their classes."""
    try:
        if folder.is_file():
            return list_csv(folder, refuse=False)
        place = innermost(folder)
        found = find_parts(place)
        places = {part: innermost(path, within_part=True) for part, path in (found or {"train": place}).items()}
        listed = {part: list_pictures(path) for part, path in places.items()}
    except DataError:
        return None
    names = [name for _, part_names, _ in listed.values() for name in part_names]
    known = as_known(names, names)
    classes = sorted(set(known.values()))
    parts = {part: [named(file, known) for file in files] for part, (files, _, _) in listed.items()}
    return Listing(folder, "pictures", parts, classes, bool(found), {part: str(path) for part, path in places.items()})
