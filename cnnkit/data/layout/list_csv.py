"""Pictures named in a CSV file of path,label[,split].

The user names the file, and it may name any path, absolute or out of its folder: what lies there is only ever read as
a picture.
"""

import os
import re
from array import array
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import final

from cnnkit.data.layout.existence import absent
from cnnkit.data.layout.listing import Listing, Missing, PictureFile
from cnnkit.data.layout.look_alikes import nearest, same
from cnnkit.data.layout.part_names import EXPECTED, parts_called
from cnnkit.data.layout.table import DELIMITERS, read_rows
from cnnkit.errors import DataError

# What a column may be called, the usual name first.
PATH_NAMES = ("path", "file", "filename", "image", "filepath", "file_name", "image_path", "image_name")
LABEL_NAMES = ("label", "class", "category", "target", "class_name")
SPLIT_NAMES = ("split", "set", "subset", "partition")
# Findings that a note names; of the rest only the number is told.
NAMED = 3
# What a path holds that means the same without it, as Path does away with it.
_ODD = re.compile(r"//|/\.(?:/|$)|^\./|/$")


@final
@dataclass(frozen=True)
class Columns:
    """Where in a row the path, the label and, if there is one, the split stand. width: fields in a row."""

    path: int
    label: int
    split: int | None
    width: int


@final
@dataclass(frozen=True)
class Rows:
    """The rows of a file, column by column, as there may be millions. lines: where each begins.   said: its part."""

    files: list[PictureFile]
    lines: "array[int]"
    said: list[str]


def list_csv(path: Path, *, refuse: bool = True) -> Listing:
    """The pictures that a CSV file names; paths are relative to its folder.

    Classes are the labels, sorted: as numbers where all are whole numbers, else as text.
    refuse: a class that the train part lacks is a DataError; else it is a class like others.
    """
    try:
        rows = _rows(path)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}. Check its permissions.") from error
    if not rows.files:
        raise DataError(f"{path} names no pictures; expected the header path,label and a row for each picture.")
    called = _parts(path, rows)
    rows, notes = _once(path, rows)
    parts: dict[str, list[PictureFile]] = {}
    for file, said in zip(rows.files, rows.said, strict=True):
        parts.setdefault(called[said], []).append(file)
    if "train" not in parts:
        raise DataError(f"{path}: no row is in the train part, only in {' and '.join(parts)}. Correct its splits.")
    known = {file.class_name for file in (parts["train"] if refuse else rows.files)}
    for file, line, said in zip(rows.files, rows.lines, rows.said, strict=True):
        if file.class_name not in known:
            raise DataError(
                f"{path}, line {line}: the class {file.class_name!r} of the {called[said]} part has no picture in the "
                "train part." + (nearest(file.class_name, known) or " Is the label misspelt?")
            )
    split = set(parts) != {"train"}
    return Listing(
        path,
        "pictures of a CSV file" + (f" in {', '.join(parts)}" if split else ""),
        {part: parts[part] for part in ("train", "val", "test") if part in parts},
        _sorted(known),
        split,
        dict.fromkeys(parts, str(path)),
        [Missing(rows.files[place], rows.lines[place]) for place in absent([file.name for file in rows.files])],
        notes,
    )


def _rows(path: Path) -> Rows:
    found = Rows([], array("I"), [])
    delimiter = _delimiter(path)
    rows = read_rows(path, delimiter)
    first = next(rows, None)
    if first is None:
        return found
    columns = _columns(first[1])
    if columns is None:
        # Without a header, the first row must name a picture that is there.
        if len(first[1]) not in (2, 3) or not os.path.isfile(_place(str(path.parent), first[1][0])):
            raise DataError(
                f"{path}, line {first[0]}: expected a header such as path,label or path,label,split, "
                f"but found {delimiter.join(first[1])[:100]!r}. Known names are {', '.join(PATH_NAMES)}; "
                f"{', '.join(LABEL_NAMES)}; {', '.join(SPLIT_NAMES)}."
            )
        columns = Columns(0, 1, 2 if len(first[1]) == 3 else None, len(first[1]))
        rows = chain([first], rows)
    folder = str(path.parent)
    # One text for each label and part, and of labels one spelling.
    labels: dict[str, str] = {}
    spellings: dict[str, str] = {}
    parts: dict[str, str] = {}
    for line, fields in rows:
        text, label, said = _fields(path, line, fields, columns)
        if label not in labels:
            labels[label] = spellings.setdefault(same(label), label)
        found.files.append(PictureFile(_place(folder, text), labels[label]))
        found.lines.append(line)
        found.said.append(parts.setdefault(said, said))
    return found


