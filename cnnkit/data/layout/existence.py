"""Which of very many files are there: each folder is looked into once, instead of each file."""

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence

# From so many files of one folder on, listing it is faster than asking for each.
MANY = 32


def absent(names: Sequence[str]) -> list[int]:
    """The places of those names that are no files (or links to files), in order."""
    by_folder: defaultdict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        by_folder[os.path.dirname(name)].append(place)
    missing: list[int] = []
    for folder, places in by_folder.items():
        missing += places if not os.path.isdir(folder or ".") else _absent_in(folder or ".", places, names)
    return sorted(missing)


def _absent_in(folder: str, places: list[int], names: Sequence[str]) -> Iterable[int]:
    there = _files(folder) if len(places) >= MANY else set()
    # A file system may know a file by another spelling than it lists: case, or the form of accents.
    return [
        place for place in places if os.path.basename(names[place]) not in there and not os.path.isfile(names[place])
    ]


def _files(folder: str) -> set[str]:
    try:
        with os.scandir(folder) as entries:
            return {entry.name for entry in entries if entry.is_file()}
    except OSError:
        return set()
