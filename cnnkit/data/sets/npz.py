"""Images and labels in an .npz file of numpy, under the names that Keras, MedMNIST and plain habit give them.

x_train, y_train, x_test, y_test (Keras); train_images, train_labels, val_images, ... (MedMNIST); images, labels and
perhaps split; classes, if there are names. Nothing pickled is opened.
"""

from pathlib import Path

import numpy as np

from cnnkit.data.preprocessing import LARGEST_SIDE
from cnnkit.data.sample import Labels, Pixels
from cnnkit.data.sets.image_folder import PARTS
from cnnkit.errors import CheckpointError, DataError
from cnnkit.kernels.shared.array import Array
from cnnkit.serialize.npz import read_npz

IMAGE_NAMES = ("x", "images", "image", "data")
LABEL_NAMES = ("y", "labels", "label", "targets")
CLASS_NAMES = ("classes", "class_names", "label_names")
SPLIT_NAMES = ("split", "splits")
EXPECTED = "x_train and y_train (Keras), train_images and train_labels (MedMNIST), or images and labels"
# More is refused before the file is read; unpacked, the reader of .npz files has limits of its own.
LARGEST_FILE = 4 << 30

Part = tuple[Pixels, Array]


def read_parts(path: Path) -> tuple[dict[str, Part], list[str] | None, list[str]]:
    """(train | val | test -> images and labels as they are, names of the classes if any, notes).

    Images are uint8 (n, H, W, C), labels (n,): whole numbers or text.
    """
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise DataError(f"{path} has {size:,} bytes, more than the {LARGEST_FILE:,} that are read. Cut it in parts.")
    try:
        arrays = read_npz(path, text=True)
    except CheckpointError as error:
        # The same reader takes weights; here the file is data.
        raise DataError(str(error)) from error
    found = _pairs(path, arrays)
    notes: list[str] = []
    parts = {}
    for part, (x_name, y_name) in found.items():
        images = _images(path, x_name, arrays[x_name], notes)
        labels = _labels(path, y_name, arrays[y_name])
        if len(images) != len(labels):
            raise DataError(f"{path}: {x_name} holds {len(images):,} images, but {y_name} {len(labels):,} labels.")
        parts[part] = images, labels
    if list(parts) == ["train"] and (name := _first(arrays, SPLIT_NAMES)):
        parts = _by_split(path, name, arrays[name], parts["train"])
    if "train" not in parts or not len(parts["train"][0]):
        raise DataError(f"{path}: the training part holds no images.")
    names = _first(arrays, CLASS_NAMES)
    return parts, None if names is None else _texts(path, names, arrays[names]), list(dict.fromkeys(notes))


def _pairs(path: Path, arrays: dict[str, Array]) -> dict[str, tuple[str, str]]:
    """Part -> names of its images and its labels."""
    lower = {name.lower(): name for name in arrays}
    found: dict[str, tuple[str, str]] = {}
    for said, part in PARTS.items():
        images = [name for x in IMAGE_NAMES for form in (f"{x}_{said}", f"{said}_{x}") if (name := lower.get(form))]
        labels = [name for y in LABEL_NAMES for form in (f"{y}_{said}", f"{said}_{y}") if (name := lower.get(form))]
        if images and not labels:
            raise DataError(f"{path} holds {images[0]}, but no labels for it. Expected {EXPECTED}.")
        if images and part in found:
            raise DataError(f"{path} holds {found[part][0]} and {images[0]}, both of the {part} part. Keep one.")
        if images:
            found[part] = images[0], labels[0]
    whole = [lower[x] for x in IMAGE_NAMES if x in lower], [lower[y] for y in LABEL_NAMES if y in lower]
    if not found and all(whole):
        found["train"] = whole[0][0], whole[1][0]
    if not found:
        shown = ", ".join(sorted(arrays)[:8]) + (", …" if len(arrays) > 8 else "")
        raise DataError(f"{path} holds the arrays {shown[:300]}; expected {EXPECTED}.")
    return found


