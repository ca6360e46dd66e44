"""Pictures named in a CSV file of path,label[,split].

The user names the file, and it may name any path, absolute or out of its folder: what lies there is only ever read as
a picture.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

from cnnkit.data.listing import Listing, named
from cnnkit.data.look_alikes import as_known, nearest
from cnnkit.data.part_names import EXPECTED, parts_called
from cnnkit.data.sets.image_folder import PictureFile
from cnnkit.data.table import DELIMITERS, read_rows
from cnnkit.errors import DataError

# What a column may be called, the usual name first.
PATH_NAMES = ("path", "file", "filename", "image", "filepath", "file_name", "image_path", "image_name")
LABEL_NAMES = ("label", "class", "category", "target", "class_name")
SPLIT_NAMES = ("split", "set", "subset", "partition")
# Findings that a note names; of the rest only the number is told.
NAMED = 3


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
class Entry:
    """One row. text: the path as written.   line: where it begins.   said: what it calls its part."""

    line: int
    text: str
    file: PictureFile
    said: str


def list_csv(path: Path, *, refuse: bool = True) -> Listing:
    """The pictures that a CSV file names; paths are relative to its folder.

    Classes are the labels, sorted: as numbers where all are whole numbers, else as text.
    refuse: a class that the train part lacks is a DataError; else it is a class like others.
    """
    try:
        entries = list(_entries(path))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}. Check its permissions.") from error
    if not entries:
        raise DataError(f"{path} names no pictures; expected the header path,label and a row for each picture.")
    called = _parts(path, entries)
    labels = list(dict.fromkeys(entry.file.class_name for entry in entries))
    if len(spelled := as_known(labels, labels)) > len(set(spelled.values())):
        entries = [replace(entry, file=named(entry.file, spelled)) for entry in entries]
    entries, notes = _once(path, entries)
    parts: dict[str, list[PictureFile]] = {}
    for entry in entries:
        parts.setdefault(called[entry.said], []).append(entry.file)
    if "train" not in parts:
        raise DataError(f"{path}: no row is in the train part, only in {' and '.join(parts)}. Correct its splits.")
    known = {file.class_name for file in (parts["train"] if refuse else [entry.file for entry in entries])}
    for entry in entries:
        if entry.file.class_name not in known:
            raise DataError(
                f"{path}, line {entry.line}: the class {entry.file.class_name!r} of the {called[entry.said]} part has "
                "no picture in the train part." + (nearest(entry.file.class_name, known) or " Is the label misspelt?")
            )
    split = set(parts) != {"train"}
    return Listing(
        path,
        "pictures of a CSV file" + (f" in {', '.join(parts)}" if split else ""),
        {part: parts[part] for part in ("train", "val", "test") if part in parts},
        _sorted(known),
        split,
        dict.fromkeys(parts, str(path)),
        [(entry.file, _missing(entry)) for entry in entries if not os.path.isfile(entry.file.path)],
        notes,
    )


def _entries(path: Path) -> Iterator[Entry]:
    delimiter = _delimiter(path)
    rows = read_rows(path, delimiter)
    first = next(rows, None)
    if first is None:
        return
    columns = _columns(first[1])
    if columns is None:
        # Without a header, the first row must name a picture that is there.
        if len(first[1]) not in (2, 3) or not os.path.isfile(_place(path.parent, first[1][0])):
            raise DataError(
                f"{path}, line {first[0]}: expected a header such as path,label or path,label,split, "
                f"but found {delimiter.join(first[1])[:100]!r}. Known names are {', '.join(PATH_NAMES)}; "
                f"{', '.join(LABEL_NAMES)}; {', '.join(SPLIT_NAMES)}."
            )
        columns = Columns(0, 1, 2 if len(first[1]) == 3 else None, len(first[1]))
        yield _entry(path, first, columns)
    for row in rows:
        yield _entry(path, row, columns)


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


def _entry(path: Path, row: tuple[int, list[str]], columns: Columns) -> Entry:
    line, fields = row
    if len(fields) != columns.width:
        raise DataError(
            f"{path}, line {line} has {len(fields)} fields, expected {columns.width}: {','.join(fields)[:100]!r}. "
            "Put quotes around a name that contains the delimiter."
        )
    text, label = fields[columns.path], fields[columns.label]
    for what, value in (("path", text), ("label", label)):
        if not value:
            raise DataError(f"{path}, line {line}: the {what} is empty. Fill it in, or remove the row.")
    said = "train" if columns.split is None else fields[columns.split]
    return Entry(line, text, PictureFile(_place(path.parent, text), label), said)


def _parts(path: Path, entries: list[Entry]) -> dict[str, str]:
    """train, val or test for each thing that rows call their part."""
    first: dict[str, int] = {}
    for entry in entries:
        first.setdefault(entry.said, entry.line)
    called = parts_called(first)
    for said, line in first.items():
        if said not in called:
            raise DataError(f"{path}, line {line}: the split is {said[:50]!r}, expected {EXPECTED}.")
    return called


def _place(folder: Path, text: str) -> Path:
    """The file that a path means; a list written on Windows may separate folders by backslashes."""
    place = folder / text
    if "\\" in text and not os.path.exists(place):
        return folder / text.replace("\\", "/")
    return place


def _once(path: Path, entries: list[Entry]) -> tuple[list[Entry], list[str]]:
    """Each picture once, by its first row; notes on the others. Two labels for one picture are a DataError."""
    first: dict[str, Entry] = {}
    again: list[str] = []
    for entry in entries:
        known = first.setdefault(os.path.normpath(entry.file.path), entry)
        if known is entry:
            continue
        if known.file.class_name != entry.file.class_name:
            raise DataError(
                f"{path} gives {entry.text} two labels: {known.file.class_name!r} in line {known.line} and "
                f"{entry.file.class_name!r} in line {entry.line}. Remove one of the rows."
            )
        parts = "" if known.said == entry.said else f", as {known.said} and as {entry.said}"
        again.append(f"{entry.text} (lines {known.line} and {entry.line}{parts})")
    if not again:
        return entries, []
    more = f" and {len(again) - NAMED:,} more" if len(again) > NAMED else ""
    note = f"Listed more than once, used once, as in the first of the lines: {', '.join(again[:NAMED])}{more}."
    return list(first.values()), [note]


def _sorted(labels: set[str]) -> list[str]:
    if all(re.fullmatch(r"[+-]?[0-9]{1,18}", label) for label in labels):
        return sorted(labels, key=lambda label: (int(label), label))
    return sorted(labels)


def _missing(entry: Entry) -> str:
    what = "is a folder" if os.path.isdir(entry.file.path) else "does not exist"
    return f"Line {entry.line}: {entry.file.path} {what}."
