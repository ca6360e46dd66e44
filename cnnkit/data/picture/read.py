"""Read any picture safely: formats from a list, size judged from the header, upright, RGB or grey.

One way in for a file, its bytes, a Pillow image and an array: each gives the same pixels.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, UnidentifiedImageError

from cnnkit.data.picture.end_marks import TAIL, format_of
from cnnkit.data.picture.limits import LARGEST_PICTURE, Cost, check_size, checked_cost, default_max_pixels, room
from cnnkit.data.picture.modes import Unsuited, plain
from cnnkit.data.picture.orientation import ON_THE_SIDE, orientation, stored_orientation, turned
from cnnkit.data.picture.pixel_range import WHITE
from cnnkit.data.picture.start import check_start
from cnnkit.data.sample import Pixels
from cnnkit.errors import CnnkitError, DataError, ResourceError
from cnnkit.kernels.shared.array import Host

# TIFF is left out: its decoders take their sizes from many tags, which cannot be judged from the header.
FORMATS = ("PNG", "JPEG", "BMP", "PPM", "GIF", "WEBP")
# A DIB is a BMP without its first 14 bytes.
OPENED = (*FORMATS, "DIB")
# Up to so many pixels, as phones take them, a JPEG is decoded as it is: at a fraction of its size its pixels would
# differ from those of the same picture in an array, by up to 15 levels where that is 500 pixels wide.
WHOLE = 1 << 24
# What stands for one picture: the path of its file, the file's bytes, a Pillow image, or its pixels.
Source = str | Path | bytes | Image.Image | Host


def read_picture(
    source: Source, *, max_pixels: int | None = None, at_least: int | None = None, whole: int = 0, white: int = WHITE
) -> Image.Image:
    """The picture in mode RGB or L, turned upright as its EXIF data say, transparency laid over white.

    source: a file, its bytes, a Pillow image, or uint8 (H, W), (H, W, 1), (H, W, 3), or (H, W, 4) with transparency
    last. An array has no EXIF data: it is taken to be upright. A Pillow image stays as it is.
    max_pixels: a larger picture is refused from its header (default: `CNNKIT_MAX_PIXELS`, else 178 million).
    at_least: a JPEG of more than `whole` pixels may be decoded at 1/2, 1/4 or 1/8 of its size as long as both sides
    keep so many pixels. Such pixels differ a little from those of the whole picture made smaller.
    white: what is white in the data set (`picture_modes.plain`); arrays are on the scale of 0 to 255.

    Raises:
        DataError: it cannot be read, or takes more memory or time than a picture may (`picture_limits`).
    """
    with reading(source, max_pixels=max_pixels, at_least=at_least, whole=whole, white=white) as (picture, _):
        return picture


@contextmanager
def reading(
    source: Source, *, max_pixels: int | None = None, at_least: int | None = None, whole: int = 0, white: int = WHITE
) -> Iterator[tuple[Image.Image, tuple[int, int]]]:
    """`read_picture`, for a picture that is made smaller and then forgotten: until then its memory counts as taken.

    The pictures that all threads read at once take no more than one of them may. With it comes (height, width) of the
    upright picture in its file, more than its own where a JPEG was decoded at a fraction.
    """
    limit = default_max_pixels() if max_pixels is None else min(max_pixels, LARGEST_PICTURE)
    name = name_of(source)
    if not isinstance(source, str | Path | bytes | bytearray | memoryview | Image.Image):
        with told(name, limit):
            flat = plain(from_array(source))
        yield flat, (flat.height, flat.width)
        return
    with ExitStack() as held:
        with told(name, limit):
            if isinstance(source, Image.Image):
                flat, size = _from_pillow(held, source, name, limit, at_least, whole, white)
            else:
                with opened(source, limit) as (picture, file):
                    stored = picture.size
                    turn, needs = look(picture, file, name, at_least, whole)
                    held.enter_context(room(needs.bytes))
                    picture.load()
                    flat = plain(picture, white)
                    del picture
                    flat.info = {}
                flat, size = turned(flat, turn), _upright(stored, turn)
        yield flat, size


def pixels(source: Source) -> Pixels:
    """uint8 (H, W, C) of any source of one picture, C = 1 (grey) or 3 (RGB): upright, transparency laid over white."""
    image = np.asarray(read_picture(source))
    return image[:, :, None] if image.ndim == 2 else image


def from_array(source: Host) -> Image.Image:
    """A Pillow image of an array; DataError where it holds no picture."""
    image = np.asarray(source)
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (1, 3, 4)):
        raise DataError(
            f"A picture is uint8 of shape (height, width), (height, width, 1) or (height, width, 3), but this is "
            f"{image.dtype} {image.shape}. One picture at a time; predict_many takes several."
        )
    if not image.size:
        raise DataError(f"This picture has no pixels: {image.shape}.")
    return Image.fromarray(np.ascontiguousarray(image[:, :, 0] if image.shape[2:] == (1,) else image))


def name_of(source: object) -> str:
    """How a message calls the source of a picture."""
    if isinstance(source, str | Path):
        return str(source)
    if isinstance(source, Image.Image):
        filename = getattr(source, "filename", "")
        return os.fsdecode(filename) if filename else "The Pillow image"
    return "The picture"


@contextmanager
def opened(source: str | Path | bytes, max_pixels: int | None = None) -> Iterator[tuple[Image.Image, IO[bytes]]]:
    """The picture, of which only the header is read yet, and the file that it is read from.

    max_pixels: as for `read_picture`.
    """
    warnings.filterwarnings("ignore", module=r"PIL\.")  # odd files are judged here; once per call: safe among threads
    if isinstance(source, str | Path):
        path = Path(source)
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "is not a regular file" if path.exists() else "does not exist"
            raise DataError(f"{path} {what}; expected a picture file ({', '.join(FORMATS)}).")
    name, limit = name_of(source), default_max_pixels() if max_pixels is None else max_pixels
    # A file that is opened here is read; Pillow would map it, and one that shrinks meanwhile would end the process.
    with open(source, "rb") if isinstance(source, str | Path) else BytesIO(source) as file:
        if not file.read(1):
            raise DataError(f"{name} is empty (0 bytes); expected a picture. Copy it again.")
        check_start(name, file, limit)
        try:
            picture = Image.open(file, formats=OPENED)
        except UnidentifiedImageError:
            file.seek(0)
            if promised := format_of(file.read(TAIL)):
                raise DataError(
                    f"{name} begins as a {promised} file, but cannot be read as one. Is it truncated or damaged? "
                    "Save it again."
                ) from None
            raise DataError(
                f"{name} is not a picture that cnnkit reads; expected one of {', '.join(FORMATS)}."
            ) from None
        with picture:
            check_size(name, *picture.size, limit)
            yield picture, file


def look(
    picture: Image.Image, file: IO[bytes], name: str, at_least: int | None = None, whole: int = 0
) -> tuple[int, Cost]:
    """(its orientation, what it takes) of an opened picture, made ready to be decoded; DataError if it takes too much.

    at_least, whole: as for `read_picture`.
    """
    turn, full = stored_orientation(picture, file), picture.width * picture.height
    if at_least is not None and full > whole:
        picture.draft(None, (at_least, at_least))
    return turn, checked_cost(name, picture, file, turn, full)


def _from_pillow(
    held: ExitStack, picture: Image.Image, name: str, limit: int, at_least: int | None, whole: int, white: int
) -> tuple[Image.Image, tuple[int, int]]:
    check_size(name, *picture.size, limit)
    file: IO[bytes] | None = getattr(picture, "fp", None)
    decoded = picture
    if file is not None and getattr(picture, "_im", None) is None:  # opened, and not decoded yet
        if at_least is not None and picture.width * picture.height > whole:
            decoded = _reopened(picture, file) or picture
        # The caller's own picture keeps its size: at a fraction of it only another one is decoded.
        _, needs = look(decoded, file, name, at_least if decoded is not picture else None, whole)
        held.enter_context(room(needs.bytes))
    decoded.load()
    # Asked for last: some formats are turned by Pillow as it decodes them.
    turn = orientation(picture)
    stored = decoded.size if decoded is picture else picture.size
    return turned(plain(decoded, white), turn), _upright(stored, turn)


def _upright(stored: tuple[int, int], turn: int) -> tuple[int, int]:
    """(height, width) of an upright picture that is stored as (width, height)."""
    return stored if turn in ON_THE_SIDE else stored[::-1]


def _reopened(picture: Image.Image, file: IO[bytes]) -> Image.Image | None:
    """A JPEG that is not decoded yet, once more from its file; None of others, and of one that is a draft."""
    if picture.format not in ("JPEG", "MPO") or picture.tell():
        return None
    place = file.tell()
    file.seek(0)
    again = Image.open(BytesIO(file.read()), formats=["JPEG"])
    file.seek(place)
    return again if again.size == picture.size else None


@contextmanager
def told(name: str, limit: int) -> Iterator[None]:
    """Whatever a decoder raises that meets foreign bytes becomes an error that names the picture."""
    try:
        yield
    except Unsuited as error:
        raise DataError(f"{name}: {error}.") from error
    except CnnkitError:
        raise
    except MemoryError as error:
        raise ResourceError(f"{name}: not enough memory to decode the picture. Shrink it first.") from error
    except Image.DecompressionBombError as error:
        claimed = str(error).split(" (")[-1].split(" pixels")[0]
        raise DataError(
            f"{name} claims {claimed} pixels, more than the limit of {limit} pixels. Shrink it first."
        ) from error
    except Exception as error:
        reason = (str(error).splitlines() or [""])[0].rstrip(".") or type(error).__name__
        raise DataError(
            f"{name} cannot be read as a picture: {reason}. Is it truncated or damaged? Save it again."
        ) from error
