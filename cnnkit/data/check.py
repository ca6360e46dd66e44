"""What is wrong with a data folder: every file is read, every problem is named."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import final

from cnnkit.data.formats import detect
from cnnkit.data.open import open_data, resolve
from cnnkit.data.picture import read_picture
from cnnkit.data.sets.image_folder import find_parts, list_pictures, unreadable
from cnnkit.data.splits import PARTS
from cnnkit.errors import DataError


@final
@dataclass(frozen=True)
class CountRow:
    """How many images of one class lie in one part."""

    part: str
    class_name: str
    count: int


@final
@dataclass(frozen=True)
class Problem:
    """A file, or the whole folder, and what is wrong with it."""

    path: Path
    message: str


@final
@dataclass(frozen=True)
class DataReport:
    """What `check` saw. found: the format, in a sentence.   notes: what a training would be told."""

    data: str
    found: str
    rows: list[CountRow]
    problems: list[Problem]
    notes: list[str]

    @property
    def ok(self) -> bool:
        """Whether training on these data would start."""
        return not self.problems


def check(data: str | Path | None = None) -> DataReport:
    """Read all of the data. What cannot be found at all is a DataError; whatever is wrong inside becomes a problem."""
    name, folder = resolve(data)
    if folder is not None and detect(folder) == "image folder":
        return _check_pictures(name, folder)
    try:
        splits = open_data(data)
    except DataError as error:
        return DataReport(name, "idx files", [], [Problem(folder or Path(name), str(error))], [])
    rows = []
    for part in PARTS:
        counts = Counter(splits.part(part).labels().tolist())
        rows += [CountRow(part, class_name, counts[label]) for label, class_name in enumerate(splits.classes)]
    return DataReport(name, splits.found, rows, [], splits.notes)


def _check_pictures(name: str, folder: Path) -> DataReport:
    """Counts of what lies there, before any seeded split; every picture is decoded."""
    parts = find_parts(folder)
    rows, problems = [], []
    for part, place in (parts or {"all": folder}).items():
        files, classes = list_pictures(place)
        refused = unreadable(files, read_picture)
        problems += [Problem(file.path, message) for file, message in refused]
        bad = {file.path for file, _ in refused}
        counts = Counter(file.class_name for file in files if file.path not in bad)
        rows += [CountRow(part, class_name, counts[class_name]) for class_name in classes]
    found, notes = f"{folder}: a folder of pictures", []
    try:
        splits = open_data(folder, on_unreadable="skip")
        found, notes = splits.found, [note for note in splits.notes if not note.startswith("Skipped: ")]
    except DataError as error:
        problems.append(Problem(folder, str(error)))
    return DataReport(name, found, rows, problems, notes)
