"""The files below folders, in the order of their names, each real folder once."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from cnnkit.data.layout.suffixes import is_picture_name
from cnnkit.errors import DataError

# What systems and file managers leave behind in any folder of pictures, in small letters.
BYSTANDERS = frozenset(
    (
        *("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "folder.htt", "picasa.ini"),  # Windows
        *("$recycle.bin", "recycler", "system volume information"),
        *("icon\r", "__macosx", "network trash folder", "temporary items"),  # macOS
        *("@eadir", "@recycle", "#recycle", "@recently-snapshot", "lost+found"),  # network drives, Linux
    )
)
# Files that say something about the pictures beside them.
ANNOTATIONS = (
    *(".txt", ".xml", ".json", ".jsonl", ".geojson", ".csv", ".tsv", ".yaml", ".yml", ".toml", ".ini", ".cfg"),
    *(".md", ".rst", ".html", ".htm", ".log", ".pdf", ".xlsx", ".xls", ".ods", ".xmp", ".aae", ".npy", ".mat"),
)

Identity = tuple[int, int]
Unlisted = Callable[[Path, DataError], None]


def is_bystander(name: str) -> bool:
    """Whether a file or folder is hidden, or one that a system leaves behind: it is passed over without a word."""
    return name.startswith(".") or name.lower() in BYSTANDERS


def is_annotation(name: str) -> bool:
    """Whether a file is by its name no picture, but says something about pictures."""
    return name.lower().endswith(ANNOTATIONS)


def visible_folders(folder: Path) -> list[Path]:
    """The folders directly in `folder`, sorted by name, hidden ones left out."""
    return [Path(entry.path) for entry in _visible(folder) if _leads_to_folder(entry)]


def visible_files(folder: Path) -> list[Path]:
    """The files directly in `folder`, sorted by name, hidden ones left out."""
    return [Path(entry.path) for entry in _visible(folder) if not _leads_to_folder(entry)]


def loose_pictures(folder: Path) -> int:
    """How many files directly in `folder` are pictures by their names."""
    return sum(1 for entry in _visible(folder) if is_picture_name(entry.name) and not _leads_to_folder(entry))


def walk(roots: list[Path], unlisted: Unlisted | None = None) -> list[list[Path]]:
    """The visible files below each root.

    Links to folders are followed, also out of the root, once all real folders were walked: a folder that lies below a
    root is counted there and nowhere else, and a link to a folder above a root is a circle. So it always ends.

    unlisted: is told of each folder that cannot be listed, which is then passed over; without it such a one is refused.
    """
    seen = {_identity(place) for root in roots for place in (root, *root.resolve().parents)}
    found: list[list[Path]] = []
    links: list[list[str]] = []
    for root in roots:
        links.append([])
        found.append([Path(path) for path in _files(os.fspath(root), seen, links[-1], unlisted)])
    for files, waiting in zip(found, links, strict=True):
        for link in waiting:  # grows while it is read: there may be links behind links
            if (identity := _identity(link)) not in seen:
                seen.add(identity)
                files += [Path(path) for path in _files(link, seen, waiting, unlisted)]
    return found


def _files(root: str, seen: set[Identity], links: list[str], unlisted: Unlisted | None) -> Iterator[str]:
    """The files below one folder; links to folders are put aside. No recursion: trees may be deep."""

    def listed(folder: str) -> Iterator[os.DirEntry[str]]:
        try:
            return iter(_visible(folder))
        except DataError as error:
            if unlisted is None:
                raise
            unlisted(Path(folder), error)
            return iter(())

    stack = [listed(root)]
    while stack:
        for entry in stack[-1]:
            if entry.is_dir(follow_symlinks=False):
                identity = _identity(entry.path)
                if identity not in seen:
                    seen.add(identity)
                    stack.append(listed(entry.path))
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
            shown = [entry for entry in entries if not is_bystander(entry.name)]
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
