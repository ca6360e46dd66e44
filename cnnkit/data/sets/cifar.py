"""CIFAR-10 and CIFAR-100 in their binary files: records of label bytes and 32x32 RGB pixels, channel after channel.

CIFAR-10: data_batch_1.bin to data_batch_5.bin and test_batch.bin, one label byte a record.
CIFAR-100: train.bin and test.bin, two label bytes, of which the second counts (the first is the superclass).
Source: Krizhevsky 2009, Learning multiple layers of features from tiny images.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from cnnkit.data.layout.name_list import read_names
from cnnkit.data.sample import Labels, Pixels
from cnnkit.errors import DataError, ResourceError

SIDE = 32
PIXELS = 3 * SIDE * SIDE
# Ten times the records of a published batch, twice those of the largest published file.
MOST_RECORDS = 100_000


@final
@dataclass(frozen=True)
class CifarLayout:
    """ranges: how many values each label byte may have; the last byte is the label.   names: files of class names.

    signs: files by which the layout is recognised; another program too may call a file test.bin.
    """

    title: str
    folder: str
    train: tuple[str, ...]
    test: str
    signs: tuple[str, ...]
    ranges: tuple[int, ...]
    names: tuple[str, ...]

    @property
    def record(self) -> int:
        """Bytes of one image with its labels."""
        return len(self.ranges) + PIXELS

    @property
    def files(self) -> tuple[str, ...]:
        return (*self.train, self.test)

    @property
    def classes(self) -> int:
        return self.ranges[-1]


_BATCHES = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
LAYOUTS = (
    CifarLayout(
        "CIFAR-10",
        "cifar-10-batches-bin",
        _BATCHES,
        "test_batch.bin",
        (*_BATCHES, "test_batch.bin"),
        (10,),
        ("batches.meta.txt", "classes.txt"),
    ),
    CifarLayout(
        "CIFAR-100",
        "cifar-100-binary",
        ("train.bin",),
        "test.bin",
        ("train.bin",),
        (20, 100),
        ("fine_label_names.txt", "classes.txt"),
    ),
)
CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
# What looks like a file of one of the layouts, and the names of CIFAR-10's twin for Python.
_LIKELY = re.compile(r"(data_batch_\w+|test_batch|train|test)\.bin")
_PICKLED = re.compile(r"data_batch_\d|batches\.meta")


def find_cifar(folder: Path) -> tuple[CifarLayout, Path] | None:
    """The layout and the folder of its files, which may lie one folder below as in the published archive."""
    for place in (folder, *(folder / layout.folder for layout in LAYOUTS)):
        names = _names(place)
        found = [layout for layout in LAYOUTS if names & set(layout.signs)]
        if len(found) > 1:
            raise DataError(f"{place} holds files of CIFAR-10 and of CIFAR-100. Put each into a folder of its own.")
        if found:
            return found[0], place
    for place in (folder, folder / "cifar-10-batches-py"):
        if any(_PICKLED.fullmatch(name) for name in _names(place)):
            raise DataError(
                f"{place} holds CIFAR-10 as Python pickles, which are not read because they can run code. "
                "Fetch the binary version: cnnkit data fetch cifar10"
            )
    return None


def check_files(layout: CifarLayout, folder: Path) -> None:
    """All files of the layout are there, and no other that looks like one of them."""
    names = _names(folder)
    if missing := [name for name in layout.files if name not in names]:
        raise DataError(
            f"{folder} lacks {', '.join(missing)}; {layout.title} is {', '.join(layout.files)}. Fetch or copy it again."
        )
    if extra := sorted(name for name in names if _LIKELY.fullmatch(name) and name not in layout.files):
        raise DataError(
            f"{folder} holds {extra[0]}, which is no file of {layout.title}: that is {', '.join(layout.files)}. "
            "Move it elsewhere."
        )


def read_cifar(layout: CifarLayout, paths: list[Path]) -> tuple[Pixels, Labels]:
    """(n, 32, 32, 3) uint8 and (n,) int64 of some files together; every size is checked before memory is taken."""
    counts = [_records(layout, path) for path in paths]
    try:
        images = np.empty((sum(counts), SIDE, SIDE, 3), np.uint8)
        labels = np.empty(sum(counts), np.int64)
        done = 0
        for path, count in zip(paths, counts, strict=True):
            records = _read(path, (count, layout.record))
            part = slice(done, done + count)
            labels[part] = _labels(layout, path, records)
            pixels = records[:, len(layout.ranges) :].reshape(count, 3, SIDE, SIDE)
            np.copyto(images[part], pixels.transpose(0, 2, 3, 1))
            done += count
    except MemoryError as error:
        raise ResourceError(f"{sum(counts):,} images of {paths[0].parent} do not fit into memory.") from error
    return images, labels


def class_names(layout: CifarLayout, folder: Path) -> list[str]:
    """The names in a file beside the images, else the well-known ten, or numbered ones for the hundred."""
    for name in layout.names:
        if (folder / name).is_file():
            return _lines(layout, folder / name)
    if layout.classes == len(CIFAR10_CLASSES):
        return list(CIFAR10_CLASSES)
    return [f"class {number}" for number in range(layout.classes)]


def _names(folder: Path) -> set[str]:
    try:
        return {entry.name for entry in os.scandir(folder) if entry.is_file()}
    except (FileNotFoundError, NotADirectoryError):
        return set()
    except OSError as error:
        raise DataError(f"{folder} cannot be listed: {error.strerror}. Check its permissions.") from error


def _records(layout: CifarLayout, path: Path) -> int:
    """How many records a file has, from its size alone."""
    size, record = path.stat().st_size, layout.record
    if not size or size % record:
        raise DataError(
            f"{path} has {size:,} bytes, expected a multiple of {record:,}, the size of a {layout.title} record. "
            "It is truncated or of another kind: fetch or copy it again."
        )
    if size // record > MOST_RECORDS:
        raise DataError(
            f"{path} has {size // record:,} records; a file of {layout.title} has at most {MOST_RECORDS:,}. Split it."
        )
    return size // record


def _read(path: Path, shape: tuple[int, int]) -> Pixels:
    records = np.empty(shape, np.uint8)
    try:
        with open(path, "rb") as file:
            filled = file.readinto(records.reshape(-1).data)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}. Fetch or copy it again.") from error
    if filled < records.size:
        raise DataError(f"{path} ended after {filled:,} of {records.size:,} bytes. Is it being written?")
    return records


def _labels(layout: CifarLayout, path: Path, records: Pixels) -> Pixels:
    for column, count in enumerate(layout.ranges):
        found = records[:, column]
        if (wrong := np.flatnonzero(found >= count)).size:
            raise DataError(
                f"{path}: record {wrong[0]:,} has the label {found[wrong[0]]}, expected 0 to {count - 1}. "
                f"Is it a file of {layout.title}?"
            )
    return records[:, len(layout.ranges) - 1]


def _lines(layout: CifarLayout, path: Path) -> list[str]:
    names = read_names(path)
    if len(names) != layout.classes or len(set(names)) != len(names):
        raise DataError(
            f"{path} has {len(names)} names ({len(set(names))} different), expected {layout.classes}, one per line."
        )
    return names
