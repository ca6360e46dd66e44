"""Which number is white in the pictures of a data set, where that is not what the format of their files says."""

from collections.abc import Sequence
from pathlib import Path

from cnnkit.data.picture import look, opened
from cnnkit.data.picture_modes import brightest, is_deep
from cnnkit.data.pixel_range import FAR_BELOW, FEW_BITS, MOST, WHITE
from cnnkit.errors import DataError

# Pictures that are looked at, from all over, and the pixels of one that is.
TRIED, MOST_PIXELS = 32, 1 << 20
# JPEG and WebP do not keep exact numbers.
_EXACT = ("PNG", "BMP", "PPM", "GIF")


def stored_white(paths: Sequence[Path]) -> tuple[int, list[str]]:
    """(what is white: 255, or 1, 15, 4095 and so on; notes), told from the brightest pixel of some pictures.

    One dark photo says nothing, so all that are looked at decide together.

    Raises:
        DataError: files of 16 bits use the lower eight alone: they would be black.
    """
    some = paths[:: max(1, len(paths) // TRIED)]
    seen = [found for path in some if (found := _brightest(path)) is not None]
    deep = max((highest for is_16, highest in seen if is_16), default=0)
    plain = max((highest for is_16, highest in seen if not is_16), default=0)
    if deep > WHITE:
        white = (1 << deep.bit_length()) - 1
        return (WHITE, []) if white == MOST else (white, [_told("16-bit", deep, white)])
    if deep in FEW_BITS:
        return deep, [_told("16-bit", deep, deep)]
    if deep:
        raise DataError(
            f"The pixels of 16-bit files go from 0 to {deep} only, as in {some[0]}: of {MOST} they would be black. "
            "Save them with 8 bits."
        )
    if plain in FEW_BITS and len(seen) == len(some):
        return plain, [_told("8-bit", plain, plain)]
    if 0 < plain < FAR_BELOW and len(seen) == len(some):
        return WHITE, [
            f"The largest pixel value of {len(seen):,} pictures is {plain}, far below 255. They are used as they are. "
            "Are they meant to be so dark?"
        ]
    return WHITE, []


def _told(bits: str, highest: int, white: int) -> str:
    taken = "" if white == highest else f", taken for 0 to {white}"
    return f"The pixels of the {bits} files go from 0 to {highest}{taken}: scaled to 0 to 255."


def _brightest(path: Path) -> tuple[bool, int] | None:
    """(whether a pixel has 16 bits, the largest value as stored); None where a picture does not tell."""
    try:
        with opened(path) as (picture, file):
            if picture.format not in _EXACT or picture.width * picture.height > MOST_PIXELS:
                return None
            if not (is_deep(picture.mode) or picture.mode in ("L", "RGB")):
                return None
            look(picture, file, str(path))
            picture.load()
            return is_deep(picture.mode), brightest(picture)
    # What is wrong with it is said where it is read.
    except Exception:
        return None
