"""Which number is white in the pictures of a data set, where that is not what the format of their files says."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from cnnkit.data.picture.modes import brightest, is_deep
from cnnkit.data.picture.pixel_range import FAR_BELOW, FEW_BITS, MOST, SEVERAL, TIMES, TIMES_FEW_BITS, WHITE
from cnnkit.data.picture.read import look, opened
from cnnkit.errors import DataError

# Pictures that are looked at, from all over, and the pixels of one that is.
TRIED, MOST_PIXELS = 32, 1 << 20
# In files of 8 bits a larger value that is also that of few bits, 63 or 127, is rather that of dark pictures.
MOST_IN_BYTES = 31
# JPEG and WebP do not keep exact numbers.
_EXACT = ("PNG", "BMP", "PPM", "GIF")


def stored_white(paths: Sequence[str | Path]) -> tuple[int, list[str]]:
    """(what is white: 255, or 1, 15, 4095 and so on; notes), told from the brightest pixel of some pictures.

    One dark photo says nothing, so all that are looked at decide together.

    Raises:
        DataError: files of 16 bits use the lower eight alone: they would be black.
    """
    some = _some(paths)
    seen = _seen(some)
    deep, plain = _highest(seen, deep=True), _highest(seen, deep=False)
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
    if plain in FEW_BITS and plain <= MOST_IN_BYTES and len(seen) == len(some):
        return plain, [_told("8-bit", plain, plain)]
    if 0 < plain < FAR_BELOW and len(seen) == len(some):
        return WHITE, [
            f"The largest pixel value of {len(seen):,} pictures is {plain}, far below 255. They are used as they are. "
            "Are they meant to be so dark?"
        ]
    return WHITE, []


def check_parts(parts: Mapping[str, Sequence[str | Path]]) -> None:
    """DataError where one part's pictures are on another scale than those of the others."""
    seen = {part: _seen(_some(paths)) for part, paths in parts.items()}
    for deep in (True, False):
        highest = {part: _highest(found, deep=deep) for part, found in seen.items()}
        most = max(highest, key=lambda part: highest[part])
        for part, value in highest.items():
            if 0 < value * (TIMES_FEW_BITS if value in FEW_BITS else TIMES) <= highest[most]:
                raise DataError(
                    f"The pixels of the {part} pictures go from 0 to {value}, but those of the {most} pictures to "
                    f"{highest[most]}: the parts are on different scales. Save all of them alike, best 0 to 255."
                )


def other_scale(paths: Sequence[str | Path], white: int) -> str | None:
    """What to say of pictures to predict whose pixels are on another scale than the network's data; None of few.

    white: of the network's data.
    """
    if len(paths) < SEVERAL:
        return None
    try:
        told, _ = stored_white(paths)
    except DataError as error:
        return str(error)
    if told in (WHITE, white):
        return None
    return (
        f"The pixels of these files seem to range from 0 to {told}, those that the network was trained on from 0 to "
        f"{white}: the answers may be wrong. Save them on the same scale, best 0 to 255."
    )


def _some(paths: Sequence[str | Path]) -> Sequence[str | Path]:
    return paths[:: max(1, len(paths) // TRIED)]


def _seen(paths: Sequence[str | Path]) -> list[tuple[bool, int]]:
    return [found for path in paths if (found := _brightest(path)) is not None]


def _highest(seen: list[tuple[bool, int]], *, deep: bool) -> int:
    return max((highest for is_16, highest in seen if is_16 == deep), default=0)


def _told(bits: str, highest: int, white: int) -> str:
    taken = "" if white == highest else f", taken for 0 to {white}"
    return f"The pixels of the {bits} files go from 0 to {highest}{taken}: scaled to 0 to 255."


def _brightest(path: str | Path) -> tuple[bool, int] | None:
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
