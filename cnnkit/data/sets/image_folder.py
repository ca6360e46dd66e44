"""Folders of pictures: one folder per class, inside train/ val/ test/ or directly below."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from cnnkit.data.picture import check_header
from cnnkit.data.preprocessing import Preprocessing, load_image
from cnnkit.data.sample import Labels, Pixels, Sample
from cnnkit.data.sets.base import Dataset
from cnnkit.errors import DataError

PARTS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
# What file managers leave behind in any folder of pictures.
BYSTANDERS = ("Thumbs.db", "desktop.ini")
CACHE_BYTES = 256 << 20
# Means and deviations of natural photos, as published networks use them; for grey the mean over the channels.
PHOTO_MEAN, PHOTO_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@final
@dataclass(frozen=True)
class PictureFile:
    """A picture of an image folder: the class it lies in and its file."""

    path: Path
    class_name: str


@final
class PictureCache:
    """Read pictures at one size, and keep what was read as long as it fits into 256 MB. Safe among threads."""

    def __init__(self, preprocessing: Preprocessing) -> None:
        self.preprocessing = preprocessing
        self._kept: dict[Path, Pixels] = {}
        self._room = CACHE_BYTES // (preprocessing.height * preprocessing.width * preprocessing.channels)

    def __call__(self, path: Path) -> Pixels:
        image = self._kept.get(path)
        if image is None:
            image = load_image(path, self.preprocessing)
            image.flags.writeable = False
            if len(self._kept) < self._room:
                self._kept[path] = image
        return image


@final
class ImageFolder(Dataset):
    """Pictures in files, decoded when asked for."""

    def __init__(self, files: list[PictureFile], *, name: str, classes: list[str], cache: PictureCache) -> None:
        self.files, self._cache = files, cache
        self.name, self.classes, self.preprocessing, self.mirror = name, classes, cache.preprocessing, True
        number = {class_name: label for label, class_name in enumerate(classes)}
        self._labels = np.array([number[file.class_name] for file in files], np.int64)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Sample:
        path = self.files[index].path
        return Sample(self._cache(path), int(self._labels[index]), path)

    def labels(self) -> Labels:
        return self._labels

    def path(self, index: int) -> Path | None:
        return self.files[index].path

    def fingerprint(self) -> str:
        """Over names, sizes and the first and last 4 KiB of every file: reading all of a large folder takes minutes."""
        digest = hashlib.sha256(repr((self.classes, self.preprocessing)).encode())
        for file in self.files:
            size = file.path.stat().st_size
            digest.update(f"{file.class_name}/{file.path.name}\0{size}\0".encode("utf-8", "surrogateescape"))
            with open(file.path, "rb") as handle:
                digest.update(handle.read(4096))
                handle.seek(max(4096, size - 4096))
                digest.update(handle.read(4096))
        return digest.hexdigest()


def photo_preprocessing(image_size: tuple[int, int], grey: bool) -> Preprocessing:
    """How the pictures of a folder are read."""
    if grey:
        mean, std = (round(sum(values) / 3, 3) for values in (PHOTO_MEAN, PHOTO_STD))
        return Preprocessing(*image_size, 1, (mean,), (std,), "resize")
    return Preprocessing(*image_size, 3, PHOTO_MEAN, PHOTO_STD, "resize")


def find_parts(folder: Path) -> dict[str, Path]:
    """train, val, test -> folder; {} for a flat folder, whose classes lie directly below (one may be called train)."""
    parts: dict[str, Path] = {}
    for child in visible_folders(folder):
        if (part := PARTS.get(child.name.lower())) and visible_folders(child):
            if part in parts:
                raise DataError(f"{folder} has both {parts[part].name}/ and {child.name}/; keep one of them.")
            parts[part] = child
    return parts if "train" in parts else {}


def list_pictures(folder: Path) -> tuple[list[PictureFile], list[str]]:
    """(files, classes) below a folder of class folders, in the order of their names.

    Hidden files and folders are skipped. Folders within a class are walked, each real folder once, so that links in a
    circle come to an end.
    """
    files, classes = [], []
    for class_folder in visible_folders(folder):
        paths = list(_walk(class_folder, set()))
        if paths:
            classes.append(class_folder.name)
            files += [PictureFile(path, class_folder.name) for path in paths]
    return files, classes


def visible_folders(folder: Path) -> list[Path]:
    """The folders directly in `folder`, sorted by name, hidden ones left out."""
    try:
        return sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))
    except OSError as error:
        raise DataError(f"{folder} cannot be listed: {error.strerror}. Check its permissions.") from error


def unreadable(
    files: list[PictureFile], check: Callable[[Path], object] = check_header
) -> list[tuple[PictureFile, str]]:
    """Those files that `check` refuses, with its message."""
    refused = []
    for file in files:
        try:
            check(file.path)
        except DataError as error:
            refused.append((file, str(error)))
    return refused


def _walk(folder: Path, seen: set[tuple[int, int]]) -> list[Path]:
    status = folder.stat()
    if (status.st_dev, status.st_ino) in seen:
        return []
    seen.add((status.st_dev, status.st_ino))
    found: list[Path] = []
    try:
        children = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(f"{folder} cannot be listed: {error.strerror}. Check its permissions.") from error
    for child in children:
        if child.name.startswith(".") or child.name in BYSTANDERS:
            continue
        if child.is_dir():
            found += _walk(Path(child.path), seen)
        else:
            found.append(Path(child.path))
    return found
