"""Images and labels in an .npz file of numpy, under the names that Keras, MedMNIST and plain habit give them.

x_train, y_train, x_test, y_test (Keras); train_images, train_labels, val_images, ... (MedMNIST); images, labels and
perhaps split; classes, if there are names. Labels may be masks, and are then also called so. Nothing pickled is opened.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from cnnkit.data.layout.look_alikes import as_known, nearest
from cnnkit.data.layout.part_names import EXPECTED as EXPECTED_PARTS
from cnnkit.data.layout.part_names import PART_NAMES, parts_called
from cnnkit.data.sample import Labels
from cnnkit.data.view.preprocessing import LARGEST_SIDE
from cnnkit.errors import CheckpointError, DataError
from cnnkit.kernels.shared.array import Host
from cnnkit.serialize.foreign.npz import read_npz

IMAGE_NAMES = ("x", "images", "image", "imgs", "img", "data")
LABEL_NAMES = ("y", "labels", "label", "targets", "target")
MASK_AXES = 3
MASK_NAMES = ("masks", "mask")
CLASS_NAMES = ("classes", "class_names", "label_names")
SPLIT_NAMES = ("split", "splits")
EXPECTED = "x_train and y_train (Keras), train_images and train_labels (MedMNIST), or images and labels, or masks"
# A float of more may not be the whole number that was meant.
LARGEST_LABEL = 2.0**53
# More is refused before the file is read; unpacked, the reader of .npz files has limits of its own.
LARGEST_FILE = 4 << 30


@final
@dataclass(frozen=True)
class Part:
    """images: (n, H, W, C), numbers of any kind.   name, label_name: of the arrays that they were.

    labels: (n,), whole numbers or text; or masks, numbers with three axes, as they are.
    """

    images: Host
    labels: Host
    name: str
    label_name: str

    @property
    def has_masks(self) -> bool:
        return self.labels.ndim == MASK_AXES


def read_parts(path: Path) -> tuple[dict[str, Part], list[str] | None, list[str]]:
    """(train | val | test -> images and labels as they are, names of the classes if any, notes)."""
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise DataError(f"{path} has {size:,} bytes, more than the limit of {LARGEST_FILE:,}. Split it.")
    try:
        arrays = read_npz(path, text=True)
    except CheckpointError as error:
        # The same reader takes weights; here the file is data.
        raise DataError(str(error)) from error
    found = _pairs(path, arrays)
    notes: list[str] = []
    parts = {}
    for part, (x_name, y_name) in found.items():
        images = channels_last(arrays[x_name], x_name, notes, f"{path}: ")
        labels = _labels(path, y_name, arrays[y_name])
        if len(images) != len(labels):
            raise DataError(f"{path}: {x_name} holds {len(images):,} images, but {y_name} {len(labels):,} labels.")
        parts[part] = Part(images, labels, x_name, y_name)
    split = _first(arrays, SPLIT_NAMES) if list(parts) == ["train"] else None
    if split is not None:
        parts = _by_split(path, split, arrays[split], parts["train"])
    if "train" not in parts or not len(parts["train"].images):
        raise DataError(f"{path}: the training part holds no images.")
    names = _first(arrays, CLASS_NAMES)
    used = {name for pair in found.values() for name in pair} | {names, split}
    if unused := [name for name in arrays if name not in used]:
        notes.append(f"Not used: {', '.join(unused[:5])}{' and more' if len(unused) > 5 else ''} in {path.name}.")
    return parts, None if names is None else _texts(path, names, arrays[names]), list(dict.fromkeys(notes))


def _pairs(path: Path, arrays: dict[str, Host]) -> dict[str, tuple[str, str]]:
    """Part -> names of its images and its labels."""
    images = _by_part(path, arrays, IMAGE_NAMES)
    labels = _by_part(path, arrays, LABEL_NAMES) or _by_part(path, arrays, MASK_NAMES)
    if lonely := [name for part, name in images.items() if part not in labels]:
        raise DataError(f"{path} holds {lonely[0]}, but no labels for it. Expected {EXPECTED}.")
    if images:
        return {part: (images[part], labels[part]) for part in PART_NAMES if part in images}
    whole = _first(arrays, IMAGE_NAMES), _first(arrays, (*LABEL_NAMES, *MASK_NAMES))
    if whole[0] and whole[1]:
        return {"train": (whole[0], whole[1])}
    shown = ", ".join(sorted(arrays)[:8]) + (", …" if len(arrays) > 8 else "")
    raise DataError(f"{path} holds the arrays {shown[:300]}; expected {EXPECTED}.")


def _by_part(path: Path, arrays: dict[str, Host], known: tuple[str, ...]) -> dict[str, str]:
    """Part -> name, of those like "x_train", "testImages" or "dev_x"."""
    said: dict[str, str] = {}
    for name in arrays:
        plain = re.sub(r"[^a-z]", "", name.lower())
        for word in known:
            said |= {rest: name for rest in (plain.removeprefix(word), plain.removesuffix(word)) if rest != plain}
    found: dict[str, str] = {}
    for rest, part in parts_called(said).items():
        if found.setdefault(part, said[rest]) != said[rest]:
            raise DataError(f"{path} holds {found[part]} and {said[rest]}, both of the {part} part. Keep one.")
    return found


def channels_last(images: Host, name: str, notes: list[str], where: str = "") -> Host:
    """(n, H, W, C) of (n, H, W), (n, H, W, C) or (n, C, H, W), the numbers as they are; a change of axes is told.

    where: the file they come from, to begin a message with.
    """
    shape, shown = images.shape, f"{where}{name} is {images.dtype} {images.shape}"
    expected = "uint8 (n, height, width), with 1 or 3 channels last"
    if images.ndim == 3:
        images = images[..., None]
    elif images.ndim == 4 and shape[3] not in (1, 3) and shape[1] in (1, 3):
        notes.append(f"{name} is {shape}: its channels come first; they are moved to the end.")
        images = images.transpose(0, 2, 3, 1)
    elif images.ndim != 4 or shape[3] not in (1, 3):
        hint = " Four channels: leave the transparency out." if images.ndim == 4 and 4 in shape[1:] else ""
        raise DataError(f"{shown}, expected {expected}.{hint}")
    if not all(1 <= side <= LARGEST_SIDE for side in images.shape[1:3]):
        raise DataError(f"{shown}, expected 1 to {LARGEST_SIDE} pixels on each side.")
    return images


def _labels(path: Path, name: str, labels: Host) -> Host:
    if labels.ndim == MASK_AXES:
        return labels
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise DataError(
            f"{path}: {name} is {labels.dtype} {labels.shape}, expected (n,) or (n, 1), or masks (n, H, W)."
            f"{_hint(name, labels.shape)}"
        )
    is_float = labels.dtype.kind == "f"
    if is_float:
        with np.errstate(over="ignore"):
            labels = labels.astype(np.float64)
    if is_float and (np.abs(labels) < LARGEST_LABEL).all() and (labels == np.rint(labels)).all():
        labels = labels.astype(np.int64)
    if labels.dtype.kind in "US":
        texts = np.array(_texts(path, name, labels), dtype=object)
        if not all(texts):
            raise DataError(f"{path}: {name} has an empty text as label {texts.tolist().index('')}. Name its class.")
        return texts
    if labels.dtype.kind not in "iu":
        odd = next((label for label in labels.tolist() if not abs(label) < LARGEST_LABEL), None) if is_float else None
        raise DataError(
            f"{path}: {name} is {labels.dtype}{'' if odd is None else f' with {odd:g}'}, expected whole numbers from 0 "
            "on, one for each image."
        )
    return labels


def _hint(name: str, shape: tuple[int, ...]) -> str:
    """How numbers are made of labels, or masks, of this shape."""
    if len(shape) == 2:
        return " One-hot labels are written as numbers by labels.argmax(axis=1)."
    if len(shape) != MASK_AXES + 1:
        return ""
    if shape[3] == 1:
        return f" Masks of one channel are written as (n, H, W) by {name}[..., 0]."
    return f" One-hot masks are written as numbers by {name}.argmax(axis=3)."


def _by_split(path: Path, name: str, split: Host, whole: Part) -> dict[str, Part]:
    images, labels = whole.images, whole.labels
    said = _texts(path, name, split) if split.dtype.kind in "US" and split.ndim == 1 else []
    if len(said) != len(images):
        raise DataError(
            f"{path}: {name} is {split.dtype} {split.shape}, expected {len(images):,} texts, train, val or test."
        )
    called = parts_called(set(said))
    if unknown := next((text for text in said if text not in called), None):
        raise DataError(f"{path}: {name} says {unknown[:50]!r}, expected {EXPECTED_PARTS}.")
    part_of = np.array([called[text] for text in said])
    return {
        part: Part(images[part_of == part], labels[part_of == part], f"{whole.name} of {part}", whole.label_name)
        for part in ("train", "val", "test")
        if (part_of == part).any()
    }


def _texts(path: Path, name: str, array: Host) -> list[str]:
    if array.ndim != 1 or array.dtype.kind not in "USiu":
        raise DataError(f"{path}: {name} is {array.dtype} {array.shape}, expected one text for each.")
    try:
        texts = [text.decode() if isinstance(text, bytes) else str(text) for text in array.tolist()]
        # Halves of surrogate pairs are no characters; a name that holds one can be written nowhere.
        "".join(texts).encode()
        return texts
    # A SystemError is how numpy puts it that a number is beyond all characters.
    except (ValueError, SystemError) as error:
        raise DataError(f"{path}: {name} is not text: {error}.") from error


def _first(arrays: dict[str, Host], names: tuple[str, ...]) -> str | None:
    lower = {name.lower(): name for name in arrays}
    return next((lower[name] for name in names if name in lower), None)


def as_numbers(path: Path, labels: Host, classes: list[str], first: int = 0) -> Labels:
    """Labels as int64 from 0 on; numbers count from `first`, those in text are found among the classes."""
    if labels.dtype == object:
        number = {name: label for label, name in enumerate(classes)}
        known = as_known(dict.fromkeys(labels.tolist()), classes)
        if (unknown := next((text for text in labels if text not in known), None)) is not None:
            hint = nearest(unknown, classes) or " Is it misspelt?"
            raise DataError(f"{path} has the label {unknown!r:.60}, which is no class.{hint}")
        return np.array([number[known[text]] for text in labels], np.int64)
    if labels.size and not first <= int(labels.min()) <= int(labels.max()) < first + len(classes):
        raise DataError(
            f"{path}: labels run from {labels.min()} to {labels.max()}, but there are {len(classes)} classes "
            f"({first} to {first + len(classes) - 1}). Do they count from 0?"
        )
    return labels.astype(np.int64) - first
