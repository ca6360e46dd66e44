"""Folders of idx files, the format of MNIST: images and labels, gzipped or plain.

Layout: big-endian 32-bit numbers (magic 2051, n, height, width), then n·height·width bytes; labels: (2049, n), n bytes.
Source: the description on the MNIST page, LeCun, Cortes & Burges.
"""

import gzip
import struct
import zlib
from pathlib import Path
from typing import IO, cast

import numpy as np

from cnnkit.data.sample import Labels, Pixels
from cnnkit.data.view.preprocessing import LARGEST_SIDE
from cnnkit.errors import DataError
from cnnkit.serialize.foreign.archive import most_unpacked

IMAGES_MAGIC, LABELS_MAGIC = 2051, 2049
# A deflate stream never grows by more than this factor, so a header that promises more is a lie.
LARGEST_GROWTH = 1032


def read_idx_images(path: Path) -> Pixels:
    """(n, H, W, 1) uint8. Everything the header promises is checked against the file before memory is taken."""
    return _read(path, IMAGES_MAGIC, 3)[..., None]


def read_idx_labels(path: Path) -> Labels:
    """(n,) int64."""
    return _read(path, LABELS_MAGIC, 1).astype(np.int64)


def read_idx_part(files: dict[tuple[str, str], Path], part: str) -> tuple[Pixels, Labels]:
    """Images and labels of one part, equal in number."""
    for kind in ("images", "labels"):
        if (part, kind) not in files:
            folder = next(iter(files.values())).parent
            raise DataError(
                f"{folder}: the {part} part has no {kind} file; expected something like {part}-{kind}-idx?-ubyte.gz."
            )
    images, labels = read_idx_images(files[part, "images"]), read_idx_labels(files[part, "labels"])
    if len(images) != len(labels):
        raise DataError(
            f"{files[part, 'images']} holds {len(images)} images, "
            f"but {files[part, 'labels'].name} {len(labels)} labels. Do the two files belong together?"
        )
    return images, labels


def check_labels(labels: Labels, classes: list[str], where: str) -> None:
    """DataError where a label is none of the classes."""
    if labels.size and not 0 <= labels.min() <= labels.max() < len(classes):
        raise DataError(
            f"{where}: labels run from {labels.min()} to {labels.max()}, but there are {len(classes)} classes "
            f"(0 to {len(classes) - 1}). Is the label file the right one?"
        )


def looks_like_digits(images: Pixels, tried: int = 1000) -> bool:
    """Whether the images were made by MNIST's rule: 28x28, bright ink on black, its longer side fitted to 20 pixels."""
    if images.shape[1:] != (28, 28, 1) or not len(images):
        return False
    ink = images[:tried, :, :, 0] > 0
    heights = ink.any(axis=2).sum(axis=1)
    widths = ink.any(axis=1).sum(axis=1)
    return bool(np.mean(np.maximum(heights, widths) == 20) > 0.8)


def _read(path: Path, magic: int, dimensions: int) -> Pixels:
    try:
        with open(path, "rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with cast(IO[bytes], gzip.open(path) if packed else open(path, "rb")) as file:
            return _parse(file, path, packed, magic, dimensions)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}. Fetch or copy it again.") from error


def _parse(file: IO[bytes], path: Path, packed: bool, magic: int, dimensions: int) -> Pixels:
    header = file.read(4 + 4 * dimensions)
    if len(header) < 4 + 4 * dimensions:
        raise DataError(
            f"{path} ends within its header of {4 + 4 * dimensions} bytes: {len(header)} bytes. Copy it again."
        )
    found, *shape = struct.unpack(f">{1 + dimensions}I", header)
    if found != magic:
        kind = {IMAGES_MAGIC: "images", LABELS_MAGIC: "labels"}
        hint = f" It holds {kind[found]}, not {kind[magic]}." if found in kind else " Is it an idx file?"
        raise DataError(f"{path} begins with the magic number {found}, expected {magic} for idx {kind[magic]}.{hint}")
    if not all(1 <= side <= LARGEST_SIDE for side in shape[1:]):
        raise DataError(f"{path}: images of {shape[1]}x{shape[2]} pixels; expected 1 to {LARGEST_SIDE} on each side.")
    expected = int(np.prod([int(side) for side in shape], dtype=object))
    size = path.stat().st_size
    if (size * LARGEST_GROWTH < expected) if packed else (size != expected + len(header)):
        raise DataError(
            f"{path}: the header promises {expected} bytes of data, but the file has {size} in all. Copy it again."
        )
    if packed and expected > most_unpacked(size):
        raise DataError(
            f"{path} has {size:,} bytes and claims to unpack to {expected:,}, more than the limit of "
            f"{most_unpacked(size):,} for its size: images do not shrink so far. Unpack it first if it is right."
        )
    data = np.empty(shape, np.uint8)
    view = data.reshape(-1).data
    filled = 0
    while filled < expected and (step := cast(int, file.readinto(view[filled:]))):  # type: ignore[attr-defined]
        filled += step
    # One read more also makes gzip compare its checksum.
    if filled < expected or file.read(1):
        more = "fewer" if filled < expected else "more"
        raise DataError(
            f"{path} holds {more} than the {expected} bytes that its header promises. It is truncated or damaged."
        )
    return data
