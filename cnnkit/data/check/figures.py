"""Figures of a data set: what is told of its classes, its files and its pixels, and how they are counted."""

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, final

import numpy as np
import numpy.typing as npt

from cnnkit.data.check.masks.class_pixels import ClassPixels
from cnnkit.data.headway import Headway
from cnnkit.data.open.splits import DataSplits
from cnnkit.data.picture.header import Header, header
from cnnkit.data.sample import Pixels, Sample
from cnnkit.data.sets.image_folder import NamedFile
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.data.view.view import load_image
from cnnkit.errors import DataError

if TYPE_CHECKING:
    from cnnkit.data.check.boxes.class_boxes import ClassBoxes


@final
@dataclass(frozen=True)
class Spread:
    """The least, the median and the most of some numbers."""

    least: float
    median: float
    most: float


@final
@dataclass(frozen=True)
class FileStats:
    """Of picture files, from their headers.

    height, width: in pixels, of the upright picture.   aspect: width / height.
    size: of a file, in bytes; `total` of all.
    formats: how many of each.   grey, colour: how many.   unreadable: how many whose header says nothing, or that are
    not there; the other figures are without them.
    """

    height: Spread
    width: Spread
    aspect: Spread
    size: Spread
    total: int
    formats: dict[str, int]
    grey: int
    colour: int
    unreadable: int


@final
@dataclass(frozen=True)
class PixelStats:
    """Per channel, of pixels scaled to 0..1, as the network would read them.

    sample: training images counted.   used_mean, used_std: what cnnkit normalises by.
    """

    sample: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    used_mean: tuple[float, ...]
    used_std: tuple[float, ...]


@final
@dataclass(frozen=True)
class DataStats:
    """found: the data in a sentence.   parts: as they lie; "pictures" where they are not divided.

    classes: name -> images in each part.   image_size: (H, W), channels: as the network reads them.
    files: None where images are no files of their own.   pixels: None where no training image can be read.
    masks, boxes: those of each part, where images have masks or boxes; `classes` then counts images that hold a class.
    """

    found: str
    notes: list[str]
    parts: list[str]
    classes: dict[str, list[int]]
    image_size: tuple[int, int]
    channels: int
    files: FileStats | None
    pixels: PixelStats | None
    masks: Mapping[str, ClassPixels] = field(default_factory=dict)
    boxes: Mapping[str, "ClassBoxes"] = field(default_factory=dict)

    @property
    def totals(self) -> list[int]:
        """Images in each part."""
        if counted := self.masks or self.boxes:
            return [part.total for part in counted.values()]
        return [sum(counts) for counts in zip(*self.classes.values(), strict=True)]

    def to_json(self) -> dict[str, Any]:
        """A plain record, keys as in the fields; classes become a list of {name, part: images}."""
        classes = [
            {"name": name, **dict(zip(self.parts, counts, strict=True))} for name, counts in self.classes.items()
        ]
        plain = {name: value for name, value in asdict(self).items() if name not in ("masks", "boxes")}
        masks = {part: counted.to_json(list(self.classes)) for part, counted in self.masks.items()}
        boxes = {part: counted.to_json(list(self.classes)) for part, counted in self.boxes.items()}
        return (
            plain
            | {"classes": classes, "images": dict(zip(self.parts, self.totals, strict=True))}
            | ({"masks": masks} if masks else {})
            | ({"boxes": boxes} if boxes else {})
        )


class Counted(Protocol):
    """What the masks or boxes of a part hold.   pictures: (K,), that hold each class.   total: pictures counted.

    of_class: (K,), pixels or boxes of each class.
    """

    pictures: npt.NDArray[np.int64]

    @property
    def total(self) -> int: ...

    @property
    def of_class(self) -> npt.NDArray[np.int64]: ...


@final
@dataclass(frozen=True, slots=True)
class Head:
    """What is known of a picture file from its header, and its size in bytes."""

    known: Header
    size: int


def head_of(path: Path) -> Head | None:
    """None where the header says nothing, or the file is not there."""
    try:
        size = path.stat().st_size
    except OSError:
        return None
    known = header(path) if path.is_file() else None
    return None if known is None or 0 in (known.height, known.width) else Head(known, size)


