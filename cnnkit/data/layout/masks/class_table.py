"""The classes of masks in a file beside them: a name a line, perhaps with its colour or its value."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import final

from cnnkit.data.layout.look_alikes import same
from cnnkit.data.layout.name_list import read_names
from cnnkit.errors import DataError

# What the file is called, the first that is there counts.
FILES = (
    *("classes.txt", "class_names.txt", "labels.txt", "class_dict.csv", "classes.csv", "_classes.csv"),
    *("label_colors.txt", "labelmap.txt", "label_map.txt", "colormap.txt"),
)
# Names of no class, but of pixels that nothing is said of.
VOID_NAMES = ("void", "unlabelled", "unlabeled", "ignore", "ignored", "__ignore__")
# Of a name, and of lines: the values that a byte has.
LONGEST_NAME, VALUES = 300, 256
_NUMBER = r"\d{1,3}"
_RGB = rf"(?P<red>{_NUMBER})[\s,;]+(?P<green>{_NUMBER})[\s,;]+(?P<blue>{_NUMBER})"
# "64 128 64 Animal"; "Animal,64,128,64", "road:128,64,128::"; "11,road", "11: road"; "road,11".
_COLOUR_FIRST = re.compile(rf"{_RGB}[\s,;:]+(?P<name>\S.*)")
_COLOUR_LAST = re.compile(rf"(?P<name>.*\S)\s*[\s,;:]\s*{_RGB}\s*(?:::?.*)?")
_VALUE_FIRST = re.compile(rf"(?P<value>{_NUMBER})\s*[,;:\t]\s*(?P<name>\S.*)")
_HEADER = re.compile(r"(?:name|class|label|pixel value)\s*,.*|#.*", re.IGNORECASE)


@final
@dataclass(frozen=True)
class ClassRow:
    """value: the number in masks that means the class.   colour: its red, green and blue, where the file says it."""

    name: str
    value: int
    colour: tuple[int, int, int] | None = None

    @property
    def void(self) -> bool:
        """Whether the name says that it is no class."""
        return self.name.lower() in VOID_NAMES


def find_class_table(folders: Iterable[Path]) -> tuple[Path, list[ClassRow]] | None:
    """The first file of classes in some folders, and what it says."""
    for folder in folders:
        for name in FILES:
            if (path := folder / name).is_file():
                return path, read_class_table(path)
    return None


def read_class_table(path: Path) -> list[ClassRow]:
    """The rows of a file of classes. Without values of their own they count from 0.

    Raises:
        DataError: a name, a value or a colour stands there twice, a colour goes beyond 255, or there is no row.
    """
    # Cut, so that patterns are looked for in bounded time.
    lines = [re.sub(" +", " ", line[: 2 * LONGEST_NAME]) for line in read_names(path)]
    lines = [line for line in lines if not _HEADER.fullmatch(line)]
    # A first name that tells where nothing is labelled has no number: tools write such pixels as 255.
    if lines and lines[0] == "__ignore__":
        lines = lines[1:]
    valued = bool(lines) and all(_VALUE_FIRST.fullmatch(line) and not _COLOUR_FIRST.fullmatch(line) for line in lines)
    rows = [_row(path, place, line, valued) for place, line in enumerate(lines)]
    if not rows:
        raise DataError(f"{path} names no classes. Expected a name a line, or name,red,green,blue.")
    if long := next((row for row in rows if len(row.name) > LONGEST_NAME), None):
        raise DataError(f"{path} has a name of {len(long.name):,} characters. Is it a list of classes, one a line?")
    if len(rows) > VALUES:
        raise DataError(f"{path} has {len(rows):,} lines, but a mask knows at most {VALUES} values. Is it such a list?")
    coloured = sum(row.colour is not None for row in rows)
    if coloured not in (0, len(rows)):
        raise DataError(f"{path} gives {coloured} of {len(rows)} classes a colour. Give all of them one, or none.")
    for what, values in (
        ("name", [same(row.name) for row in rows]),
        ("value", [row.value for row in rows]),
        ("colour", [row.colour for row in rows if row.colour is not None]),
    ):
        twice = [value for place, value in enumerate(values) if value in values[:place]]
        if twice:
            raise DataError(f"{path} has the {what} {twice[0]!s:.100} twice. Each class has its own.")
    return rows


def _row(path: Path, place: int, line: str, valued: bool) -> ClassRow:
    if valued and (match := _VALUE_FIRST.fullmatch(line)):
        return ClassRow(_name(match["name"]), _byte(path, line, match["value"]))
    if match := _COLOUR_FIRST.fullmatch(line) or _COLOUR_LAST.fullmatch(line):
        red, green, blue = (_byte(path, line, match[colour]) for colour in ("red", "green", "blue"))
        return ClassRow(_name(match["name"]), place, (red, green, blue))
    return ClassRow(_name(line), place)


def _name(text: str) -> str:
    return text.strip().strip("\"',;:").strip()


def _byte(path: Path, line: str, number: str) -> int:
    if int(number) > 255:
        raise DataError(f"{path}: {line!r:.100} has the number {number}, expected 0 to 255.")
    return int(number)
