"""Which way a picture stands: what its EXIF data, or a note in its XMP data, say of how to turn it upright."""

from contextlib import suppress
from itertools import islice
from typing import IO

from PIL import Image
from PIL.PngImagePlugin import PngImageFile, PngStream

from cnnkit.data.picture.png_chunks import MOST_CHUNKS, chunks

ORIENTATION_TAG = 0x0112
# EXIF 2.32, tag Orientation: what turns the stored picture upright.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Those that make height of width.
ON_THE_SIDE = (5, 6, 7, 8)
# The chunks of a PNG that may tell of it, up to this length.
NOTES, LARGEST_NOTE = (b"eXIf", b"iTXt", b"zTXt", b"tEXt"), 1 << 20


def orientation(picture: Image.Image) -> int:
    """1 to 8, as the EXIF data of a picture that is decoded say; 1 where nothing, or nothing sensible, is said."""
    try:
        number = int(picture.getexif().get(ORIENTATION_TAG, 1))
    # Damaged EXIF data are no reason to lose the picture.
    except Exception:
        return 1
    return number if number in UPRIGHT else 1


def stored_orientation(picture: Image.Image, file: IO[bytes]) -> int:
    """The same of a picture that was opened from `file` and is not decoded yet.

    Pillow reads a PNG up to its pixels only, and would decode them all to learn what stands behind.
    """
    if not isinstance(picture, PngImageFile):
        return orientation(picture)
    known = Image.Image()
    place = file.tell()
    # Where the chunks are damaged, what was read before counts.
    with suppress(Exception):
        _read_notes(known, file)
    file.seek(place)
    return orientation(known)


def turned(picture: Image.Image, orientation: int) -> Image.Image:
    """The picture turned upright, without the note that it is to be turned."""
    if orientation not in UPRIGHT:
        return picture
    upright = picture.transpose(UPRIGHT[orientation])
    upright.info = {}
    return upright


def _read_notes(known: Image.Image, file: IO[bytes]) -> None:
    """Give `known` the EXIF data and the texts of a PNG, wherever they stand; pixels are passed over."""
    stream = PngStream(file)
    stream.im_info = known.info
    pixels = False
    for kind, place, length in islice(chunks(file), MOST_CHUNKS):
        # Pillow reads the first picture of an animation, and nothing behind it.
        if pixels and kind == b"fcTL":
            break
        pixels |= kind == b"IDAT"
        if kind in NOTES and length <= LARGEST_NOTE:
            file.seek(place)
            stream.call(kind, place, length)
