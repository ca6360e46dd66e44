"""Open an .npz file of images and labels, or masks, as training, validation and test parts."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from cnnkit.data.layout.label_numbers import first_label, note_on_first
from cnnkit.data.layout.look_alikes import as_known, same
from cnnkit.data.layout.masks.ignore import Ignore
from cnnkit.data.open.masks.npz import npz_masks
from cnnkit.data.open.splits import DataSplits, split_parts
from cnnkit.data.sets.arrays import array_parts
from cnnkit.data.sets.base import ArrayDataset, Dataset
from cnnkit.data.sets.npz import Part, as_numbers, read_parts
from cnnkit.errors import DataError
from cnnkit.kernels.shared.array import Host

# Labels are numbers, and a single wrong one must not make a network of a billion classes.
MOST_CLASSES = 100_000


def open_npz(
    path: Path,
    *,
    name: str,
    seed: int,
    val_fraction: float,
    learn: bool = True,
    window: tuple[int, int] | None = None,
    ignore: Ignore | None = None,
    network: Sequence[str] = (),
) -> DataSplits:
    """The parts of an .npz file, normalised by the mean and deviation of its training images.

    window, ignore, network: of images with masks, as `npz_masks` takes them.
    """
    parts, classes, notes = read_parts(path)
    opened: Mapping[str, Dataset]
    masks = any(part.has_masks for part in parts.values())
    if masks:
        _check_names(path, classes)
        opened = npz_masks(
            path,
            parts,
            classes,
            name=name,
            notes=notes,
            window=window,
            ignore=ignore or Ignore(),
            learn=learn,
            network=network,
        )
    else:
        opened = _labelled(path, parts, classes, name, notes)
    H, W, C = opened["train"][0].image.shape
    return split_parts(
        opened["train"],
        opened.get("val"),
        opened.get("test"),
        found=f"{path}: arrays of numpy, {H}x{W} {'grey' if C == 1 else 'RGB'}{' with masks' if masks else ''}",
        notes=notes,
        seed=seed,
        val_fraction=val_fraction,
        learn=learn,
    )


def _labelled(
    path: Path, parts: Mapping[str, Part], classes: list[str] | None, name: str, notes: list[str]
) -> dict[str, ArrayDataset]:
    """Part -> images that have a class each; what was decided is added to `notes`."""
    labels = {key: part.labels for key, part in parts.items()}
    numbers = {key: part for key, part in labels.items() if part.dtype != object}
    first = first_label(numbers, None if classes is None else len(classes)) if "train" in numbers else 0
    if classes is None and "train" in numbers:
        highest = int(numbers["train"].max())
        classes = _number_classes(path, first, highest)
        notes += note_on_first(first, highest)
    elif classes is None:
        classes = _text_classes(labels["train"])
        # Classes in text are sorted as text, "10" before "2": numbers of another part are names too, not places.
        labels |= {key: part.astype(str).astype(object) for key, part in numbers.items()}
    _check_names(path, classes)
    numbered = {key: (part.images, as_numbers(path, labels[key], classes, first)) for key, part in parts.items()}
    called = {key: part.name for key, part in parts.items()}
    return array_parts(numbered, name=name, classes=classes, notes=notes, called=called, where=f"{path}: ")


def _check_names(path: Path, classes: list[str] | None) -> None:
    if classes is not None and (different := len(set(map(same, classes)))) != len(classes):
        raise DataError(
            f"{path} names {len(classes)} classes, but only {different} of the names differ. Correct the names."
        )


def _text_classes(labels: Host) -> list[str]:
    """The different labels, sorted; one spelling of each."""
    texts = sorted({str(label) for label in labels.tolist()})
    return list(dict.fromkeys(as_known(texts, texts).values()))


def _number_classes(path: Path, first: int, highest: int) -> list[str]:
    if highest >= MOST_CLASSES:
        raise DataError(f"{path} has the label {highest}, expected numbers from 0 to {MOST_CLASSES - 1}.")
    return [str(label) for label in range(first, highest + 1)]
