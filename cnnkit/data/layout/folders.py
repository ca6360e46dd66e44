"""Where in a folder the parts and the classes lie, and what lies beside them."""

from collections.abc import Iterable
from pathlib import Path

from cnnkit.data.layout.part_names import part_within, parts_called
from cnnkit.data.layout.suffixes import is_picture_name
from cnnkit.data.layout.walk import loose_pictures, visible_files, visible_folders, walk
from cnnkit.errors import DataError

# What is not used and named; of more only the number is told.
NAMED = 5


def innermost(folder: Path, *, within_part: bool = False) -> Path:
    """Where the class folders lie: below a folder that holds nothing but one folder of folders, as archives unpack."""
    while within_part or not find_parts(folder):
        children = visible_folders(folder)
        if len(children) != 1 or loose_pictures(children[0]) or not visible_folders(children[0]):
            break
        folder = children[0]
    return folder


def find_parts(folder: Path) -> dict[str, Path]:
    """train, val, test -> folder; {} for a flat folder, whose classes lie directly below (one may be called train).

    A part holds folders of classes. A name such as seg_train counts where its classes are those of another part.
    """
    children = visible_folders(folder)
    called = parts_called(child.name for child in children)
    parts: dict[str, Path] = {}
    maybe: dict[str, list[Path]] = {}
    for child in children:
        if (part := called.get(child.name)) and visible_folders(child):
            if part in parts:
                raise DataError(
                    f"{folder} has both {parts[part].name}/ and {child.name}/, which are the {part} part. Keep one."
                )
            parts[part] = child
        elif (part := part_within(child.name)) and visible_folders(child):
            maybe.setdefault(part, []).append(child)
    maybe = {part: places for part, places in maybe.items() if part not in parts and len(places) == 1}
    classes = {place: _class_names(place) for place in [*parts.values(), *(places[0] for places in maybe.values())]}
    for part, (place,) in maybe.items():
        if any(classes[place] & names for other, names in classes.items() if other != place):
            parts[part] = place
    return parts if "train" in parts else {}


def not_used(folder: Path, place: Path, parts: dict[str, Path], classes: Iterable[str]) -> list[str]:
    """Notes on the folders and files beside the parts, and beside the folders of the classes.

    place: the innermost folder that holds all of it.
    """
    used, known = set(parts.values()), set(classes)
    roots = [innermost(path, within_part=True) for path in parts.values()] or [place]
    left = [child for child in visible_folders(place) if child not in used] if parts else []
    left += [child for root in roots for child in visible_folders(root) if child.name not in known]
    files = [file for above in _above(folder, [place, *roots]) for file in visible_files(above)]
    loose = sum(is_picture_name(file.name) for file in files)
    notes = []
    if loose:
        are = "picture is" if loose == 1 else "pictures are"
        notes.append(f"{loose:,} {are} outside the class folders and not used.")
    others = [_with_count(child) for child in left]
    others += [file.name for file in files if not is_picture_name(file.name)]
    return [*notes, f"Not used: {some(others)}."] if others else notes


def _class_names(part: Path) -> set[str]:
    return {child.name for child in visible_folders(innermost(part, within_part=True))}


def _above(top: Path, places: list[Path]) -> list[Path]:
    """The places and the folders around them, up to `top`."""
    found = dict.fromkeys([top])
    for place in places:
        found |= dict.fromkeys(above for above in (place, *place.parents) if top in above.parents)
    return list(found)


def _with_count(folder: Path) -> str:
    """A folder's name, with the number of pictures in it."""
    count = sum(is_picture_name(path.name) for path in walk([folder])[0])
    alone = ", in no folder of a class" if parts_called([folder.name]) and loose_pictures(folder) else ""
    return f"{folder.name}/ ({count:,} picture{'s' * (count != 1)}{alone})"


def some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