def _delimiter(path: Path) -> str:
    """Of those under which the first row has the most known names, or else the most fields, the first."""
    firsts = {}
    for delimiter in DELIMITERS:
        try:
            firsts[delimiter] = next(read_rows(path, delimiter), (1, [""]))[1]
        except DataError:
            if delimiter == DELIMITERS[-1] and not firsts:
                raise
    return max(firsts, key=lambda delimiter: (_columns(firsts[delimiter]) is not None, len(firsts[delimiter])))


def _columns(header: list[str]) -> Columns | None:
    names = [re.sub(r"[ -]+", "_", name.lower()) for name in header]

    def find(known: tuple[str, ...]) -> int | None:
        return next((names.index(name) for name in known if name in names), None)

    path, label, split = find(PATH_NAMES), find(LABEL_NAMES), find(SPLIT_NAMES)
    return None if path is None or label is None else Columns(path, label, split, len(header))


def _fields(path: Path, line: int, fields: list[str], columns: Columns) -> tuple[str, str, str]:
    """(path, label, part) of a row."""
    if len(fields) != columns.width:
        raise DataError(
            f"{path}, line {line} has {len(fields)} fields, expected {columns.width}: {','.join(fields)[:100]!r}. "
            "A name that contains the delimiter must be in quotes."
        )
    text, label = fields[columns.path], fields[columns.label]
    for what, value in (("path", text), ("label", label)):
        if not value:
            raise DataError(f"{path}, line {line}: the {what} is empty. Fill it in, or remove the row.")
    return text, label, "train" if columns.split is None else fields[columns.split]


def _parts(path: Path, rows: Rows) -> dict[str, str]:
    """train, val or test for each thing that rows call their part."""
    called = parts_called(dict.fromkeys(rows.said))
    for said, line in zip(rows.said, rows.lines, strict=True):
        if said not in called:
            raise DataError(f"{path}, line {line}: the split is {said[:50]!r}, expected {EXPECTED}.")
    return called


def _place(folder: str, text: str) -> str:
    """The file that a path means; a list written on Windows may separate folders by backslashes."""
    place = os.path.join(folder, text) if folder != os.curdir else text
    if "\\" in text and not os.path.exists(place):
        place = os.path.join(folder, text.replace("\\", "/"))
    return str(Path(place)) if _ODD.search(place) else place


def _once(path: Path, rows: Rows) -> tuple[Rows, list[str]]:
    """Each picture once, by its first row; notes on the others. Two labels for one picture are a DataError."""
    names = [os.path.normpath(file.name) if ".." in file.name else file.name for file in rows.files]
    if len(set(names)) == len(names):
        return rows, []
    first: dict[str, int] = {}
    again: list[str] = []
    for place, name in enumerate(names):
        known = first.setdefault(name, place)
        if known == place:
            continue
        file, other, lines = rows.files[known], rows.files[place], (rows.lines[known], rows.lines[place])
        text = other.name.removeprefix(os.path.join(path.parent, ""))
        if file.class_name != other.class_name:
            raise DataError(
                f"{path} gives {text} two labels: {file.class_name!r:.100} in line {lines[0]} and "
                f"{other.class_name!r:.100} in line {lines[1]}. Remove one of the rows."
            )
        said = rows.said[known], rows.said[place]
        parts = "" if said[0] == said[1] else f", as {said[0]} and as {said[1]}"
        again.append(f"{text} (lines {lines[0]} and {lines[1]}{parts})")
    more = f" and {len(again) - NAMED:,} more" if len(again) > NAMED else ""
    note = f"Listed more than once, used once, as in the first of the lines: {', '.join(again[:NAMED])}{more}."
    kept = list(first.values())
    lines_kept = array("I", (rows.lines[place] for place in kept))
    return Rows([rows.files[place] for place in kept], lines_kept, [rows.said[place] for place in kept]), [note]


def _sorted(labels: set[str]) -> list[str]:
    if all(re.fullmatch(r"[+-]?[0-9]{1,18}", label) for label in labels):
        return sorted(labels, key=lambda label: (int(label), label))
    return sorted(labels)
