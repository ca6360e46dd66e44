"""The names of pictures that are brought together into one folder per part and class."""

import os
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import final

from cnnkit.data.layout.listing import PictureFile
from cnnkit.data.layout.walk import is_bystander


@final
@dataclass(frozen=True)
class Place:
    """A file, where it goes below the new folder, and its bytes."""

    source: Path
    name: Path
    size: int


def destinations(parts: dict[str, list[PictureFile]], *, whole: bool = True) -> tuple[dict[PictureFile, Path], int]:
    """Where each picture goes, as part/class/name, and how many names got a number because they were taken.

    Names that differ in case alone count as equal, as on some file systems they are.

    whole: whether names that differ in their endings alone are two; those that a mask is found by are not.
    """
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    names: dict[PictureFile, Path] = {}
    renamed = 0
    for part, files in parts.items():
        for file in files:
            folder, name = f"{part}/{file.class_name}", _visible_name(file.path)
            stem, suffix = os.path.splitext(name)
            wanted = _key(f"{folder}/{name if whole else stem}")
            renamed += wanted in taken
            while (key := _key(f"{folder}/{name if whole else os.path.splitext(name)[0]}")) in taken:
                numbers[wanted] = numbers.get(wanted, 1) + 1
                name = f"{stem}-{numbers[wanted]}{suffix}"
            taken.add(key)
            names[file] = Path(folder, name)
    return names, renamed


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _visible_name(path: Path) -> str:
    """The file's own name; a list may name files that a look into a folder passes over."""
    name = path.name.lstrip(".") or "picture"
    return f"{name}-1" if is_bystander(name) else name