def _images(path: Path, name: str, images: Array, notes: list[str]) -> Pixels:
    """uint8 (n, H, W, C). Channels first are turned, numbers from 0 to 1 are scaled, and both is told."""
    shape, shown = images.shape, f"{path}: {name} is {images.dtype} {images.shape}"
    expected = "uint8 (n, height, width), with 1 or 3 channels last"
    if images.ndim == 3:
        images = images[..., None]
    elif images.ndim == 4 and shape[3] not in (1, 3) and shape[1] in (1, 3):
        notes.append(f"{name} is {shape}: channels come first in it, and are turned to the end.")
        images = images.transpose(0, 2, 3, 1)
    elif images.ndim != 4 or shape[3] not in (1, 3):
        hint = " Four channels: leave the transparency out." if images.ndim == 4 and 4 in shape[1:] else ""
        raise DataError(f"{shown}, expected {expected}.{hint}")
    if not all(1 <= side <= LARGEST_SIDE for side in images.shape[1:3]):
        raise DataError(f"{shown}, expected 1 to {LARGEST_SIDE} pixels on each side.")
    if images.dtype == np.uint8:
        return np.ascontiguousarray(images)
    if images.size and images.dtype.kind in "fiub":
        low, high = images.min(), images.max()
        if images.dtype.kind in "iu" and 0 <= low <= high <= 255:
            return np.ascontiguousarray(images.astype(np.uint8))
        if images.dtype.kind == "f" and 0 <= low <= high <= 1:
            notes.append(f"{name} is {images.dtype} from {low:g} to {high:g}: scaled to 0 to 255.")
            return _scaled(images, 255)
        if images.dtype.kind == "f" and low >= 0 and 1 < high <= 255:
            notes.append(f"{name} is {images.dtype} from {low:g} to {high:g}: rounded to whole numbers.")
            return _scaled(images, 1)
        shown += f" from {low:g} to {high:g}" if images.dtype.kind != "b" else ""
    raise DataError(f"{shown}, expected {expected}. Save the pixels before they are normalised, 0 to 255.")


def _scaled(images: Array, factor: int) -> Pixels:
    """A few images at a time, as the numbers may be eight times as large as the pixels."""
    pixels = np.empty(images.shape, np.uint8)
    for i in range(0, len(images), 1000):
        np.rint(images[i : i + 1000] * factor, out=pixels[i : i + 1000], casting="unsafe")
    return pixels


def _labels(path: Path, name: str, labels: Array) -> Array:
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        hint = " One-hot labels are written as numbers by labels.argmax(axis=1)." if labels.ndim == 2 else ""
        raise DataError(f"{path}: {name} is {labels.dtype} {labels.shape}, expected (n,) or (n, 1).{hint}")
    if labels.dtype.kind == "f" and np.isfinite(labels).all() and (labels == np.rint(labels)).all():
        labels = labels.astype(np.int64)
    if labels.dtype.kind in "US":
        return np.array(_texts(path, name, labels), dtype=object)
    if labels.dtype.kind not in "iu":
        raise DataError(f"{path}: {name} is {labels.dtype}, expected whole numbers from 0 on, one for each image.")
    return labels


def _by_split(path: Path, name: str, split: Array, whole: Part) -> dict[str, Part]:
    images, labels = whole
    said = _texts(path, name, split) if split.dtype.kind in "US" and split.ndim == 1 else []
    if len(said) != len(images):
        raise DataError(
            f"{path}: {name} is {split.dtype} {split.shape}, expected {len(images):,} texts, train, val or test."
        )
    if unknown := next((text for text in said if text.lower() not in PARTS), None):
        raise DataError(f"{path}: {name} says {unknown[:50]!r}, expected one of {', '.join(PARTS)}.")
    part_of = np.array([PARTS[text.lower()] for text in said])
    return {
        part: (images[part_of == part], labels[part_of == part])
        for part in ("train", "val", "test")
        if (part_of == part).any()
    }


def _texts(path: Path, name: str, array: Array) -> list[str]:
    if array.ndim != 1 or array.dtype.kind not in "USiu":
        raise DataError(f"{path}: {name} is {array.dtype} {array.shape}, expected one text for each.")
    try:
        return [text.decode() if isinstance(text, bytes) else str(text) for text in array.tolist()]
    except ValueError as error:
        raise DataError(f"{path}: {name} is not text: {error}.") from error


def _first(arrays: dict[str, Array], names: tuple[str, ...]) -> str | None:
    return next((name for name in names if name in arrays), None)


def as_numbers(path: Path, labels: Array, classes: list[str]) -> Labels:
    """Labels from 0 on as int64; those in text by their place among the classes."""
    if labels.dtype == object:
        number = {name: label for label, name in enumerate(classes)}
        if unknown := next((text for text in labels if text not in number), None):
            raise DataError(f"{path} has the label {unknown!r:.60}, which is no class. Is it misspelt?")
        return np.array([number[text] for text in labels], np.int64)
    if labels.size and not 0 <= int(labels.min()) <= int(labels.max()) < len(classes):
        raise DataError(
            f"{path}: labels run from {labels.min()} to {labels.max()}, but there are {len(classes)} classes "
            f"(0 to {len(classes) - 1}). Do they count from 0?"
        )
    return labels.astype(np.int64)
