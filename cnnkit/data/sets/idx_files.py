"""Where the idx files of a data set are, which part each is, and what its classes are called."""

import re
from pathlib import Path

from cnnkit.data.layout.name_list import read_names
from cnnkit.data.layout.part_names import parts_called
from cnnkit.errors import DataError

# "emnist-letters-train-images-idx3-ubyte.gz": a prefix, a part, a kind.
NAME = re.compile(
    r"(?:(.+)[-_.])?(t10k|[a-z]+)[-_.](images|labels)(?:[-_.]idx[13])?(?:[-_.]ubyte)?(?:\.gz)?", re.IGNORECASE
)
# Below the folder that is named: as archives unpack, and as torchvision keeps them.
BELOW = ("", "raw", "gzip", "MNIST/raw", "FashionMNIST/raw", "KMNIST/raw", "EMNIST/raw", "EMNIST/raw/gzip")

Files = dict[tuple[str, str], Path]


def find_idx_files(place: Path) -> Files:
    """(part, kind) -> file, for part train | val | test, kind images | labels. A plain file overrules its .gz twin.

    place: a folder, or a folder and the prefix that the names of one data set in it have: gzip/emnist-letters.

    Raises:
        DataError: the folder holds the files of several data sets.
    """
    if place.is_dir():
        several: dict[Path, Files] = {}
        for folder in (place / below for below in BELOW):
            several |= {folder / prefix if prefix else folder: files for prefix, files in _sets(folder).items()}
        if len(several) > 1:
            raise DataError(
                f"{place} holds the idx files of {len(several)} data sets: {', '.join(path.name for path in several)}. "
                f"Name one of them: --data {next(iter(several))}"
            )
        return next(iter(several.values()), {})
    return _sets(place.parent).get(place.name, {}) if place.parent.is_dir() and not place.exists() else {}


def prefix_of(path: Path) -> str:
    """What the names of all files of a data set begin with, such as "emnist-letters"."""
    match = NAME.fullmatch(path.name)
    return (match[1] or "") if match else ""


def class_names(images: Path) -> tuple[list[str], int]:
    """(names, label of the first) from `classes.txt` beside the file, one a line, or the mapping that EMNIST brings.

    A line of EMNIST's mapping is a label and the code of its character, perhaps followed by that of the small letter.
    ([], 0) where there is neither.
    """
    mapping = images.with_name(f"{prefix_of(images)}-mapping.txt")
    if (lines := _lines(images.with_name("classes.txt"))) or not prefix_of(images):
        return lines, 0
    rows = [line.split() for line in _lines(mapping)]
    if not rows:
        return [], 0
    try:
        named = {int(row[0]): chr(int(row[1])) for row in rows}
    except (ValueError, IndexError, OverflowError) as error:
        raise DataError(f"{mapping} is no mapping of EMNIST, whose lines hold a label and a code: 1 65.") from error
    first = min(named)
    if sorted(named) != list(range(first, first + len(named))):
        raise DataError(f"{mapping} names the labels {', '.join(map(str, sorted(named)[:6]))}, …: expected no gaps.")
    return [named[label] for label in sorted(named)], first


def _sets(folder: Path) -> dict[str, Files]:
    """Prefix -> files of the data set whose names begin with it."""
    if not folder.is_dir():
        return {}
    matches = []
    for path in sorted(folder.iterdir(), key=lambda path: (path.suffix == ".gz", path.name)):
        if (match := NAME.fullmatch(path.name)) and path.is_file():
            matches.append((path, match[1] or "", match[2].lower(), match[3].lower()))
    called = parts_called({said for _, _, said, _ in matches}) | {"t10k": "test"}
    found: dict[str, Files] = {}
    for path, prefix, said, kind in matches:
        if part := called.get(said):
            found.setdefault(prefix, {}).setdefault((part, kind), path)
    return found


def _lines(path: Path) -> list[str]:
    """The lines of a list that are not empty; [] where there is no such file."""
    return read_names(path) if path.is_file() else []
