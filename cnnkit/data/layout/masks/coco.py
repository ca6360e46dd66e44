"""COCO's files: one JSON file with the pictures, the categories, and the outlines of all things (Lin et al. 2014)."""

import json
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

from cnnkit.config import available_memory
from cnnkit.data.layout.masks.outlines import Outlines, Polygon, Runs, Thing
from cnnkit.errors import DataError, ResourceError
from cnnkit.serialize.files import open_plain, read_whole

# Bytes of a file, a little more than the largest that was published; and what Python takes for each when it is read.
LARGEST, TIMES = 1 << 29, 8
# Pixels from the picture's corner that an outline may reach to.
FURTHEST = 1e6
# Class numbers are bytes, and one of them is void.
MOST_CLASSES = 255
BACKGROUND = "background"


def read_coco(path: Path) -> tuple[list[str], dict[str, Outlines]]:
    """(classes, the background first; picture's file name -> what is in it).

    Raises:
        DataError: the file is no such JSON, or contradicts itself; the message names the entry.
    """
    content = _content(path)
    classes, number = _classes(path, content["categories"])
    pictures: dict[int, tuple[str, tuple[int, int]]] = {}
    for entry in content["images"]:
        key, name = _field(path, "image", entry, "id", int), _field(path, "image", entry, "file_name", str)
        size = _field(path, "image", entry, "height", int), _field(path, "image", entry, "width", int)
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\0" in name or min(size) < 1:
            raise _wrong(path, "image", entry, "a file_name within the folder, and a height and width above 0")
        if key in pictures:
            raise _wrong(path, "image", entry, "an id of its own")
        pictures[key] = name, size
    things: defaultdict[int, list[tuple[float, Thing]]] = defaultdict(list)
    for entry in content["annotations"]:
        key = _field(path, "annotation", entry, "image_id", int)
        category = _field(path, "annotation", entry, "category_id", int)
        if key not in pictures or category not in number:
            raise _wrong(path, "annotation", entry, "an image_id and a category_id that the file has")
        area, crowd = entry.get("area", 0.0), bool(entry.get("iscrowd", 0))
        if not _is_number(area):
            raise _wrong(path, "annotation", entry, "a finite area")
        shape = _shape(path, entry)
        things[key].append((-float(area), Thing(number[category], crowd, shape)))
    found: dict[str, Outlines] = {}
    for key, (name, size) in pictures.items():
        # Of two things at one place the smaller one is in front.
        in_turn = sorted(things[key], key=lambda entry: (not entry[1].crowd, entry[0]))
        found[name] = Outlines(str(path), size, tuple(thing for _, thing in in_turn))
    return classes, found


def looks_like_coco(path: Path) -> bool:
    """Whether a JSON file begins as one of COCO's: what it holds is checked as it is read."""
    try:
        with open_plain(path) as file:
            head = file.read(4096)
            file.seek(max(0, path.stat().st_size - 65536))
            tail = file.read(65536)
    except OSError:
        return False
    fields = (b'"images"', b'"annotations"', b'"categories"')
    return head.lstrip()[:1] == b"{" and any(field in head or field in tail for field in fields)


def _content(path: Path) -> dict[str, list[Any]]:
    try:
        data = read_whole(path, LARGEST)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}. Expected annotations of COCO's form.") from error
    free = available_memory()
    if free is not None and TIMES * len(data) > free:
        raise ResourceError(f"{path} has {len(data) / 1e6:,.0f} MB and takes {TIMES} times as much memory. Split it.")
    try:
        content = json.loads(data, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not valid JSON: {error!s:.100}. Expected annotations of COCO's form.") from error
    names = ("images", "annotations", "categories")
    if not isinstance(content, dict) or not all(isinstance(content.get(name), list) for name in names):
        raise DataError(
            f"{path} lacks one of the lists {', '.join(names)}, so it is not of COCO's form. Export it anew."
        )
    return {name: content[name] for name in names}


def _classes(path: Path, categories: list[Any]) -> tuple[list[str], Mapping[int, int]]:
    """(names, number of each category): in the order of their ids, behind the background."""
    named: dict[int, str] = {}
    for entry in categories:
        key, name = _field(path, "category", entry, "id", int), _field(path, "category", entry, "name", str).strip()
        if key in named or not name:
            raise _wrong(path, "category", entry, "an id of its own and a name")
        named[key] = sys.intern(name)
    own = next((key for key, name in named.items() if name.lower() == BACKGROUND), None)
    in_order = sorted(key for key in named if key != own)
    names = [BACKGROUND if own is None else named[own], *(named[key] for key in in_order)]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"{path} has two categories called {twice!r:.100}. Give each a name of its own.")
    if len(names) > MOST_CLASSES:
        raise DataError(f"{path} has {len(names):,} categories, but at most {MOST_CLASSES} can be told apart.")
    number = {key: place for place, key in enumerate(in_order, 1)} | ({} if own is None else {own: 0})
    return names, number


def _shape(path: Path, entry: dict[str, Any]) -> tuple[Polygon, ...] | Runs:
    """What a thing covers."""
    match entry.get("segmentation"):
        case list(polygons) if polygons:
            return tuple(_polygon(path, entry, polygon) for polygon in polygons)
        case {"counts": str(text), "size": [int(height), int(width)]}:
            return Runs(text, (height, width))
        case {"counts": list(counts), "size": [int(height), int(width)]} if all(type(run) is int for run in counts):
            return Runs(tuple(counts), (height, width))
    raise _wrong(path, "annotation", entry, "a segmentation: polygons, or counts and size")


def _polygon(path: Path, entry: dict[str, Any], polygon: Any) -> Polygon:
    if not isinstance(polygon, list) or len(polygon) < 6 or len(polygon) % 2 or not all(map(_is_number, polygon)):
        raise _wrong(path, "annotation", entry, f"polygons of three or more points x, y, within {FURTHEST:,.0f} pixels")
    return tuple(map(float, polygon))


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= FURTHEST * FURTHEST and math.isfinite(value)


def _field(path: Path, what: str, entry: Any, name: str, kind: Callable[..., Any]) -> Any:
    value = entry.get(name) if isinstance(entry, dict) else None
    if type(value) is not kind:
        raise _wrong(path, what, entry, f"{name}, {'a whole number' if kind is int else 'a text'}")
    return value


def _wrong(path: Path, what: str, entry: object, wanted: str) -> DataError:
    shown = (
        {name: entry[name] for name in ("id", "file_name", "name", "image_id") if name in entry}
        if isinstance(entry, dict)
        else entry
    )
    return DataError(f"{path}: the {what} {shown!r:.120} lacks {wanted}. Correct it, or leave it out.")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")
