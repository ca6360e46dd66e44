"""Open an .npz file of images and labels as training, validation and test parts."""

from pathlib import Path

from cnnkit.data.preprocessing import Preprocessing, statistics
from cnnkit.data.sets.base import ArrayDataset
from cnnkit.data.sets.idx import looks_like_digits
from cnnkit.data.sets.npz import as_numbers, read_parts
from cnnkit.data.splits import DataSplits, split_parts
from cnnkit.errors import DataError

# Labels are numbers, and a single wrong one must not make a network of a billion classes.
MOST_CLASSES = 100_000


def open_npz(path: Path, *, name: str, seed: int, val_fraction: float) -> DataSplits:
    """The parts of an .npz file, normalised by the mean and deviation of its training images."""
    parts, classes, notes = read_parts(path)
    images, labels = parts["train"]
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
    H, W, C = images.shape[1:]
    digits = looks_like_digits(images)
    preprocessing = Preprocessing(H, W, C, *statistics(images), "digit" if digits else "resize")
    if digits:
        notes.append(
            "The images are taken for handwritten digits like MNIST's; pictures for `predict` are prepared like these."
        )
    opened = {}
    for part, (images, labels) in parts.items():
        if images.shape[1:] != preprocessing.shape:
            raise DataError(f"{path}: images of the {part} part are {images.shape[1:]}, those of train {(H, W, C)}.")
        opened[part] = ArrayDataset(
            images,
            as_numbers(path, labels, classes),
            name=name,
            classes=classes,
            preprocessing=preprocessing,
            mirror=not digits,
        )
    return split_parts(
        opened["train"],
        opened.get("val"),
        opened.get("test"),
        found=f"{path}: arrays of numpy, {H}x{W} {'grey' if C == 1 else 'RGB'}",
        notes=notes,
        seed=seed,
        val_fraction=val_fraction,
    )
