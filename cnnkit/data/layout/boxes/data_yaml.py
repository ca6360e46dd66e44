"""The file data.yaml beside YOLO's annotations: where the pictures are, and the names of the classes.

Only the few forms that such files have are read, of the few fields that are needed: a word or a list behind a name, a
list of lines that begin with a hyphen, or of numbered lines. Whatever else the file holds is passed over, so nothing in
it is ever run, fetched or expanded.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from cnnkit.errors import DataError
from cnnkit.serialize.files import read_whole

LARGEST = 1 << 20
FIELDS = ("path", "train", "val", "test", "nc", "names")
_FIELD = re.compile(r"([A-Za-z_][\w-]*)\s*:(?:\s+(.*))?$")
_NUMBERED = re.compile(r"['\"]?(\d{1,6})['\"]?\s*:\s*(.*)$")
# One of a list within brackets: with a number before it or without, in quotes or without.
_ITEM = re.compile(r"""\s*((?:\d+\s*:\s*)?(?:'(?:[^']|'')*'|"[^"]*"|[^,]*?))\s*(?:,|$)""")
_OPENED = {"[": "]", "{": "}"}


@final
@dataclass(frozen=True)
class DataYaml:
    """places: train, val, test -> folders, or lists, of pictures, as the file names them.   root: what they lie below.

    names: of the classes, by number; () where the file has none.
    """

    root: str
    places: dict[str, tuple[str, ...]]
    names: tuple[str, ...]


def read_data_yaml(path: Path) -> DataYaml:
    """DataError where the file cannot be read, or says one of these fields in a form that is not known."""
    found: dict[str, list[str]] = {}
    for name, value, block in _fields(path):
        if name in FIELDS:
            found[name] = _values(path, name, value, block)
    names, counted = found.get("names", []), found.get("nc", [])
    if counted and not (len(counted) == 1 and counted[0].isdigit()):
        raise DataError(f"{path}: nc is {counted[0][:40]!r}, expected the number of classes. Correct it.")
    if names and counted and int(counted[0]) != len(names):
        raise DataError(f"{path}: nc is {counted[0]}, but {len(names):,} classes have names. Correct one of them.")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"{path} names two classes {twice[:60]!r}. Give each a name of its own.")
    places = {part: tuple(found[part]) for part in ("train", "val", "test") if found.get(part)}
    return DataYaml("".join(found.get("path", [])), places, tuple(names))


def _fields(path: Path) -> list[tuple[str, str, list[str]]]:
    """(name, what stands behind it, the lines below it that are indented or begin with a hyphen)."""
    try:
        text = read_whole(path, LARGEST).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"{path} cannot be read: {why}. Expected train, val and names of a data set.") from error
    found: list[tuple[str, str, list[str]]] = []
    for line in text.splitlines():
        line = _without_comment(line).rstrip()
        field = _FIELD.match(line)
        if field:
            found.append((field[1], (field[2] or "").strip(), []))
        elif found and line.strip():
            found[-1][2].append(line.strip())
    return found


def _values(path: Path, name: str, value: str, block: Sequence[str]) -> list[str]:
    """One word, or a list of them."""
    if value[:1] in _OPENED:
        whole = " ".join([value, *block])
        if not whole.endswith(_OPENED[value[0]]):
            raise DataError(f"{path}: the list behind {name} has no end. Close it with {_OPENED[value[0]]}.")
        items = _apart(whole[1:-1])
        return items if value[0] == "[" else _numbered(path, name, items)
    if value in ("", "|", ">"):
        if all(line.startswith("-") for line in block):
            return [_plain(line[1:]) for line in block]
        return _numbered(path, name, block)
    return [] if value in ("~", "null") else [_plain(value)]


def _numbered(path: Path, name: str, lines: Sequence[str]) -> list[str]:
    """The names behind the numbers 0, 1, 2, and so on."""
    found: dict[int, str] = {}
    for line in lines:
        numbered = _NUMBERED.match(line.strip())
        if numbered is None:
            raise DataError(f"{path}: {name} has {line[:60]!r}, expected a number and a name, such as 0: person.")
        found[int(numbered[1])] = _plain(numbered[2])
    if sorted(found) != list(range(len(found))):
        raise DataError(f"{path}: {name} does not count from 0 without gaps. Number all classes.")
    return [found[number] for number in range(len(found))]


def _apart(text: str) -> list[str]:
    """What commas divide; those within quotes do not."""
    items = [item[1] for item in _ITEM.finditer(text) if item[1]]
    return [item if item[0].isdigit() and ":" in item else _plain(item) for item in items]


def _plain(text: str) -> str:
    """A word without its quotes."""
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] == '"' else text


def _without_comment(line: str) -> str:
    """A line up to a # that is no part of a word or a quoted text."""
    quote = before = ""
    for place, letter in enumerate(line):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"" and before in ("", *" \t[{,:"):
            quote = letter
        elif letter == "#" and (not before or before.isspace()):
            return line[:place]
        before = letter
    return line
