"""Folders of pictures with a text file each, as YOLO's tools write them, with or without a data.yaml."""

import os
from collections.abc import Sequence
from pathlib import Path

from cnnkit.data.layout.boxes.data_yaml import DataYaml, read_data_yaml
from cnnkit.data.layout.boxes.gathering import Gathering, told
from cnnkit.data.layout.boxes.pictures import BoxedPicture, BoxListing, Fault
from cnnkit.data.layout.boxes.sidecars import Sided, find_sided, sided
from cnnkit.data.layout.boxes.yolo import highest_class, looks_like_yolo, meant_as_yolo, read_yolo
from cnnkit.data.layout.folders import innermost
from cnnkit.data.layout.name_list import read_names
from cnnkit.data.layout.suffixes import is_picture_name
from cnnkit.data.layout.walk import visible_files
from cnnkit.errors import DataError

YAMLS = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
# Files with the names of classes, a line each.
NAMES = ("classes.txt", "obj.names", "classes.names", "names.txt", "labels.txt")
# Bytes of a list of pictures; and classes that numbers alone may make.
LARGEST, MOST_CLASSES = 64 << 20, 10_000


def list_yolo(place: Path) -> BoxListing | None:
    """The pictures of a folder, or of a data.yaml, with annotations of YOLO's form; None where there are none."""
    file = place if place.is_file() else _yaml(innermost(place))
    if file is not None and file.suffix.lower() not in (".yaml", ".yml"):
        return None
    read = None if file is None else read_data_yaml(file)
    if file is None or read is None or not read.places:
        if place.is_file():
            raise DataError(f"{place} has no train: expected the folder of the training pictures behind that name.")
        found, layout = find_sided(innermost(place), ".txt", meant_as_yolo)
        layout = f"YOLO, {layout}"
    else:
        found, layout = _of_yaml(file, read), f"YOLO, pictures and boxes as {file.name} names them"
    if not found:
        return None
    notes = [f"The {part} pictures have no annotations and are not used." for part in _bare(found)]
    found = {part: one for part, one in found.items() if part not in _bare(found)}
    if "train" not in found:
        raise DataError(
            f"{place}: no training picture has a file with its boxes, such as labels/x.txt for images/x.jpg."
        )
    names = list(read.names) if read is not None else []
    if not names:
        names, note = _names(innermost(place) if place.is_dir() else place.parent, found)
        notes += note
    gathering = Gathering(names)
    faults: list[Fault] = []
    parts = {part: _read(one, gathering, names, faults) for part, one in found.items()}
    notes += told(picture for pictures in parts.values() for picture in pictures)
    return BoxListing(place, layout, "yolo", parts, list(parts) != ["train"], names, faults, notes)


def _read(one: Sided, gathering: Gathering, names: Sequence[str], faults: list[Fault]) -> list[BoxedPicture]:
    """Each picture with its boxes; what cannot be read becomes a fault."""
    faults += [
        Fault("missing", str(file), f"{file} tells boxes, but there is no picture of its name.") for file in one.orphans
    ]
    pictures = []
    for path, file in one.pictures:
        if file is None:
            pictures.append(gathering.picture(str(path), "", ()))
            continue
        try:
            said, wrong = read_yolo(file, names)
        except DataError as error:
            said, wrong = [], [Fault("annotation", str(file), str(error))]
        pictures.append(gathering.picture(str(path), str(file), said, shares=True, faults=wrong))
    return pictures


def _yaml(folder: Path) -> Path | None:
    return next((path for name in YAMLS if (path := folder / name).is_file()), None)


def _bare(found: dict[str, Sided]) -> list[str]:
    """Parts in which no picture has a file."""
    return [part for part, one in found.items() if not any(file for _, file in one.pictures)]


def _of_yaml(file: Path, read: DataYaml) -> dict[str, Sided]:
    """Part -> the pictures in the folders, or in the lists, that a data.yaml names."""
    if "train" not in read.places:
        raise DataError(f"{file} has no train: expected the folder of the training pictures behind that name.")
    parts: dict[str, Sided] = {}
    for part, names in read.places.items():
        found = [_place(file.parent, read.root, name) for name in names]
        if None in found and part == "train":
            name = names[found.index(None)]
            raise DataError(
                f"{file}: train is {name[:100]!r}, which is not there. Correct it, or put the pictures there."
            )
        some = [_listed(place) if place.is_file() else _within(place) for place in found if place is not None]
        if some:
            pictures = [pair for one in some for pair in one.pictures]
            parts[part] = Sided(some[0].root, pictures, [orphan for one in some for orphan in one.orphans])
    return parts


def _place(folder: Path, root: str, name: str) -> Path | None:
    """Where a folder or a list is that was named on another machine: below the file's own folder, from some step on."""
    steps = [step for step in name.replace("\\", "/").split("/") if step not in ("", ".", "..")]
    places = [folder / root / name, folder / name, *(folder.joinpath(*steps[first:]) for first in range(len(steps)))]
    return next((place for place in places if place.exists()), None)


def _within(place: Path) -> Sided:
    """The pictures of a folder; their files lie in labels/ instead of images/, or beside them."""
    pictures = place / "images" if (place / "images").is_dir() else place
    return sided(pictures, _files_of(pictures), ".txt")


def _files_of(pictures: Path) -> Path:
    steps = pictures.parts
    places = [Path(*steps[:k], "labels", *steps[k + 1 :]) for k, step in enumerate(steps) if step.lower() == "images"]
    return next((place for place in reversed(places) if place.is_dir()), pictures)


def _listed(file: Path) -> Sided:
    """The pictures that a text file names, a line each."""
    pairs: list[tuple[Path, Path | None]] = []
    for line in read_names(file, LARGEST, "a picture's path per line"):
        path = _place(file.parent, "", line) or file.parent / line
        told_by = _files_of(path.parent) / f"{path.stem}.txt"
        pairs.append((path, told_by if os.path.isfile(told_by) else None))
    if not any(is_picture_name(path.name) for path, _ in pairs):
        raise DataError(f"{file} names no pictures; expected a path per line.")
    return Sided(file.parent, pairs, [])


def _names(folder: Path, found: dict[str, Sided]) -> tuple[list[str], list[str]]:
    """(the classes, notes): from a list beside the data; else as many as the files have numbers."""
    places = [folder, *(file.parent for one in found.values() for _, file in one.pictures[:1] if file is not None)]
    for place in dict.fromkeys(places):
        lists = [path for name in NAMES if (path := place / name).is_file()]
        lists += [path for path in visible_files(place) if path.suffix == ".names"]
        if lists and (names := read_names(lists[0])):
            return names, []
    highest = -1
    for one in found.values():
        for _, file in one.pictures:
            if file is not None and looks_like_yolo(file):
                highest = max(highest, highest_class(file))
    if highest >= MOST_CLASSES:
        raise DataError(f"{folder}: a box has class {highest:,}. Name the classes in classes.txt or data.yaml.")
    return [f"class {number}" for number in range(highest + 1)], [
        "The classes have no names; put them into classes.txt, a line each, or into data.yaml."
    ]
