"""Where in a folder the parts and the classes lie, and what lies beside them."""

from collections.abc import Iterable
from pathlib import Path

from cnnkit.data.endings import is_picture_name
from cnnkit.data.part_names import EXPECTED, part_within, parts_called
from cnnkit.data.sets.walk import loose_pictures, visible_files, visible_folders, walk
from cnnkit.errors import DataError

# What is not used and named; of more only the number is told.
NAMED = 5
# So many folders beside a lone train/ that hold pictures look like classes, and train/ like one more of them.
CLASSES_BESIDE = 2


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


def check_sense(place: Path, parts: dict[str, Path]) -> None:
    """DataError where folders cannot be told: whether they are classes, or parts, or something else."""
    if list(parts) == ["train"]:
        called = parts_called(child.name for child in visible_folders(place))
        beside = [
            child.name
            for child in visible_folders(place)
            if child != parts["train"] and child.name not in called and loose_pictures(child)
        ]
        if len(beside) >= CLASSES_BESIDE:
            train = parts["train"].name
            raise DataError(
                f"{place} has {train}/ with folders of its own, and beside it {_some(beside)} with pictures. If "
                f"{train} is the training part, give that folder alone: {parts['train']}. If it is a class like the "
                "others, put its pictures directly into it."
            )
    places = visible_folders(innermost(parts["train"], within_part=True) if parts else place)
    within = [{child.name for child in visible_folders(child)} for child in places]
    for child, names in zip(places, within, strict=True):
        if len(set(parts_called(names).values())) > 1:
            raise DataError(
                f"{child}/ holds {_some(sorted(names))}: parts within a class. Put the classes into the parts, such "
                f"as train/{child.name}/ and test/{child.name}/."
            )
    same = set.intersection(*within) if len(within) > 1 else set()
    if len(same) > 1 and not all(loose_pictures(child) for child in places):
        raise DataError(
            f"Each folder in {places[0].parent} ({_some([child.name for child in places])}) holds the same folders: "
            f"{_some(sorted(same))}. If those are the classes, name the folders around them as parts: {EXPECTED}. "
            "Else list the pictures in a .csv of path,label."
        )


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
        lie = "picture is" if loose == 1 else "pictures are"
        notes.append(f"{loose:,} {lie} outside the class folders and not used.")
    others = [_with_count(child) for child in left]
    others += [file.name for file in files if not is_picture_name(file.name)]
    return [*notes, f"Not used: {_some(others)}."] if others else notes


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


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
