"""Open images and masks that Python code holds in arrays as training, validation and test parts."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from cnnkit.data.given.parts import GivenPart
from cnnkit.data.given.pictures import array_of, is_array
from cnnkit.data.open.masks.fit import LARGEST_NATIVE, WINDOW
from cnnkit.data.sample import Pixels
from cnnkit.data.sets.arrays import in_bytes
from cnnkit.data.sets.masks.array_masks import ArrayMasks
from cnnkit.data.targets import VOID
from cnnkit.data.view.preprocessing import Preprocessing, statistics
from cnnkit.errors import DataError
from cnnkit.kernels.shared.array import Host

# Values of a mask of two classes that was saved as a picture.
BLACK_AND_WHITE = [0, 255]


def are_masks(given: Mapping[str, GivenPart]) -> bool:
    """Whether the labels are masks: an array (n, H, W)."""
    labels = given["train"].labels
    return is_array(labels) and len(getattr(labels, "shape", ())) == 3


def masks_of(part: GivenPart, images: Host) -> Host:
    """(n, H, W) whole numbers, a mask for each image; DataError where they are none."""
    masks = array_of(part.labels, part.y)
    masks = masks.astype(np.uint8) if masks.dtype.kind == "b" else masks
    if masks.shape != images.shape[:3]:
        raise DataError(
            f"{part.y} is {masks.dtype} {masks.shape}, but masks for {part.x} are {images.shape[:3]}: a class number "
            "for each pixel of each image."
        )
    if masks.dtype.kind not in "iu" or (masks.size and (masks.min() < 0 or masks.max() > VOID)):
        raise DataError(
            f"{part.y} is {masks.dtype} {masks.shape}; expected whole numbers, the classes from 0 to {VOID - 1}, and "
            f"{VOID} where a pixel has none."
        )
    return masks


def values_in(masks: Iterable[Host], notes: list[str], where: str = "") -> list[int]:
    """The values that are classes, in order; VOID is none, unless it stands beside 0 alone. A note tells of gaps.

    where: the file they come from, to begin a message with.
    """
    counts = sum((np.bincount(part.ravel(), minlength=VOID + 1) for part in masks), start=np.zeros(VOID + 1, np.int64))
    found: list[int] = np.flatnonzero(counts).tolist()
    classes = found if found == BLACK_AND_WHITE else [value for value in found if value != VOID]
    if len(classes) < 2:
        raise DataError(f"{where}All pixels of the masks are of one class ({found}); a network needs at least two.")
    if classes != list(range(len(classes))):
        notes.append(f"The masks hold the numbers {', '.join(map(str, classes))}: {len(classes)} classes, named so.")
    return classes


def mask_parts(
    parts: Mapping[str, tuple[Host, Host]],
    *,
    name: str,
    classes: list[str],
    notes: list[str],
    window: tuple[int, int] | None = None,
    called: Mapping[str, str] | None = None,
    where: str = "",
    white: int | None = None,
) -> dict[str, ArrayMasks]:
    """Data sets of images (n, H, W, C) and masks (n, H, W) whose values name these classes, or are their places.

    window: what training sees of an image; by default all of it, of a large one a part.
    called, where, white, notes: as `array_parts` takes them.
    """
    pixels: Mapping[str, Any] = {part: images for part, (images, _) in parts.items()}
    if white is None:
        pixels, white = in_bytes(pixels, called or {}, notes, where)
    images = pixels["train"]
    size: tuple[int, int] = images.shape[1:3] if max(images.shape[1:3]) <= LARGEST_NATIVE else (WINDOW, WINDOW)
    preprocessing = Preprocessing(*(window or size), images.shape[3], *statistics(images), "keep", white)
    numbers = _numbers(classes, [masks for _, masks in parts.values()], where)
    return {
        part: ArrayMasks(pixels[part], numbers[masks], name=name, classes=classes, preprocessing=preprocessing)
        for part, (_, masks) in parts.items()
    }


def _numbers(classes: list[str], masks: Iterable[Host], where: str) -> Pixels:
    """(256,): value in a mask -> number of the class of that name, or in that place; VOID stays what it is."""
    values = {value for part in masks for value in np.flatnonzero(np.bincount(part.ravel(), minlength=1)).tolist()}
    named = {int(name): number for number, name in enumerate(classes) if name.isascii() and name.isdigit()}
    if not values - {VOID} <= named.keys():
        two = len(classes) == len(BLACK_AND_WHITE) and sorted(values) == BLACK_AND_WHITE
        named = {value: number for number, value in enumerate(BLACK_AND_WHITE if two else range(len(classes)))}
    if unknown := sorted(values - named.keys() - {VOID}):
        raise DataError(
            f"{where}A mask holds {unknown[0]}, which is none of the {len(classes)} classes. Are they numbered as in "
            "the training part?"
        )
    table = np.full(VOID + 1, VOID, np.uint8)
    for value, number in named.items():
        if value <= VOID:
            table[value] = number
    return table
