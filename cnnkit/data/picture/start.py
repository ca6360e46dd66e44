"""What is looked at before Pillow opens a file: some headers it reads byte after byte, in Python, without an end."""

import re
from typing import IO

from cnnkit.data.picture import jpeg_markers
from cnnkit.data.picture.end_marks import TAIL, format_of
from cnnkit.data.picture.limits import check_size
from cnnkit.data.picture.png_chunks import MOST_CHUNKS, chunks
from cnnkit.errors import DataError

# The tables, profiles and notes before the pixels: a JPEG's, a GIF's, and the first line of a PPM.
LARGEST_START = {"JPEG": 32 << 20, "GIF": 4 << 20, "PPM": 1 << 16}
# Bytes between the tables of a JPEG, which mean nothing.
MOST_FILLING = 1 << 20
AGAIN = "Save it again without them."
_SPACE = rb"(?:[ \t\n\v\f\r]|#[^\r\n]*[\r\n])"
_PPM = re.compile(rb"P(?:[14]" + 2 * (_SPACE + rb"*\d{1,10}") + rb"|[2356]" + 3 * (_SPACE + rb"*\d{1,10}") + rb")\s")


def check_start(name: str, file: IO[bytes], max_pixels: int) -> None:
    """DataError where a file's header is longer than any picture's, or claims too large a canvas."""
    file.seek(0)
    head = file.read(TAIL)
    match format_of(head):
        case "JPEG":
            _check_jpeg(name, file)
        case "PNG":
            _check_png(name, file)
        case "GIF":
            _check_gif(name, file)
        case "PPM":
            _check_ppm(name, file)
        case "WEBP":
            _check_webp(name, head, max_pixels)
    file.seek(0)


def _check_jpeg(name: str, file: IO[bytes]) -> None:
    end, filling = 2, 0
    for number, (marker, place) in enumerate(jpeg_markers.markers(file), 1):
        filling += place - end
        _check_filling(name, filling)
        if marker == jpeg_markers.START_OF_SCAN:
            break
        if number > jpeg_markers.MOST_MARKERS:
            raise DataError(
                f"{name} has more than the limit of {jpeg_markers.MOST_MARKERS:,} tables and notes. {AGAIN}"
            )
        _check_start(name, "JPEG", place)
        end = jpeg_markers.end_of(file, marker, place)
    else:
        _check_filling(name, filling + file.seek(0, 2) - end)


def _check_filling(name: str, length: int) -> None:
    if length > MOST_FILLING:
        raise DataError(
            f"{name} has {length:,} bytes between its tables that mean nothing, more than the limit of "
            f"{MOST_FILLING:,}. Save it again."
        )


def _check_png(name: str, file: IO[bytes]) -> None:
    if any(number > MOST_CHUNKS for number, _ in enumerate(chunks(file), 1)):
        raise DataError(f"{name} has more than the limit of {MOST_CHUNKS:,} chunks. {AGAIN}")


def _check_gif(name: str, file: IO[bytes]) -> None:
    """Up to the first picture: extensions, of blocks that say their length in a byte."""
    limit = LARGEST_START["GIF"]
    file.seek(0)
    data = file.read(limit)
    place = 13 + (3 << (data[10] & 7) + 1 if len(data) > 10 and data[10] & 0x80 else 0)
    while data[place : place + 1] == b"!":
        place += 2
        while place < len(data) and data[place]:
            place += 1 + data[place]
        place += 1
    if place >= limit:
        _check_start(name, "GIF", place + 1)


def _check_ppm(name: str, file: IO[bytes]) -> None:
    limit = LARGEST_START["PPM"]
    file.seek(0)
    data = file.read(limit + 1)
    if len(data) > limit and not _PPM.match(data):
        _check_start(name, "PPM", len(data))


def _check_webp(name: str, head: bytes, max_pixels: int) -> None:
    """libwebp takes the memory for its canvas when the file is opened."""
    kind, width, height = head[12:16], 0, 0
    if kind == b"VP8X":
        width, height = (int.from_bytes(head[k : k + 3], "little") + 1 for k in (24, 27))
    elif kind == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 ":
        width, height = (int.from_bytes(head[k : k + 2], "little") & 0x3FFF for k in (26, 28))
    check_size(name, width, height, max_pixels)


def _check_start(name: str, kind: str, length: int) -> None:
    limit = LARGEST_START[kind]
    if length > limit:
        raise DataError(
            f"{name} has at least {length:,} bytes of tables and notes before its pixels, more than the limit of "
            f"{limit:,}. {AGAIN}"
        )
