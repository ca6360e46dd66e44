"""Open an .npz file of images and labels as training, validation and test parts."""

from pathlib import Path

from cnnkit.data.sets.arrays import array_parts
from cnnkit.data.sets.npz import as_numbers, read_parts
from cnnkit.data.splits import DataSplits, split_parts
from cnnkit.errors import DataError

# Labels are numbers, and a single wrong one must not make a network of a billion classes.
MOST_CLASSES = 100_000


def open_npz(path: Path, *, name: str, seed: int, val_fraction: float) -> DataSplits:
    """The parts of an .npz file, normalised by the mean and deviation of its training images."""
    parts, classes, notes = read_parts(path)
    labels = parts["train"].labels
    if classes is None and labels.dtype == object:
        classes = sorted(set(labels))
    elif classes is None:
        highest = int(labels.max())
        if highest >= MOST_CLASSES:
            raise DataError(f"{path} has the label {highest}, expected numbers from 0 to {MOST_CLASSES - 1}.")
        classes = [str(label) for label in range(highest + 1)]
    if len(set(classes)) != len(classes):
        raise DataError(
            f"{path} names {len(classes)} classes, but only {len(set(classes))} of the names differ. Correct the names."
        )
    numbered = {key: (part.images, as_numbers(path, part.labels, classes)) for key, part in parts.items()}
    called = {key: part.name for key, part in parts.items()}
    opened = array_parts(numbered, name=name, classes=classes, notes=notes, called=called, where=f"{path}: ")
    H, W, C = opened["train"].preprocessing.shape
    return split_parts(
        opened["train"],
        opened.get("val"),
        opened.get("test"),
        found=f"{path}: arrays of numpy, {H}x{W} {'grey' if C == 1 else 'RGB'}",
        notes=notes,
        seed=seed,
        val_fraction=val_fraction,
    )
