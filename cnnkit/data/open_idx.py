"""Open a folder of idx files as training, validation and test parts."""

from pathlib import Path

from cnnkit.data.sets.arrays import array_parts
from cnnkit.data.sets.idx import check_labels, find_idx_files, read_idx_part
from cnnkit.data.splits import PARTS, DataSplits, split_parts
from cnnkit.errors import DataError
from cnnkit.serialize.files import read_whole

# Bytes of a list of class names.
LARGEST_LIST = 2**20


def open_idx(folder: Path, *, name: str, seed: int, val_fraction: float) -> DataSplits:
    """The parts of an idx folder; class names from `classes.txt` beside the files, one a line, else the numbers."""
    files = find_idx_files(folder)
    parts = {part: read_idx_part(files, part) for part in PARTS if any(named == part for named, _ in files)}
    if "train" not in parts or not len(parts["train"][1]):
        raise DataError(f"{folder}: the training part holds no images.")
    highest = int(parts["train"][1].max())
    classes = class_names(next(iter(files.values())).parent) or [str(label) for label in range(highest + 1)]
    for part, (_, labels) in parts.items():
        check_labels(labels, classes, f"{name}, {part} part")
    notes: list[str] = []
    called = {part: files[part, "images"].name for part in parts}
    opened = array_parts(parts, name=name, classes=classes, notes=notes, called=called, where=f"{folder}: ")
    H, W, _ = opened["train"].preprocessing.shape
    return split_parts(
        opened["train"],
        None,
        opened.get("test"),
        found=f"{folder}: idx files, {H}x{W} grey",
        notes=notes,
        seed=seed,
        val_fraction=val_fraction,
    )


def class_names(folder: Path) -> list[str]:
    """The lines of `classes.txt`, [] where there is none."""
    path = folder / "classes.txt"
    if not path.is_file():
        return []
    try:
        names = read_whole(path, LARGEST_LIST).decode("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"{path} cannot be read: {why}. Expected one class name per line.") from error
    return [name.strip() for name in names if name.strip()]
