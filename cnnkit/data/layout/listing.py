"""What pictures there are, by part and class, before one of them is opened: from folders or from a list."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from cnnkit.data.layout.folders import find_parts, innermost, not_used
from cnnkit.data.layout.look_alikes import as_known, nearest
from cnnkit.data.layout.sense import check_sense
from cnnkit.data.layout.walk import is_annotation, visible_folders, walk
from cnnkit.errors import DataError


@final
@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture of an image folder: its file and the class it lies in. Small, as there may be millions.

    name: the path of the file.
    """

    name: str
    class_name: str

    @property
    def path(self) -> Path:
        """The same as a Path, made when asked for."""
        return Path(self.name)


@final
@dataclass(frozen=True, slots=True)
class Missing:
    """A picture that is listed and not there, and the line that names it."""

    file: PictureFile
    line: int

    @property
    def message(self) -> str:
        """What is wrong, in a sentence."""
        what = "is a folder" if os.path.isdir(self.file.name) else "does not exist"
        return f"Line {self.line}: {self.file.name} {what}."


@final
@dataclass(frozen=True)
class Listing:
    """source: the folder or the list.   layout: what it is, in words.   classes: their names, in the order of labels.

    parts: train, val, test -> pictures; what has no parts of its own is all train, and `split` is False.
    titles: part -> how messages call it.   missing: files that are listed and not there.
    notes: what was decided without being asked.
    """

    source: Path
    layout: str
    parts: dict[str, list[PictureFile]]
    classes: list[str]
    split: bool
    titles: dict[str, str]
    missing: list[Missing] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def files(self) -> list[PictureFile]:
        """Every picture."""
        return [file for files in self.parts.values() for file in files]


def list_folder(folder: Path, *, classified: bool = False) -> Listing:
    """The pictures of an image folder; classes are the names of its folders, sorted.

    classified: the user says that its folders are classes, whatever they are called.
    """
    place = innermost(folder)
    notes = [] if place == folder else [f"The class folders are in {place}; that folder is used."]
    found = find_parts(place)
    check_sense(place, found, classes=classified)
    places = {part: innermost(path, within_part=True) for part, path in (found or {"train": place}).items()}
    listed = {part: list_pictures(path) for part, path in places.items()}
    classes = list(dict.fromkeys(as_known(listed["train"][1], listed["train"][1]).values()))
    if not classes:
        raise DataError(f"{places['train']} holds no pictures; expected one folder of pictures per class.")
    known = as_known([name for _, names, _ in listed.values() for name in names], classes)
    for part, (_, names, _) in listed.items():
        if unknown := next((name for name in names if name not in known), None):
            raise DataError(
                f"{places[part]} has the class {unknown!r}, which {places['train']} lacks."
                + (nearest(unknown, classes) or " Is a folder misnamed?")
            )
    notes += not_used(folder, place, found, known)
    notes += _annotations([path for _, _, beside in listed.values() for path in beside])
    layout = "pictures in " + ", ".join(f"{path.name}/" for path in found.values())
    return Listing(
        folder,
        layout if found else "pictures, one folder per class",
        {part: [named(file, known) for file in files] for part, (files, _, _) in listed.items()},
        classes,
        bool(found),
        {part: str(path) for part, path in places.items()},
        notes=notes,
    )


def list_pictures(folder: Path) -> tuple[list[PictureFile], list[str], list[Path]]:
    """(files, classes, annotations beside them) below a folder of class folders, in the order of their names.

    Hidden files and folders are skipped; folders within a class belong to it, however deep.
    """
    files, classes, beside = [], [], []
    places = visible_folders(folder)
    for place, paths in zip(places, walk(places), strict=True):
        pictures = [path for path in paths if not is_annotation(path.name)]
        if pictures:
            classes.append(place.name)
            files += [PictureFile(str(path), place.name) for path in pictures]
            beside += [path for path in paths if is_annotation(path.name)]
    return files, classes, beside


def named(file: PictureFile, known: Mapping[str, str]) -> PictureFile:
    """The picture under its class's name as it is spelled in `known`, which tells the spelling of each name."""
    name = known[file.class_name]
    return file if name == file.class_name else PictureFile(file.name, name)


def _annotations(beside: list[Path]) -> list[str]:
    """One note on all files that lie among the pictures and are none."""
    if not beside:
        return []
    endings = ", ".join(sorted({path.suffix.lower() for path in beside}))
    first = f"{beside[0].parent.name}/{beside[0].name}"
    are = f"{len(beside):,} files that are no pictures are" if len(beside) > 1 else "1 file that is no picture is"
    return [f"{are} among the pictures and not used ({endings}), such as {first}."]
