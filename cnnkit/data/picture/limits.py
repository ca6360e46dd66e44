"""What decoding a picture takes, in memory and in time, told before it is begun; and what it may take.

A decoder that has begun cannot be stopped. So the work is bounded from what the header and the structure of a file say:
a file of some kilobytes can ask for gigabytes, and one of some megabytes for an hour.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, final

from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from cnnkit.data.picture import jpeg_markers
from cnnkit.data.picture.modes import is_see_through, mode_of_plain
from cnnkit.data.picture.orientation import UPRIGHT
from cnnkit.errors import DataError, UsageError

# Pillow itself refuses twice the number at which it warns; a lower limit may be set, never a higher one.
LARGEST_PICTURE = 2 * 89_478_485
# A gibibyte holds 134 million pixels of four bytes twice, decoded and laid over paper.
MOST_BYTES, MOST_SECONDS = 1 << 30, 10
# Nanoseconds for a pixel on a machine of 2022: decoding, one more scan of a JPEG, a byte of a PNG, and what follows.
DECODE = {"JPEG": 7, "MPO": 7, "PNG": 5, "GIF": 10, "WEBP": 60}
RAW, SCAN, PNG_BYTE, PAPER, CHANGE, TURN = 4, 1, 8, 60, 16, 4
# Nanoseconds for what Pillow decodes in Python: a number of a PPM, one written as text, a comment between these, a byte
# of a packed BMP.
PPM_NUMBER, PPM_TEXT, COMMENT, BMP_BYTE = 900, 500, 60_000, 300
# libwebp keeps two canvases, and the picture comes out of it in one more copy.
WEBP_CANVAS = 12


@final
@dataclass(frozen=True)
class Cost:
    """bytes: taken at once, at most.   seconds: on a machine of 2022, roughly.   why: what costs so much, or ""."""

    bytes: int
    seconds: float
    why: str = ""


def default_max_pixels() -> int:
    """`CNNKIT_MAX_PIXELS`, which can only lower the limit of 178 million."""
    return min(_number("CNNKIT_MAX_PIXELS", LARGEST_PICTURE, "pixels, such as 50000000"), LARGEST_PICTURE)


def default_max_bytes() -> int:
    """`CNNKIT_MAX_PICTURE_BYTES`, else one gibibyte."""
    return _number("CNNKIT_MAX_PICTURE_BYTES", MOST_BYTES, "bytes, such as 2000000000")


def default_max_seconds() -> int:
    """`CNNKIT_MAX_PICTURE_SECONDS`, else 10."""
    return _number("CNNKIT_MAX_PICTURE_SECONDS", MOST_SECONDS, "seconds, such as 60")


def check_size(name: str, width: int, height: int, limit: int) -> None:
    """DataError where a picture claims more pixels than the limit."""
    if width * height > limit:
        raise DataError(f"{name} claims {width}x{height}, more than the limit of {limit} pixels. Shrink it first.")


def checked_cost(name: str, picture: Image.Image, file: IO[bytes], orientation: int, full: int) -> Cost:
    """What a picture that is opened, and not decoded yet, takes; DataError where that is more than it may.

    orientation: as it will be turned.   full: the pixels in the file, of which a JPEG may be decoded at a fraction.
    """
    needs = cost(picture, file, orientation, full)
    what = f"{name} ({picture.width}x{picture.height}, {picture.format} {picture.mode}{needs.why})"
    if needs.bytes > (most := default_max_bytes()):
        raise DataError(
            f"{what} takes {needs.bytes / 1e6:,.0f} MB of memory, more than the limit of {most / 1e6:,.0f} MB for a "
            "picture. Shrink it first, or raise the limit: CNNKIT_MAX_PICTURE_BYTES."
        )
    if needs.seconds > (longest := default_max_seconds()):
        raise DataError(
            f"{what} takes about {needs.seconds:,.0f} s to decode, more than the limit of {longest} s for a picture. "
            "Save it again as a PNG or as a plain JPEG, or raise the limit: CNNKIT_MAX_PICTURE_SECONDS."
        )
    return needs


class _Taken:
    """Bytes that the pictures being read take, in all threads together."""

    def __init__(self) -> None:
        self.bytes, self.changed = 0, threading.Condition()


_taken = _Taken()


@contextmanager
def room(size: int) -> Iterator[None]:
    """Wait until so much memory is free for a picture, and take it meanwhile; alone, any picture finds room."""
    most = default_max_bytes()
    with _taken.changed:
        _taken.changed.wait_for(lambda: not _taken.bytes or _taken.bytes + size <= most)
        _taken.bytes += size
    try:
        yield
    finally:
        with _taken.changed:
            _taken.bytes -= size
            _taken.changed.notify_all()


def cost(picture: Image.Image, file: IO[bytes], orientation: int, full: int) -> Cost:
    """What it takes to decode a picture, to make it plain, and to turn it upright."""
    place = file.tell()
    extra, nanoseconds, why = _decoding(picture, file, full)
    file.seek(place)
    pixels = picture.width * picture.height
    plain = pixel_bytes(mode_of_plain(picture))
    changed = 0 if picture.mode == mode_of_plain(picture) else plain
    turned = plain if orientation in UPRIGHT else 0
    each = PAPER if is_see_through(picture) else CHANGE if changed else 0
    nanoseconds += pixels * (each + (TURN if turned else 0))
    taken = pixels * max(pixel_bytes(picture.mode) + changed, plain + turned) + extra
    return Cost(taken, nanoseconds / 1e9, why)


def pixel_bytes(mode: str) -> int:
    """What Pillow takes for a pixel: colours in four bytes each, whether they have three channels or four."""
    return 1 if mode in ("1", "L", "P") else 2 if mode.startswith("I;16") else 4


def _decoding(picture: Image.Image, file: IO[bytes], full: int) -> tuple[int, float, str]:
    """(bytes beside the pixels, nanoseconds, what costs so much) of decoding alone."""
    stored = DECODE.get(picture.format or "", RAW) * full
    if isinstance(picture, JpegImageFile):
        scans, coefficients = _of_jpeg(picture, file)
        return coefficients * full, stored + SCAN * (scans - 1) * full, f", {scans:,} scans" if scans > 1 else ""
    if picture.format == "WEBP":
        return WEBP_CANVAS * full + 2 * file.seek(0, 2), stored, ""
    if picture.format == "PNG":
        return 0, stored + PNG_BYTE * full * _bytes_of_png(picture), ""
    decoder = picture.tile[0][0] if isinstance(picture, ImageFile) and picture.tile else ""
    numbers = full * len(picture.getbands())
    if decoder == "ppm":
        return 2 * numbers * (4 if picture.mode == "I" else 1), PPM_NUMBER * numbers, ", of an unusual largest value"
    if decoder == "ppm_plain":
        comments, length = _comments(file)
        nanoseconds = PPM_TEXT * min(numbers, length) + COMMENT * comments
        return 2 * numbers * (4 if picture.mode == "I" else 1), nanoseconds, ", written as text"
    if decoder == "bmp_rle":
        return 2 * numbers, BMP_BYTE * file.seek(0, 2) + stored, ", packed"
    return 0, stored, ""


def _of_jpeg(picture: JpegImageFile, file: IO[bytes]) -> tuple[int, int]:
    """(scans, bytes that the coefficients take for each pixel): they are kept where there are several scans."""
    start = jpeg_markers.start_of_scan(file)
    if start is None:
        return 1, 0
    file.seek(start + 4)
    if not picture.info.get("progressive") and file.read(1) == bytes([picture.layers]):
        return 1, 0
    layers = [(h, v) for _, h, v, _ in picture.layer] or [(1, 1)]
    most = max(h for h, _ in layers) * max(v for _, v in layers)
    coefficients = -(-2 * sum(h * v for h, v in layers) // max(1, most))
    return max(1, jpeg_markers.scans(file, start)), coefficients


def _bytes_of_png(picture: Image.Image) -> int:
    """Of a pixel, unpacked."""
    args = picture.tile[0][3] if isinstance(picture, ImageFile) and picture.tile else ""
    raw = args if isinstance(args, str) else str(args[0]) if args else ""
    return len(picture.getbands()) * (2 if "16" in raw else 1)


def _comments(file: IO[bytes]) -> tuple[int, int]:
    """(comments, bytes) of a file."""
    file.seek(0)
    count = length = 0
    while chunk := file.read(1 << 20):
        count += chunk.count(b"#")
        length += len(chunk)
    return count, length


def _number(variable: str, default: int, what: str) -> int:
    text = os.environ.get(variable)
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise UsageError(f"{variable} is {text!r}, expected a whole number of {what}.")
    return int(text)
