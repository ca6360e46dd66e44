"""One look at every picture: whether it can be read, and the little that is kept to compare it with all others."""

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from cnnkit.config import default_threads
from cnnkit.data.picture.damage import kind_of_damage, unwritten_rows
from cnnkit.data.picture.header import Header, header
from cnnkit.data.picture.read import read_picture
from cnnkit.data.sample import Pixels
from cnnkit.errors import DataError, ResourceError

# A JPEG is decoded at a fraction of its size, as long as so many pixels a side are left.
DECODED_SIDE = 256
# The side of the grey thumbnail that is kept, and the side at which colours are counted.
THUMB, COUNTED_SIDE = 32, 128
# Levels by which paper may differ from its commonest colour, what JPEG does around letters.
PAPER_WIDTH = 8


@final
@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture stands in a data set: its part, its class, and its file or, without one, a name for it."""

    part: str
    class_name: str
    name: str
    path: Path | None = None


@final
@dataclass(frozen=True, slots=True)
class Colours:
    """How a picture spends its colours, each of 32 x 32 x 32 counted.

    entropy: bits per pixel; 0 for one flat colour, 5 to 12 for a photo.
    ink_entropy: the same, of the pixels that are not paper.
    inner_entropy: the same, of the ink two pixels and more from paper; 0 where nothing lies so deep, as in lettering.
    paper: share of the pixels within one level of the commonest colour.
    common: how many colours make up 98 % of the picture.
    """

    entropy: float
    ink_entropy: float
    inner_entropy: float
    paper: float
    common: int


@final
@dataclass(frozen=True, slots=True)
class Look:
    """What is kept of a picture. It takes about 1.5 KB, whatever the picture's size.

    size: (height, width), upright.   format: "JPEG" and so on, "" without a file.   length: of the file, in bytes.
    digest: over the pixels: equal for copies, also in another lossless format or with other EXIF data.
    thumb: uint8 (32, 32), grey, out of shape.   colours: None where they were not counted.
    """

    place: Place
    size: tuple[int, int]
    format: str
    length: int
    digest: bytes
    thumb: Pixels
    colours: Colours | None


@final
@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that gives no picture.   kind: as `kind_of_damage` says.   message: a sentence."""

    place: Place
    kind: str
    message: str


def look_at_files(places: Sequence[Place], threads: int | None = None) -> Iterator[Look | Unreadable]:
    """Decode every file, in threads, and yield what was seen, in the order of `places`."""
    count = threads or default_threads()
    with ThreadPoolExecutor(count, "cnnkit-look") as pool:
        waiting: deque[Future[Look | Unreadable]] = deque()
        try:
            for place in places:
                waiting.append(pool.submit(look_at_file, place))
                if len(waiting) > 4 * count:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def look_at_file(place: Place) -> Look | Unreadable:
    """Read one picture file."""
    assert place.path is not None
    try:
        picture = read_picture(place.path, at_least=DECODED_SIDE)
        known = header(place.path) or Header(picture.height, picture.width, picture.mode == "L", "")
        length = place.path.stat().st_size
    except (DataError, ResourceError) as error:
        return Unreadable(place, kind_of_damage(place.path, str(error)), str(error))
    except OSError as error:
        return Unreadable(place, "unreadable", f"{place.path} cannot be read: {error.strerror}.")
    if known.format == "JPEG" and (rows := unwritten_rows(picture)):
        share = f"{rows / picture.height:.0%}"
        return Unreadable(
            place, "truncated", f"{place.path} lacks its lower {share}: the file is truncated. Copy it again."
        )
    return look_at(place, picture, (known.height, known.width), known.format, length)


def look_at(place: Place, picture: Image.Image, size: tuple[int, int], stored_as: str = "", length: int = 0) -> Look:
    """What is kept of a picture in mode RGB or L, decoded at `size` or at a fraction of it."""
    digest = hashlib.blake2b(f"{picture.mode} {size}".encode(), digest_size=16)
    digest.update(picture.tobytes())
    return Look(place, size, stored_as, length, digest.digest(), _thumb(picture), colours(picture))


def look_at_pixels(place: Place, image: Pixels) -> Look:
    """What is kept of an image in an array, uint8 (H, W, C); its colours are not counted."""
    H, W, C = image.shape
    digest = hashlib.blake2b(f"{image.shape}".encode() + image.tobytes(), digest_size=16).digest()
    picture = Image.fromarray(np.ascontiguousarray(image[:, :, 0] if C == 1 else image))
    return Look(place, (H, W), "", 0, digest, _thumb(picture), None)


def _thumb(picture: Image.Image) -> Pixels:
    return np.asarray(picture.convert("L").resize((THUMB, THUMB), Image.Resampling.BOX))


def colours(picture: Image.Image) -> Colours:
    """Count the colours of a picture in mode RGB or L, without mixing any."""
    longer = max(picture.size)
    if longer > COUNTED_SIDE:
        width, height = (max(1, side * COUNTED_SIDE // longer) for side in picture.size)
        picture = picture.resize((width, height), Image.Resampling.NEAREST)
    planes = [np.asarray(plane, np.int32).ravel() for plane in picture.convert("RGB").split()]
    coarse = (planes[0] >> 3 << 10) | (planes[1] >> 3 << 5) | planes[2] >> 3
    counts = np.bincount(coarse)
    likely = coarse == counts.argmax()  # the commonest colour is looked for among these
    values, times = np.unique(planes[0][likely] << 16 | planes[1][likely] << 8 | planes[2][likely], return_counts=True)
    commonest = int(values[times.argmax()])
    paper = commonest >> 16, commonest >> 8 & 255, commonest & 255
    far = np.maximum.reduce([np.abs(plane - level) for plane, level in zip(planes, paper, strict=True)])
    shares = np.sort(counts[counts > 0])[::-1] / coarse.size
    common = int(np.searchsorted(np.cumsum(shares), 0.98)) + 1
    ink = far > PAPER_WIDTH
    inside = _inside(ink.reshape(picture.height, -1))
    return Colours(
        _entropy(shares),
        _entropy(_shares(coarse[ink])),
        _entropy(_shares(coarse[inside])),
        float((far <= 1).mean()),
        common,
    )


def _inside(ink: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """(H·W,): which pixels of an (H, W) mask have ink only in the 5x5 pixels around them."""
    kept = Image.fromarray(ink.astype(np.uint8)).filter(ImageFilter.MinFilter(5))
    return np.asarray(kept).ravel() > 0


def _shares(codes: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
    """The share of each different code; none of no codes."""
    counts = np.bincount(codes)
    return counts[counts > 0] / max(codes.size, 1)


def _entropy(shares: npt.NDArray[np.float64]) -> float:
    """-Σ p·log2(p), in bits."""
    return float(-(shares * np.log2(shares)).sum()) + 0.0
