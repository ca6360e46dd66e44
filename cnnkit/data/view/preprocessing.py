"""How a picture becomes an input: a plain record in every checkpoint, so that serving cannot drift from training."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, final, get_args

import numpy as np

from cnnkit.data.picture.pixel_range import MOST, WHITE
from cnnkit.data.sample import Pixels
from cnnkit.errors import DataError

Fit = Literal["crop", "margin", "stretch", "letterbox", "keep", "digit"]
# Of records. Version 1 had no number, called fit "foreign" and "crop" "resize", and knew four of the fits.
VERSION = 2
_NEEDED = ("height", "width", "channels", "mean", "std", "fit")
LARGEST_SIDE, LARGEST_MULTIPLE = 4096, 256
# Of a mean or a deviation; a deviation near 0 would make pixels infinite.
LARGEST_NUMBER, LEAST_STD = 1e12, 1e-12


@final
@dataclass(frozen=True)
class Preprocessing:
    """Size, channels and normalisation of the network's input, and how a picture gets there.

    x = (pixel / 255 - mean) / std, per channel.
    fit: how a picture is brought to the size (`view`):
        "crop"       scaled until it covers the size, the middle cut out
        "margin"     so too, and an eighth is cut off around, as torchvision evaluates
        "stretch"    the whole picture, out of shape
        "letterbox"  the whole picture, in shape, the rest filled with the mean colour
        "keep"       as it is, each picture of its own size; height and width are then those of a usual one
        "digit"      the rule of handwritten digits
    white: the largest value of a pixel where that is not 255, such as 1 or 4095; it becomes 255 (`pixel_range`).
    multiple: where pictures keep their size, batches are padded to sides that this divides.
    """

    height: int
    width: int
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    fit: Fit = "crop"
    white: int = WHITE
    multiple: int = 1

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, C) of one image."""
        return self.height, self.width, self.channels

    @property
    def fill(self) -> tuple[int, ...]:
        """The mean colour, one level a channel, about 0 to the network: it lies where there is no picture."""
        return tuple(round(min(max(mean, 0.0), 1.0) * 255) for mean in self.mean)

    @property
    def keeps_size(self) -> bool:
        """Whether images are as large as their pictures, and unequal."""
        return self.fit == "keep"

    @property
    def in_words(self) -> str:
        """How pictures in files are read: "read as 64x64 RGB"; where they keep their size "windows of 64x64 grey"."""
        how, colour = "windows of" if self.keeps_size else "read as", "grey" if self.channels == 1 else "RGB"
        return f"{how} {self.height}x{self.width} {colour}"

    @property
    def text(self) -> str:
        """What checksums of data are taken over: as version 0.1 wrote it, which knew nothing of the later fields."""
        fit = "resize" if self.fit == "crop" else self.fit
        size = f"height={self.height}, width={self.width}, channels={self.channels}"
        return f"Preprocessing({size}, mean={self.mean}, std={self.std}, foreign={fit!r})"

    def to_record(self) -> dict[str, Any]:
        """Plain numbers, lists and strings, ready for JSON."""
        return {"version": VERSION} | asdict(self) | {"mean": list(self.mean), "std": list(self.std)}

    @classmethod
    def from_record(cls, record: object) -> "Preprocessing":
        """The preprocessing that a checkpoint keeps; DataError where the record is invalid, or of a later version."""
        known = tuple(cls.__dataclass_fields__)
        values = _of_this_version(record)
        if not set(_NEEDED) <= set(values) <= set(known):
            raise DataError(
                f"A preprocessing record has the fields {', '.join(known)}, but this one is {record!r:.200}."
            )
        for name in ("height", "width"):
            _check_whole(values, name, LARGEST_SIDE, " pixels")
        channels = values["channels"]
        if not _is_int(channels) or channels not in (1, 3):
            raise DataError(f"Preprocessing: channels is {channels!r:.60}, expected 1 (grey) or 3 (RGB).")
        for name in ("mean", "std"):
            numbers = values[name]
            if not isinstance(numbers, list | tuple) or len(numbers) != channels or not all(map(_is_finite, numbers)):
                raise DataError(f"Preprocessing: {name} is {numbers!r:.100}, expected {channels} finite numbers.")
        if min(values["std"]) < LEAST_STD:
            raise DataError(f"Preprocessing: std is {values['std']!r:.100}, expected numbers above 0.")
        if values["fit"] not in get_args(Fit):
            raise DataError(f"Preprocessing: fit is {values['fit']!r:.50}, expected one of {', '.join(get_args(Fit))}.")
        _check_whole(values, "white", MOST)
        _check_whole(values, "multiple", LARGEST_MULTIPLE)
        return cls(**values | {name: tuple(float(value) for value in values[name]) for name in ("mean", "std")})


def _of_this_version(record: object) -> dict[str, Any]:
    """The fields of a record of any version under the names of today; DataError for a later one."""
    values = dict(record) if isinstance(record, dict) else {}
    version = values.pop("version", 1)
    if not _is_int(version) or version < 1:
        raise DataError(f"Preprocessing: version is {version!r:.60}, expected a whole number from 1 to {VERSION}.")
    if version > VERSION:
        raise DataError(
            f"This preprocessing record has version {version!r:.60}, and this cnnkit reads up to {VERSION}. It was "
            "written by a newer cnnkit: install that."
        )
    # Of 0.3.0, which no command gave a value; how far a network looks is found from the network itself.
    values.pop("reach", None)
    if version == 1 and "foreign" in values and "fit" not in values:
        foreign = values.pop("foreign")
        values["fit"] = "crop" if foreign == "resize" else foreign
    return values


def statistics(images: Pixels) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(mean, std) per channel of uint8 images (n, H, W, C), scaled to 0..1, to four decimals; std at least 0.05."""
    levels = np.arange(256) / 255
    means, stds = [], []
    for channel in range(images.shape[3]):
        # A few images at a time: counting takes eight bytes for each pixel.
        counts = sum(
            (
                np.bincount(images[i : i + 1000, ..., channel].ravel(), minlength=256)
                for i in range(0, len(images), 1000)
            ),
            start=np.zeros(256, np.int64),
        )
        share = counts / max(int(counts.sum()), 1)
        mean = float((share * levels).sum())
        means.append(round(mean, 4))
        stds.append(max(round(math.sqrt(float((share * (levels - mean) ** 2).sum())), 4), 0.05))
    return tuple(means), tuple(stds)


def _check_whole(values: dict[str, Any], name: str, most: int, unit: str = "") -> None:
    if name in values and not (_is_int(values[name]) and 1 <= values[name] <= most):
        raise DataError(
            f"Preprocessing: {name} is {values[name]!r:.60}, expected a whole number from 1 to {most}{unit}."
        )


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_finite(value: object) -> bool:
    # Whole numbers may be too long for a float, and are compared exactly.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST_NUMBER