def file_stats(heads: Sequence[Head], unreadable: int) -> FileStats:
    """Of the headers of files, and of how many have none."""
    grey = sum(head.known.grey for head in heads)
    formats = Counter(head.known.format for head in heads)
    return FileStats(
        spread([head.known.height for head in heads]),
        spread([head.known.width for head in heads]),
        spread([round(head.known.width / head.known.height, 3) for head in heads]),
        spread([head.size for head in heads]),
        sum(head.size for head in heads),
        dict(sorted(formats.items(), key=lambda item: (-item[1], item[0]))),
        grey,
        len(heads) - grey,
        unreadable,
    )


def spread(values: Sequence[float]) -> Spread:
    """Of some numbers; the median of an even number is the lower one of the middle two: a value that occurs."""
    if not values:
        return Spread(0, 0, 0)
    ordered = sorted(values)
    return Spread(ordered[0], ordered[(len(ordered) - 1) // 2], ordered[-1])


def evenly(n: int, most: int) -> list[int]:
    """Up to `most` of n indices, evenly spaced: classes, which lie one after another, keep their shares."""
    count = min(n, most)
    return [i * n // count for i in range(count)]


@final
class PixelTally:
    """How often each level of each channel occurred: exact, in memory that does not grow."""

    def __init__(self, preprocessing: Preprocessing) -> None:
        self.preprocessing = preprocessing
        self.levels = np.zeros((preprocessing.channels, 256), np.int64)
        self.images = 0

    def add(self, image: Pixels) -> None:
        for channel, levels in enumerate(self.levels):
            levels += np.bincount(image[..., channel].ravel(), minlength=256)
        self.images += 1

    def result(self) -> PixelStats | None:
        if not self.images:
            return None
        scale = np.arange(256) / 255
        share = self.levels / self.levels.sum(axis=1, keepdims=True)
        mean = (share * scale).sum(axis=1)
        std = np.sqrt((share * (scale - mean[:, None]) ** 2).sum(axis=1))
        return PixelStats(self.images, _rounded(mean), _rounded(std), self.preprocessing.mean, self.preprocessing.std)


def tallied(
    files: Sequence[NamedFile], preprocessing: Preprocessing, most: int
) -> Generator[Headway, None, PixelTally]:
    """Count the pixels of up to `most` pictures, evenly taken; what cannot be read is passed over."""
    tally = PixelTally(preprocessing)
    chosen = evenly(len(files), most)
    for done, index in enumerate(chosen, 1):
        try:
            tally.add(load_image(files[index].path, preprocessing))
        except DataError:
            continue
        yield Headway("counting pixels", done, len(chosen))
    return tally


def holding(classes: Sequence[str], counted: Mapping[str, Counted]) -> dict[str, list[int]]:
    """Class -> pictures of each part that hold it."""
    return {name: [int(part.pictures[k]) for part in counted.values()] for k, name in enumerate(classes)}


Count = TypeVar("Count", bound=Counted)


def stats_in_memory(
    splits: DataSplits,
    counted: dict[str, Count],
    add: Callable[[Count, Sample], None],
    *,
    field: str,
    doing: str,
    most: int,
) -> Iterator[Headway | DataStats]:
    """Of pictures with masks or boxes that no file holds.

    counted: of each part, empty yet.   add: counts one sample.   field: their name in the figures.   doing: in words.
    most: training images whose pixels are counted.
    """
    tally = PixelTally(splits.preprocessing)
    for part, own in counted.items():
        dataset = splits.part(part)
        chosen = set(evenly(len(dataset), most)) if part == "train" else set()
        for index in range(len(dataset)):
            one = dataset[index]
            add(own, one)
            if index in chosen:
                tally.add(one.image)
            yield Headway(doing, index + 1, len(dataset))
    H, W, C = splits.preprocessing.shape
    classes = holding(splits.classes, counted)
    held: dict[str, Any] = {field: counted}
    yield DataStats(splits.found, splits.notes, list(counted), classes, (H, W), C, None, tally.result(), **held)


def _rounded(values: npt.NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values)
