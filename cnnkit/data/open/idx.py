"""Open a folder of idx files as training, validation and test parts."""

from pathlib import Path

from cnnkit.data.layout.label_numbers import first_label, note_on_first
from cnnkit.data.open.splits import PARTS, DataSplits, split_parts
from cnnkit.data.sets.arrays import array_parts
from cnnkit.data.sets.idx import check_labels, read_idx_part
from cnnkit.data.sets.idx_files import class_names, find_idx_files, prefix_of
from cnnkit.errors import DataError


def open_idx(folder: Path, *, name: str, seed: int, val_fraction: float, learn: bool = True) -> DataSplits:
    """The parts of an idx folder; classes as `class_names` has them, else the numbers."""
    files = find_idx_files(folder)
    parts = {part: read_idx_part(files, part) for part in PARTS if any(named == part for named, _ in files)}
    if "train" not in parts or not len(parts["train"][1]):
        raise DataError(f"{folder}: the training part holds no images.")
    notes: list[str] = []
    classes, first = class_names(files["train", "images"])
    first = first or first_label({part: labels for part, (_, labels) in parts.items()}, len(classes) or None)
    highest = int(parts["train"][1].max())
    notes += note_on_first(first, highest) if not classes else []
    classes = classes or [str(label) for label in range(first, highest + 1)]
    upright = _on_the_side(files["train", "images"])
    if upright:
        notes.append("EMNIST's files hold their images with rows and columns swapped: they are turned upright.")
    for part, (images, labels) in parts.items():
        check_labels(labels - first, classes, f"{name}, {part} part")
        parts[part] = images.transpose(0, 2, 1, 3) if upright else images, labels - first
    called = {part: files[part, "images"].name for part in parts}
    opened = array_parts(parts, name=name, classes=classes, notes=notes, called=called, where=f"{folder}: ")
    H, W, _ = opened["train"].preprocessing.shape
    return split_parts(
        opened["train"],
        opened.get("val"),
        opened.get("test"),
        found=f"{folder}: idx files, {H}x{W} grey",
        notes=notes,
        seed=seed,
        val_fraction=val_fraction,
        learn=learn,
    )


def _on_the_side(images: Path) -> bool:
    """Whether the file is by its name one of EMNIST, which keeps the columns of an image where others keep its rows."""
    return "emnist" in prefix_of(images).lower()
