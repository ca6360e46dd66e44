"""What pictures there are, by part and class, before one of them is opened: from folders or from a list."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from cnnkit.data.sets.image_folder import PictureFile, find_parts, list_pictures
from cnnkit.data.sets.walk import loose_pictures, visible_folders
from cnnkit.errors import DataError


@final
@dataclass(frozen=True)
class Listing:
    """source: the folder or the list.   layout: what it is, in words.   classes: their names, in the order of labels.

    parts: train, val, test -> pictures; what has no parts of its own is all train, and `split` is False.
    titles: part -> how messages call it.   missing: files that are listed and not there, each with a sentence.
    notes: what was decided without being asked.
    """

    source: Path
    layout: str
    parts: dict[str, list[PictureFile]]
    classes: list[str]
    split: bool
    titles: dict[str, str]
    missing: list[tuple[PictureFile, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def files(self) -> list[PictureFile]:
        """Every picture."""
        return [file for files in self.parts.values() for file in files]


def list_folder(folder: Path) -> Listing:
    """The pictures of an image folder; classes are the names of its folders, sorted."""
    place = innermost(folder)
    notes = [] if place == folder else [f"The classes lie in {place}; that folder is taken."]
    found = find_parts(place)
    places = {part: innermost(path, within_part=True) for part, path in (found or {"train": place}).items()}
    listed = {part: list_pictures(path) for part, path in places.items()}
    classes = listed["train"][1]
    if not classes:
        raise DataError(f"{places['train']} holds no pictures; expected one folder of pictures per class.")
    for part, (_, part_classes) in listed.items():
        if unknown := sorted(set(part_classes) - set(classes)):
            raise DataError(
                f"{places[part]} has the class {unknown[0]!r}, which {places['train']} lacks. Is a folder misnamed?"
            )
    if loose := sum(loose_pictures(path) for path in {place, *places.values()}):
        notes.append(f"{loose} {'picture lies' if loose == 1 else 'pictures lie'} beside the class folders: not used.")
    layout = "pictures in " + ", ".join(f"{path.name}/" for path in found.values())
    return Listing(
        folder,
        layout if found else "pictures, one folder per class",
        {part: files for part, (files, _) in listed.items()},
        classes,
        bool(found),
        {part: str(path) for part, path in places.items()},
        notes=notes,
    )


def innermost(folder: Path, *, within_part: bool = False) -> Path:
    """Where the class folders lie: below a folder that holds nothing but one folder of folders, as archives unpack."""
    while within_part or not find_parts(folder):
        children = visible_folders(folder)
        if len(children) != 1 or loose_pictures(children[0]) or not visible_folders(children[0]):
            break
        folder = children[0]
    return folder
