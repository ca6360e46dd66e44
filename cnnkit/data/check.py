"""What lies in a data folder and what is wrong with it: every file is read, every problem is named."""

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, final

from cnnkit.data.formats import detect
from cnnkit.data.open import open_data, resolve
from cnnkit.data.picture import read_picture
from cnnkit.data.sets.image_folder import find_parts, list_pictures, unreadable
from cnnkit.data.splits import PARTS
from cnnkit.errors import DataError

Row = tuple[str | int, ...]


@final
@dataclass(frozen=True)
class DataReport:
    """What `check` saw.

    found: the format, in a sentence.   parts: the columns after the class name.   rows: (class, images in each part).
    problems: what would stop a training, a sentence each.   notes: what a training would be told.
    """

    found: str
    parts: list[str]
    rows: list[Row]
    problems: list[str]
    notes: list[str]

    @property
    def ok(self) -> bool:
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"ok": self.ok}


def check(
    data: str | Path | None = None, *, image_size: int | tuple[int, int] | None = None, grey: bool | None = None
) -> DataReport:
    """Read all of the data. What cannot be found at all is a DataError; whatever is wrong inside becomes a problem."""
    named, folder = resolve(data)
    kind = "idx" if folder is None else detect(folder)
    if folder is not None and kind == "image folder":
        return _check_pictures(folder, image_size, grey)
    try:
        splits = open_data(data, image_size=image_size, grey=grey)
    except DataError as error:
        return DataReport(f"{folder or named}: {kind} files", [], [], [str(error)], [])
    counts = [Counter(splits.part(part).labels().tolist()) for part in PARTS]
    rows: list[Row] = [(name, *(count[label] for count in counts)) for label, name in enumerate(splits.classes)]
    return DataReport(splits.found, list(PARTS), rows, [], splits.notes)


def _check_pictures(folder: Path, image_size: int | tuple[int, int] | None, grey: bool | None) -> DataReport:
    """Counts of readable pictures as they lie, before any seeded split; every picture is decoded."""
    parts = find_parts(folder) or {"pictures": folder}
    counts: dict[str, Counter[str]] = {}
    classes: dict[str, None] = {}
    problems = []
    for part, place in parts.items():
        files, part_classes = list_pictures(place)
        classes |= dict.fromkeys(part_classes)
        refused = unreadable(files, read_picture)
        problems += [message for _, message in refused]
        bad = {file for file, _ in refused}
        counts[part] = Counter(file.class_name for file in files if file not in bad)
    rows: list[Row] = [(name, *(counts[part][name] for part in parts)) for name in sorted(classes)]
    try:
        splits = open_data(folder, image_size=image_size, grey=grey, on_unreadable="skip")
        notes = [note for note in splits.notes if not note.startswith("Skipped: ")]
        return DataReport(splits.found, list(parts), rows, problems, notes)
    except DataError as error:
        return DataReport(f"{folder}: pictures", list(parts), rows, [*problems, str(error)], [])
