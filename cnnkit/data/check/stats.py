"""What a data set is made of: images per class and part, the sizes of its files, means and deviations of its pixels."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import numpy.typing as npt

from cnnkit.data.headway import Headway
from cnnkit.data.layout.list_csv import list_csv
from cnnkit.data.layout.listing import Listing, list_folder
from cnnkit.data.open.formats import PICTURE_FORMATS, detect
from cnnkit.data.open.pictures import choose_preprocessing
from cnnkit.data.open.source import checked_size, open_data, resolve
from cnnkit.data.open.splits import PARTS, DataSplits
from cnnkit.data.picture.header import Header, header
from cnnkit.data.sample import Pixels
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.data.view.view import load_image
from cnnkit.errors import DataError

# Training images whose pixels are counted, evenly taken from all of them.
SAMPLE = 2000


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
    """

    found: str
    notes: list[str]
    parts: list[str]
    classes: dict[str, list[int]]
    image_size: tuple[int, int]
    channels: int
    files: FileStats | None
    pixels: PixelStats | None

    @property
    def totals(self) -> list[int]:
        """Images in each part."""
        return [sum(counts) for counts in zip(*self.classes.values(), strict=True)]

    def to_json(self) -> dict[str, Any]:
        """A plain record, keys as in the fields; classes become a list of {name, part: images}."""
        classes = [
            {"name": name, **dict(zip(self.parts, counts, strict=True))} for name, counts in self.classes.items()
        ]
        return asdict(self) | {"classes": classes, "images": dict(zip(self.parts, self.totals, strict=True))}


def data_stats(
    data: str | Path | None,
    *,
    image_size: int | tuple[int, int] | None = None,
    grey: bool | None = None,
    sample: int = SAMPLE,
) -> Iterator[Headway | DataStats]:
    """Steps of the work, then the result. Pictures that cannot be read are counted, not refused."""
    size = checked_size(image_size)
    _, place = resolve(data)
    kind = "arrays" if place is None else detect(place)
    if place is None or kind not in PICTURE_FORMATS:
        yield from _of_arrays(open_data(data, image_size=size, grey=grey), sample)
    else:
        yield from _of_pictures(list_csv(place) if kind == "csv" else list_folder(place), size, grey, sample)


def _of_arrays(splits: DataSplits, sample: int) -> Iterator[Headway | DataStats]:
    n = len(splits.classes)
    counts = [np.bincount(splits.part(part).labels(), minlength=n).tolist() for part in PARTS]
    classes = {name: list(row) for name, row in zip(splits.classes, zip(*counts, strict=True), strict=True)}
    tally = _Tally(splits.preprocessing)
    for index in _evenly(len(splits.train), sample):
        tally.add(splits.train[index].image)
    H, W, C = splits.preprocessing.shape
    yield DataStats(splits.found, splits.notes, list(PARTS), classes, (H, W), C, None, tally.result())


def _of_pictures(
    listing: Listing, image_size: tuple[int, int] | None, grey: bool | None, sample: int
) -> Iterator[Headway | DataStats]:
    lost = {lacking.file for lacking in listing.missing}
    there = [file for file in listing.files if file not in lost]
    preprocessing, notes = choose_preprocessing(there, image_size, grey)
    heads: list[_Head] = []
    for done, file in enumerate(there, 1):
        if (head := _head(file.path)) is not None:
            heads.append(head)
        yield Headway("reading headers", done, len(there))
    tally = _Tally(preprocessing)
    train = [file for file in listing.parts["train"] if file not in lost]
    chosen = _evenly(len(train), sample)
    for done, index in enumerate(chosen, 1):
        try:
            tally.add(load_image(train[index].path, preprocessing))
        except DataError:
            continue
        yield Headway("counting pixels", done, len(chosen))
    H, W, C = preprocessing.shape
    counts = {part: Counter(file.class_name for file in listing.parts[part]) for part in PARTS if part in listing.parts}
    parts = counts if listing.split else {"pictures": counts["train"]}
    yield DataStats(
        f"{listing.source}: {listing.layout}, read as {H}x{W} {'grey' if C == 1 else 'RGB'}",
        [*listing.notes, *notes],
        list(parts),
        {name: [count[name] for count in parts.values()] for name in listing.classes},
        (H, W),
        C,
        _of_files(heads, len(listing.files) - len(heads)),
        tally.result(),
    )


@final
@dataclass(frozen=True, slots=True)
class _Head:
    """What is known of a picture file from its header, and its size in bytes."""

    known: Header
    size: int


def _head(path: Path) -> _Head | None:
    try:
        size = path.stat().st_size
    except OSError:
        return None
    known = header(path) if path.is_file() else None
    return None if known is None or 0 in (known.height, known.width) else _Head(known, size)


def _of_files(heads: list[_Head], unreadable: int) -> FileStats:
    grey = sum(head.known.grey for head in heads)
    formats = Counter(head.known.format for head in heads)
    return FileStats(
        _spread([head.known.height for head in heads]),
        _spread([head.known.width for head in heads]),
        _spread([round(head.known.width / head.known.height, 3) for head in heads]),
        _spread([head.size for head in heads]),
        sum(head.size for head in heads),
        dict(sorted(formats.items(), key=lambda item: (-item[1], item[0]))),
        grey,
        len(heads) - grey,
        unreadable,
    )


def _spread(values: Sequence[float]) -> Spread:
    """The median of an even number of values is the lower one of the middle two: a value that occurs."""
    if not values:
        return Spread(0, 0, 0)
    ordered = sorted(values)
    return Spread(ordered[0], ordered[(len(ordered) - 1) // 2], ordered[-1])


def _evenly(n: int, most: int) -> list[int]:
    """Up to `most` of n indices, evenly spaced: classes, which lie one after another, keep their shares."""
    count = min(n, most)
    return [i * n // count for i in range(count)]


@final
class _Tally:
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


def _rounded(values: npt.NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values)
