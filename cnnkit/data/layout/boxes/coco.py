"""COCO's files with boxes: x, y, width and height in pixels, from the picture's upper left corner (Lin et al. 2014)."""

import os
from collections import defaultdict
from pathlib import Path

from cnnkit.data.layout.boxes.gathering import Gathering, told
from cnnkit.data.layout.boxes.pictures import BoxedPicture, BoxListing, Fault, Said
from cnnkit.data.layout.masks.coco_folder import check_train, coco_files, folder_of
from cnnkit.data.layout.masks.coco_json import CocoJson, field, is_number, read_json, wrong
from cnnkit.errors import DataError


def list_coco_boxes(place: Path) -> BoxListing | None:
    """The pictures of a folder with such files, or of one file; None where there is none."""
    files = coco_files(place)
    if not files:
        return None
    gathering = Gathering()
    classes: list[str] = []
    numbers: dict[str, int] = {}
    parts: dict[str, list[BoxedPicture]] = {}
    faults: list[Fault] = []
    for part, file in files.items():
        content = read_json(file)
        names = list(content.categories.values())
        if classes and names != classes:
            raise DataError(
                f"{file} has other categories than {next(iter(files.values()))}: {', '.join(names[:5])}. Give all "
                "files the same."
            )
        if not classes:
            gathering, classes = Gathering(names), names
            numbers = {name: number for number, name in content.categories.items()}
        folder = folder_of(file, part, list(content.names.values()))
        parts[part] = []
        said = boxes_of(content)
        for key, name in content.names.items():
            path = folder / name
            if os.path.isfile(path):
                picture = gathering.picture(str(path), str(file), said[key], size=content.sizes[key], number=key)
                parts[part].append(picture)
            else:
                faults.append(Fault("missing", str(path), f"{path} is not there, but {file} names it."))
    parts = {part: parts[part] for part in ("train", "val", "test") if parts.get(part)}
    check_train(files, parts)
    layout = f"COCO, pictures with {', '.join(file.name for file in files.values())}"
    notes = told(picture for pictures in parts.values() for picture in pictures)
    return BoxListing(place, layout, "coco", parts, len(parts) > 1, classes, faults, notes, numbers)


def boxes_of(content: CocoJson) -> "defaultdict[int, list[Said]]":
    """The boxes in each picture, by its id."""
    path = content.path
    found: defaultdict[int, list[Said]] = defaultdict(list)
    for number, entry in enumerate(content.annotations):
        picture = field(path, "annotation", entry, "image_id", int)
        category = field(path, "annotation", entry, "category_id", int)
        if picture not in content.names or category not in content.categories:
            raise wrong(path, "annotation", entry, "an image_id and a category_id that the file has")
        match entry.get("bbox"):
            case [x, y, width, height] if all(type(at) in (int, float) for at in (x, y, width, height)):
                corners = _corners(x, y, width, height)
            case _:
                raise wrong(path, "annotation", entry, "a bbox: x, y, width and height")
        where, area = f"annotation {entry.get('id', number)!s:.20}", entry.get("area")
        if area is not None and not (is_number(area) and area >= 0):
            raise wrong(path, "annotation", entry, "a finite area")
        crowd = bool(entry.get("iscrowd", 0))
        said = Said(content.categories[category], corners, where, crowd, None if area is None else float(area))
        found[picture].append(said)
    return found


def _corners(x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
    try:
        return float(x), float(y), float(x) + float(width), float(y) + float(height)
    except OverflowError:
        # A whole number of many digits: the box is refused as one far outside.
        return float("inf"), float("inf"), float("inf"), float("inf")
