"""Pictures in files: what all sets of them have in common, and those that have a class each."""

import hashlib
import os
from abc import abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Generic, NamedTuple, Protocol, TypeVar, final

import numpy as np

from cnnkit.config import default_threads
from cnnkit.data.layout.listing import PictureFile
from cnnkit.data.sample import Labels, Sample
from cnnkit.data.sets.base import Dataset, digest
from cnnkit.data.sets.picture_cache import Kept, PictureCache
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.errors import DataError

# Up to this length a file's mark covers all of it; of a longer one, as of every one in a fingerprint, both ends.
READ_WHOLE, _ENDS = 1 << 16, 4096
# Files that a thread checks before it asks for more.
AT_ONCE = 32
# Means and deviations of natural photos, as published networks use them; for grey the mean over the channels.
PHOTO_MEAN, PHOTO_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class NamedFile(Protocol):
    """A picture's file, by its whole path as text and as a path."""

    @property
    def name(self) -> str: ...

    @property
    def path(self) -> Path: ...


Held = TypeVar("Held", bound=NamedFile)
Item = TypeVar("Item")
Result = TypeVar("Result")


@final
class Ends(NamedTuple):
    """What stands for the content of a file.   content: all of a short one, else head and tail, 4 KiB each."""

    size: int
    head: bytes
    tail: bytes
    content: list[bytes]


class PictureFiles(Dataset, Generic[Held]):
    """Abstract: a set whose samples are pictures in files, decoded when asked for.

    files: what is known of each picture, in the order of samples.   kept: those that were decoded.
    """

    def __init__(
        self,
        files: list[Held],
        kept: Kept | PictureCache,
        *,
        name: str,
        classes: list[str],
        preprocessing: Preprocessing,
    ) -> None:
        self.files, self.kept = files, kept
        self.name, self.classes, self.preprocessing, self.mirror = name, classes, preprocessing, True
        self._fingerprint = ""
        self._marks: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self.files)

    def path(self, index: int) -> Path | None:
        return self.files[index].path

    @property
    def decodes(self) -> bool:
        return not all(self.kept.holds(file.name) for file in self.files)

    @property
    def growth(self) -> int:
        return self.kept.growth

    def mark(self, index: int) -> str:
        if index not in self._marks:
            self._marks[index] = self.looked_at(self.files[index])[1]
        return self._marks[index]

    def fingerprint(self) -> str:
        """Over names, sizes and both ends of every file, 4 KiB each: reading all of a large folder takes minutes.

        Also over what targets hold and mean.
        """
        if not self._fingerprint:
            hashed = hashlib.sha256(self.meaning().encode("utf-8", "surrogateescape"))
            for index, file in enumerate(self.files):
                parts, self._marks[index] = self.looked_at(file)
                for part in parts:
                    hashed.update(part)
            self._fingerprint = hashed.hexdigest()
        return self._fingerprint

    @abstractmethod
    def meaning(self) -> str:
        """How pictures are read, and what their targets say, as far as no file of a sample tells it."""

    @abstractmethod
    def looked_at(self, file: Held) -> tuple[list[bytes], str]:
        """What a sample gives to the fingerprint, and its mark: a changed target is a changed sample."""


@final
class ImageFolder(PictureFiles[PictureFile]):
    """Pictures with a class each."""

    def __init__(self, files: list[PictureFile], *, name: str, classes: list[str], cache: PictureCache) -> None:
        super().__init__(files, cache, name=name, classes=classes, preprocessing=cache.preprocessing)
        self._cache, self.as_decoded = cache, cache.decoded
        number = {class_name: label for label, class_name in enumerate(classes)}
        self._labels = np.array([number[file.class_name] for file in files], np.int64)

    def __getitem__(self, index: int) -> Sample:
        file = self.files[index]
        return Sample(self._cache(file.name), int(self._labels[index]), file.path)

    def labels(self) -> Labels:
        return self._labels

    def meaning(self) -> str:
        return f"({self.classes}, {self.preprocessing.text})"

    def looked_at(self, file: PictureFile) -> tuple[list[bytes], str]:
        ends = ends_of(file.path)
        name = f"{file.class_name}/{file.path.name}\0{ends.size}\0".encode("utf-8", "surrogateescape")
        return [name, ends.head, ends.tail], digest(file.class_name, str(ends.size).encode(), *ends.content)


def photo_preprocessing(image_size: tuple[int, int], grey: bool) -> Preprocessing:
    """How the pictures of a folder are read."""
    if grey:
        mean, std = (round(sum(values) / 3, 3) for values in (PHOTO_MEAN, PHOTO_STD))
        return Preprocessing(*image_size, 1, (mean,), (std,), "crop")
    return Preprocessing(*image_size, 3, PHOTO_MEAN, PHOTO_STD, "crop")


def refusals(files: Sequence[Item], check: Callable[[Item], object]) -> list[tuple[Item, str]]:
    """Those that `check` refuses, with its message. `check` is called from several threads."""

    def verdict(file: Item) -> str | None:
        try:
            check(file)
        except DataError as error:
            return str(error)
        return None

    verdicts = zip(files, in_threads(verdict, files), strict=True)
    return [(file, message) for file, message in verdicts if message is not None]


def in_threads(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """What `work` gives for each, computed by several threads, in the order of the items."""

    def piece(some: Sequence[Item]) -> list[Result]:
        return [work(item) for item in some]

    with ThreadPoolExecutor(default_threads(), "cnnkit-check") as pool:
        pieces = pool.map(piece, [items[k : k + AT_ONCE] for k in range(0, len(items), AT_ONCE)])
        return [result for some in pieces for result in some]


def ends_of(path: Path, whole: int = READ_WHOLE) -> Ends:
    """Read the ends of a file, or all of one of up to `whole` bytes; DataError where it cannot be read."""
    try:
        with open(path, "rb") as handle:
            size = os.fstat(handle.fileno()).st_size
            if size <= whole:
                content = [handle.read(whole)]
                head, tail = content[0][:_ENDS], content[0][max(_ENDS, size - _ENDS) :][:_ENDS]
            else:
                head = handle.read(_ENDS)
                handle.seek(size - _ENDS)
                tail = handle.read(_ENDS)
                content = [head, tail]
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror}. Was it moved while the data were opened? Put it back."
        ) from error
    return Ends(size, head, tail, content)
