"""COCO's files: one JSON file with the pictures, the categories, and the outlines of all things (Lin et al. 2014)."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnnkit.data.layout.masks.coco_json import FURTHEST, CocoJson, field, is_number, wrong
from cnnkit.data.layout.masks.outlines import Outlines, Polygon, Runs, Thing
from cnnkit.errors import DataError

# Class numbers are bytes, and one of them is void.
MOST_CLASSES = 255
BACKGROUND = "background"


def read_coco(content: CocoJson) -> tuple[list[str], dict[str, Outlines]]:
    """(classes, the background first; picture's file name -> what is in it).

    Raises:
        DataError: the file contradicts itself; the message names the entry.
    """
    path = content.path
    classes, number = _classes(content)
    things: defaultdict[int, list[tuple[float, Thing]]] = defaultdict(list)
    for entry in content.annotations:
        key = field(path, "annotation", entry, "image_id", int)
        category = field(path, "annotation", entry, "category_id", int)
        if key not in content.names or category not in number:
            raise wrong(path, "annotation", entry, "an image_id and a category_id that the file has")
        area, crowd = entry.get("area", 0.0), bool(entry.get("iscrowd", 0))
        if not is_number(area):
            raise wrong(path, "annotation", entry, "a finite area")
        shape = _shape(path, entry)
        things[key].append((-float(area), Thing(number[category], crowd, shape)))
    found: dict[str, Outlines] = {}
    for key, name in content.names.items():
        # Of two things at one place the smaller one is in front.
        in_turn = sorted(things[key], key=lambda entry: (not entry[1].crowd, entry[0]))
        found[name] = Outlines(str(path), content.sizes[key], tuple(thing for _, thing in in_turn))
    return classes, found


def has_outlines(content: CocoJson) -> bool:
    """Whether anything has an outline: else the file is of boxes alone."""
    return any(isinstance(entry, dict) and entry.get("segmentation") for entry in content.annotations)


def _classes(content: CocoJson) -> tuple[list[str], Mapping[int, int]]:
    """(names, number of each category): in the order of their ids, behind the background."""
    named = content.categories
    own = next((key for key, name in named.items() if name.lower() == BACKGROUND), None)
    in_order = [key for key in named if key != own]
    names = [BACKGROUND if own is None else named[own], *(named[key] for key in in_order)]
    if len(names) > MOST_CLASSES:
        raise DataError(f"{content.path} has {len(names):,} categories, but at most {MOST_CLASSES} can be told apart.")
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
    raise wrong(path, "annotation", entry, "a segmentation: polygons, or counts and size")


def _polygon(path: Path, entry: dict[str, Any], polygon: Any) -> Polygon:
    if not isinstance(polygon, list) or len(polygon) < 6 or len(polygon) % 2 or not all(map(is_number, polygon)):
        raise wrong(path, "annotation", entry, f"polygons of three or more points x, y, within {FURTHEST:,.0f} pixels")
    return tuple(map(float, polygon))
