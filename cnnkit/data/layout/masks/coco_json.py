"""One JSON file of COCO's form, bounded before it is read: pictures, categories and what is annotated."""

import json
import math
import sys
from codecs import BOM_UTF8
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn, final

from cnnkit.config import available_memory
from cnnkit.errors import DataError, ResourceError
from cnnkit.serialize.files import open_plain, read_whole

# Bytes of a file, a little more than the largest that was published; and what Python takes for each when it is read.
LARGEST, TIMES = 1 << 29, 8
# Pixels from a picture's corner that an outline may reach to.
FURTHEST = 1e6


@final
@dataclass(frozen=True)
class CocoJson:
    """names: picture's id -> its file name.   sizes: picture's id -> (height, width).

    categories: id -> name, by rising ids.   annotations: as the file has them.
    """

    path: Path
    names: dict[int, str]
    sizes: dict[int, tuple[int, int]]
    categories: dict[int, str]
    annotations: list[Any]


def read_json(path: Path) -> CocoJson:
    """What a file holds.

    Raises:
        DataError: the file is no such JSON, or contradicts itself; the message names the entry.
        ResourceError: it would take more memory than is free.
    """
    content = _content(path)
    categories = _categories(path, content["categories"])
    names: dict[int, str] = {}
    sizes: dict[int, tuple[int, int]] = {}
    for entry in content["images"]:
        key, name = field(path, "image", entry, "id", int), field(path, "image", entry, "file_name", str)
        size = field(path, "image", entry, "height", int), field(path, "image", entry, "width", int)
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\0" in name or min(size) < 1:
            raise wrong(path, "image", entry, "a file_name within the folder, and a height and width above 0")
        if key in names:
            raise wrong(path, "image", entry, "an id of its own")
        names[key], sizes[key] = name, size
    return CocoJson(path, names, sizes, categories, content["annotations"])


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
    return head.removeprefix(BOM_UTF8).lstrip()[:1] == b"{" and any(field in head or field in tail for field in fields)


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


def _categories(path: Path, categories: list[Any]) -> dict[int, str]:
    """Id -> name, by rising ids."""
    named: dict[int, str] = {}
    for entry in categories:
        key, name = field(path, "category", entry, "id", int), field(path, "category", entry, "name", str).strip()
        if key in named or not name:
            raise wrong(path, "category", entry, "an id of its own and a name")
        named[key] = sys.intern(name)
    names = list(named.values())
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"{path} has two categories called {twice!r:.100}. Give each a name of its own.")
    return dict(sorted(named.items()))


def field(path: Path, what: str, entry: Any, name: str, kind: Callable[..., Any]) -> Any:
    """One field of an entry, of its kind.   what: the entry is, for a message."""
    value = entry.get(name) if isinstance(entry, dict) else None
    if type(value) is not kind:
        raise wrong(path, what, entry, f"{name}, {'a whole number' if kind is int else 'a text'}")
    return value


def wrong(path: Path, what: str, entry: object, wanted: str) -> DataError:
    """The error for an entry that lacks what is wanted."""
    shown = (
        {name: entry[name] for name in ("id", "file_name", "name", "image_id", "category_id") if name in entry}
        if isinstance(entry, dict)
        else entry
    )
    return DataError(f"{path}: the {what} {shown!r:.120} lacks {wanted}. Correct it, or leave it out.")


def is_number(value: Any) -> bool:
    """Whether it can be a place or an area in a picture."""
    return type(value) in (int, float) and abs(value) <= FURTHEST * FURTHEST and math.isfinite(value)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")
