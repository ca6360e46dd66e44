"""How a picture becomes an input: a plain record in every checkpoint, so that serving cannot drift from training."""

import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, final, get_args

import numpy as np

from cnnkit.data.picture.pixel_range import MOST, WHITE
from cnnkit.data.sample import Pixels
from cnnkit.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

    from cnnkit.data.picture.read import Source

Foreign = Literal["resize", "margin", "stretch", "digit"]
# What "margin" leaves: torchvision scales the short side to 256 and cuts out 224.
WITHIN_MARGIN = 7 / 8
LARGEST_SIDE = 4096
# Of a mean or a deviation; a deviation near 0 would make pixels infinite.
LARGEST_NUMBER, LEAST_STD = 1e12, 1e-12


@final
@dataclass(frozen=True)
class Preprocessing:
    """Size, channels and normalisation of the network's input, and how a foreign picture gets there.

    x = (pixel / 255 - mean) / std, per channel.
    foreign: "resize" (short side to the size, centre cut out), "margin" (so too, and an eighth is cut off around, as
    torchvision evaluates), "stretch" (the whole picture, out of shape) or "digit" (the rule of handwritten digits).
    white: the largest value of a pixel where that is not 255, such as 1 or 4095; it becomes 255 (`pixel_range`).
    """

    height: int
    width: int
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    foreign: Foreign = "resize"
    # Not in the text of a record: checksums of data were taken over that before there was this field.
    white: int = field(default=WHITE, repr=False)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, C) of one image."""
        return self.height, self.width, self.channels

    def to_record(self) -> dict[str, Any]:
        """Plain numbers, lists and strings, ready for JSON."""
        return asdict(self) | {"mean": list(self.mean), "std": list(self.std)}

    @classmethod
    def from_record(cls, record: object) -> "Preprocessing":
        """The preprocessing that a checkpoint keeps; DataError where the record is invalid."""
        fields = list(cls.__dataclass_fields__)
        # Records of version 0.1 say nothing of white.
        if not isinstance(record, dict) or set(record) - {"white"} != set(fields) - {"white"}:
            raise DataError(
                f"A preprocessing record has the fields {', '.join(fields)}, but this one is {record!r:.200}."
            )
        for name in ("height", "width"):
            if not _is_int(record[name]) or not 1 <= record[name] <= LARGEST_SIDE:
                raise DataError(f"Preprocessing: {name} is {record[name]!r:.60}, expected 1 to {LARGEST_SIDE} pixels.")
        channels = record["channels"]
        if not _is_int(channels) or channels not in (1, 3):
            raise DataError(f"Preprocessing: channels is {channels!r:.60}, expected 1 (grey) or 3 (RGB).")
        for name in ("mean", "std"):
            values = record[name]
            if not isinstance(values, list | tuple) or len(values) != channels or not all(map(_is_finite, values)):
                raise DataError(f"Preprocessing: {name} is {values!r:.100}, expected {channels} finite numbers.")
        if min(record["std"]) < LEAST_STD:
            raise DataError(f"Preprocessing: std is {record['std']!r:.100}, expected numbers above 0.")
        if record["foreign"] not in get_args(Foreign):
            raise DataError(
                f"Preprocessing: foreign is {record['foreign']!r:.50}, expected one of {', '.join(get_args(Foreign))}. "
                "Was it written by a newer version?"
            )
        white = record.get("white", WHITE)
        if not _is_int(white) or not 1 <= white <= MOST:
            raise DataError(f"Preprocessing: white is {white!r:.50}, expected a whole number from 1 to {MOST}.")
        mean, std = (tuple(float(value) for value in record[name]) for name in ("mean", "std"))
        return cls(record["height"], record["width"], channels, mean, std, record["foreign"], white)


def prepare(picture: "Image", preprocessing: Preprocessing) -> Pixels:
    """The uint8 (H, W, C) image of a foreign picture (mode RGB or L, as `read_picture` gives it)."""
    if preprocessing.foreign == "digit":
        from cnnkit.data.view.digit import as_digit

        grey = as_digit(picture, (preprocessing.height, preprocessing.width))
        return np.repeat(grey[:, :, None], preprocessing.channels, axis=2)
    return resize(picture, preprocessing)


def load_image(source: "Source", preprocessing: Preprocessing) -> Pixels:
    """Read a picture and `prepare` it: the one way from a picture to a network, in training and in prediction.

    source: a file, its bytes, a Pillow image or an array (`read_picture`), which all give the same pixels. An array of
    the very size and channels of the network's images is taken for one of the data set's own, and only returned.
    A JPEG of more than WHOLE pixels is decoded at a fraction of its size: a 50-megapixel photo stays cheap.
    """
    from cnnkit.data.picture.read import WHOLE, name_of, reading
    from cnnkit.data.view.digit import WORKING_SIDE

    if isinstance(source, np.ndarray) and source.dtype == np.uint8 and source.size:
        image = source[:, :, None] if source.ndim == 2 else source
        if image.shape == preprocessing.shape:
            return image
    side = WORKING_SIDE if preprocessing.foreign == "digit" else 2 * max(preprocessing.height, preprocessing.width)
    with reading(source, at_least=side, whole=WHOLE, white=preprocessing.white) as picture:
        try:
            return prepare(picture, preprocessing)
        except DataError as error:
            if isinstance(source, np.ndarray | bytes):
                raise
            raise DataError(f"{name_of(source)}: {error}") from error


def resize(picture: "Image", preprocessing: Preprocessing) -> Pixels:
    """Scale until the picture just covers (H, W), cut out the centre; or scale each side on its own ("stretch")."""
    from PIL import Image

    height, width = preprocessing.height, preprocessing.width
    mode = "L" if preprocessing.channels == 1 else "RGB"
    picture = picture if picture.mode == mode else picture.convert(mode)
    if picture.size != (width, height):
        if preprocessing.foreign == "stretch":
            return np.array(picture.resize((width, height), Image.Resampling.BILINEAR)).reshape(preprocessing.shape)
        scale = max(height / picture.height, width / picture.width)
        if preprocessing.foreign == "margin":
            scale /= WITHIN_MARGIN
        left = (picture.width - width / scale) / 2
        top = (picture.height - height / scale) / 2
        box = (
            max(left, 0),
            max(top, 0),
            min(left + width / scale, picture.width),
            min(top + height / scale, picture.height),
        )
        picture = picture.resize((width, height), Image.Resampling.BILINEAR, box=box)
    return np.array(picture, np.uint8).reshape(preprocessing.shape)


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


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_finite(value: object) -> bool:
    # Whole numbers may be too long for a float, and are compared exactly.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST_NUMBER
