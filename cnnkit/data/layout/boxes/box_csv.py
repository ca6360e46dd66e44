"""Boxes named in a CSV file, a row each: path, x_min, y_min, x_max, y_max, label[, split][, crowd].

Corners are in pixels, where pixel i covers i to i + 1. A row with a path alone is a picture in which there is nothing.
The user names the file, and it may name any path: what lies there is only ever read as a picture.
"""

import os
import re
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import final

from cnnkit.data.layout.boxes.gathering import Gathering, told
from cnnkit.data.layout.boxes.pictures import BoxedPicture, BoxListing, Corners, Fault, Said
from cnnkit.data.layout.existence import absent
from cnnkit.data.layout.list_csv import LABEL_NAMES, PATH_NAMES, SPLIT_NAMES
from cnnkit.data.layout.part_names import EXPECTED, parts_called
from cnnkit.data.layout.suffixes import is_picture_name
from cnnkit.data.layout.table import DELIMITERS, Row, read_rows
from cnnkit.errors import DataError

# What the columns of corners may be called, the usual name first.
CORNER_NAMES = (
    ("x_min", "xmin", "x1", "left"),
    ("y_min", "ymin", "y1", "top"),
    ("x_max", "xmax", "x2", "right"),
    ("y_max", "ymax", "y2", "bottom"),
)
CROWD_NAMES = ("crowd", "iscrowd", "difficult")
HEADER = ("path", *(names[0] for names in CORNER_NAMES), "label", "split", "crowd")
# A row without a header: path, four corners, label.
BARE = 6


@final
@dataclass(frozen=True)
class Columns:
    """Where in a row each thing stands.   width: fields in a row."""

    path: int
    corners: tuple[int, ...]
    label: int
    split: int | None
    crowd: int | None
    width: int


@final
@dataclass
class Rows:
    """What the rows say of one picture.   part: as the first of them calls it, and in which line."""

    said: list[Said]
    part: str
    line: int


def list_box_csv(path: Path) -> BoxListing | None:
    """The pictures that a CSV file of boxes names, relative to its folder; None where it has no such columns.

    Classes are the labels, sorted: as numbers where all are whole numbers, else as text.
    """
    head = _head(path)
    if head is None:
        return None
    columns, rows = _rows(path, *head)
    pictures: dict[str, Rows] = {}
    for line, fields in rows:
        name, said, part = _row(path, line, fields, columns)
        one = pictures.setdefault(name, Rows([], part, line))
        if one.part != part:
            raise DataError(
                f"{path}: {name} is in {one.part[:40]!r} in line {one.line}, and in {part[:40]!r} in line {line}. A "
                "picture belongs to one part."
            )
        if said is not None:
            one.said.append(said)
    called = parts_called(dict.fromkeys(one.part for one in pictures.values()))
    for one in pictures.values():
        if one.part not in called:
            raise DataError(f"{path}, line {one.line}: the split is {one.part[:50]!r}, expected {EXPECTED}.")
    names = list(pictures)
    gone = {names[place] for place in absent(names)}
    faults = [
        Fault("missing", name, f"{name} is not there, but {path}, line {pictures[name].line} names it.")
        for name in gone
    ]
    gathering = Gathering()
    parts: dict[str, list[BoxedPicture]] = {}
    for name, one in pictures.items():
        if name not in gone:
            parts.setdefault(called[one.part], []).append(gathering.picture(name, str(path), one.said))
    if "train" not in parts:
        raise DataError(f"{path} has no training picture that is there. Correct its paths, or its splits.")
    parts = {part: parts[part] for part in ("train", "val", "test") if part in parts}
    classes, parts = gathering.sorted(parts)
    notes = told(picture for some in parts.values() for picture in some)
    return BoxListing(path, "boxes of a CSV file", "csv", parts, list(parts) != ["train"], classes, faults, notes)


def _head(path: Path) -> tuple[str, Row, Columns] | None:
    """(delimiter, first row, columns) of a file of boxes."""
    for delimiter in DELIMITERS:
        try:
            first = next(read_rows(path, delimiter), None)
        except (DataError, OSError):
            continue
        if first is not None and (columns := _columns(first[1]) or _bare(first[1])) is not None:
            return delimiter, first, columns
    return None


def _rows(path: Path, delimiter: str, first: Row, columns: Columns) -> "tuple[Columns, chain[Row]]":
    rows = read_rows(path, delimiter)
    next(rows)
    return columns, chain([] if _columns(first[1]) else [first], rows)


def _columns(header: list[str]) -> Columns | None:
    names = [re.sub(r"[ -]+", "_", name.lower()) for name in header]

    def find(known: tuple[str, ...]) -> int | None:
        return next((names.index(name) for name in known if name in names), None)

    path, label = find(PATH_NAMES), find(LABEL_NAMES)
    corners = [at for known in CORNER_NAMES if (at := find(known)) is not None]
    if path is None or label is None or len(corners) != len(CORNER_NAMES):
        return None
    return Columns(path, tuple(corners), label, find(SPLIT_NAMES), find(CROWD_NAMES), len(header))


def _bare(first: list[str]) -> Columns | None:
    """Those of a file without a header, told by its first row."""
    if len(first) != BARE or not is_picture_name(first[0]):
        return None
    if any(first[1:5]) and any(_number(text) is None for text in first[1:5]):
        return None
    return Columns(0, (1, 2, 3, 4), 5, None, None, BARE)


def _row(path: Path, line: int, fields: list[str], columns: Columns) -> tuple[str, Said | None, str]:
    """(picture, its box or None, part) of a row."""
    if len(fields) != columns.width:
        raise DataError(
            f"{path}, line {line} has {len(fields)} fields, expected {columns.width}: {','.join(fields)[:100]!r}. "
            "A name that contains the delimiter must be in quotes."
        )
    name, label = fields[columns.path], fields[columns.label]
    if not name:
        raise DataError(f"{path}, line {line}: the path is empty. Fill it in, or remove the row.")
    place = os.path.normpath(os.path.join(path.parent, name.replace("\\", "/")))
    part = "train" if columns.split is None else fields[columns.split]
    texts = [fields[at] for at in columns.corners]
    if not any((*texts, label)):
        return place, None, part
    numbers = [_number(text) for text in texts]
    if not label or None in numbers:
        raise DataError(
            f"{path}, line {line}: expected four corners and a label, but found {', '.join((*texts, label))[:100]!r}. "
            "Of a picture without boxes leave all five empty."
        )
    left, top, right, bottom = (0.0 if number is None else number for number in numbers)
    corners: Corners = (left, top, right, bottom)
    crowd = columns.crowd is not None and fields[columns.crowd].lower() not in ("", "0", "false", "no")
    return place, Said(label, corners, f"line {line}", crowd), part


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
