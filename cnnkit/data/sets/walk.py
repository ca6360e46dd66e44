"""The files below folders, in the order of their names, each real folder once."""

import os
from collections.abc import Iterator
from pathlib import Path

from cnnkit.errors import DataError

# What file managers leave behind in any folder of pictures, and what a Mac packs beside it.
BYSTANDERS = ("Thumbs.db", "desktop.ini", "__MACOSX")
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".ppm", ".pgm")

Identity = tuple[int, int]


def visible_folders(folder: Path) -> list[Path]:
    """The folders directly in `folder`, sorted by name, hidden ones left out."""
    return [Path(entry.path) for entry in _visible(folder) if _leads_to_folder(entry)]


def visible_files(folder: Path) -> list[Path]:
    """The files directly in `folder`, sorted by name, hidden ones left out."""
    return [Path(entry.path) for entry in _visible(folder) if not _leads_to_folder(entry)]


def loose_pictures(folder: Path) -> int:
    """How many files directly in `folder` are pictures by their names."""
    return sum(1 for entry in _visible(folder) if entry.name.lower().endswith(SUFFIXES) and not _leads_to_folder(entry))


def walk(roots: list[Path]) -> list[list[Path]]:
    """The visible files below each root.

    Links to folders are followed, also out of the root, once all real folders were walked: a folder that lies below a
    root is counted there and nowhere else, and a link to a folder above a root is a circle. So it always ends.
    """
    seen = {_identity(place) for root in roots for place in (root, *root.resolve().parents)}
    found: list[list[Path]] = []
    links: list[list[str]] = []
    for root in roots:
        links.append([])
        found.append([Path(path) for path in _files(os.fspath(root), seen, links[-1])])
    for files, waiting in zip(found, links, strict=True):
        for link in waiting:  # grows while it is read: there may be links behind links
            if (identity := _identity(link)) not in seen:
                seen.add(identity)
                files += [Path(path) for path in _files(link, seen, waiting)]
    return found


def _files(root: str, seen: set[Identity], links: list[str]) -> Iterator[str]:
    """The files below one folder; links to folders are put aside. No recursion: trees may be deep."""
    stack = [iter(_visible(root))]
    while stack:
        for entry in stack[-1]:
            if entry.is_dir(follow_symlinks=False):
                identity = _identity(entry.path)
                if identity not in seen:
                    seen.add(identity)
                    stack.append(iter(_visible(entry.path)))
                    break
            elif entry.is_symlink() and _leads_to_folder(entry):
                links.append(entry.path)
            else:
                yield entry.path
        else:
            stack.pop()


def _visible(folder: str | Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            shown = [entry for entry in entries if not entry.name.startswith(".") and entry.name not in BYSTANDERS]
    except OSError as error:
        raise DataError(f"{folder} cannot be listed: {error.strerror}. Check its permissions.") from error
    return sorted(shown, key=lambda entry: entry.name)


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder or a link to one; a link to itself leads nowhere."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _identity(folder: str | Path) -> Identity:
    status = os.stat(folder)
    return status.st_dev, status.st_ino
