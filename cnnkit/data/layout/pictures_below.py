"""The pictures below a folder, whatever it is: what `predict` answers for a folder."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from cnnkit.data.layout.suffixes import is_picture_name
from cnnkit.data.layout.walk import is_annotation, walk
from cnnkit.data.picture.header import header
from cnnkit.errors import DataError

# Endings that a note names.
NAMED = 6


@final
@dataclass(frozen=True)
class Below:
    """pictures: in the order of their names.   others: the other files.   refused: folders that cannot be listed."""

    pictures: list[Path]
    others: list[Path]
    refused: list[tuple[Path, str]]


def pictures_below(folder: Path) -> Below:
    """Files that are pictures by their names, and those of any other name that are pictures inside."""
    refused: list[tuple[Path, str]] = []

    def unlisted(place: Path, error: DataError) -> None:
        refused.append((place, str(error)))

    pictures: list[Path] = []
    others: list[Path] = []
    for path in walk([folder], unlisted)[0]:
        (pictures if _is_picture(path) else others).append(path)
    return Below(pictures, others, refused)


def not_read(others: Sequence[Path]) -> str:
    """A sentence on the files that were left out; "" where there are none."""
    if not others:
        return ""
    endings = [ending or "no ending" for ending, _ in Counter(path.suffix.lower() for path in others).most_common()]
    shown = ", ".join(endings[:NAMED]) + (", …" if len(endings) > NAMED else "")
    files = "1 file of another kind" if len(others) == 1 else f"{len(others):,} files of other kinds"
    return f"Not read: {files} ({shown}), such as {others[0]}."


def _is_picture(path: Path) -> bool:
    return is_picture_name(path.name) or (not is_annotation(path.name) and header(path) is not None)
