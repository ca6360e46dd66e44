"""Pictures of any mode as RGB or grey, a strip at a time, so that little memory is needed beside them."""

from collections.abc import Iterator

import numpy as np
from PIL import Image

from cnnkit.data.picture.pixel_range import MOST, WHITE
from cnnkit.errors import DataError

# Pixels that are changed at once.
STRIP = 1 << 20
GREY = ("1", "L", "LA", "La")
SEE_THROUGH = ("LA", "PA", "RGBA", "La", "RGBa")


class Unsuited(DataError):  # noqa: N818 - a verdict on a picture
    """What is wrong with a picture, without its name."""


def plain(picture: Image.Image, white: int = WHITE) -> Image.Image:
    """A picture of any mode in RGB or L, transparency laid over white; itself where it is so already.

    white: what is white in the data set where that is not what the file's format says, as in 16-bit files of 0 to 4095
    or 8-bit files of 0 and 1. A picture that goes beyond a small `white` is on the scale of its format.
    """
    return _brightened(_eight_bits(picture, white), white)


def _eight_bits(picture: Image.Image, white: int) -> Image.Image:
    mode = picture.mode
    if is_deep(mode):
        return _from_deep(picture, white)
    if _leaves_alpha_out(picture):
        return picture.convert("RGB")
    if is_see_through(picture):
        return _over_paper(picture)
    wanted = mode_of_plain(picture)
    return picture if mode == wanted else picture.convert(wanted)


def mode_of_plain(picture: Image.Image) -> str:
    """What `plain` makes of it: "L" or "RGB"."""
    return "L" if picture.mode in GREY or is_deep(picture.mode) else "RGB"


def is_see_through(picture: Image.Image) -> bool:
    """Whether some of it may be transparent."""
    return picture.mode in SEE_THROUGH or ("transparency" in picture.info and not is_deep(picture.mode))


def is_deep(mode: str) -> bool:
    """Whether a pixel is one number of more than eight bits."""
    return mode.startswith("I") or mode == "F"


def _leaves_alpha_out(picture: Image.Image) -> bool:
    """Whether a BMP names a fourth byte alpha and leaves it 0 everywhere, as many tools do: the picture is opaque.

    In other formats that means what it says, a picture of which nothing is to be seen.
    """
    if picture.mode != "RGBA" or picture.format not in ("BMP", "DIB"):
        return False
    return picture.getchannel("A").getextrema() == (0, 0)


def _from_deep(picture: Image.Image, white: int) -> Image.Image:
    """16 bits a pixel: the upper eight are kept, or white becomes 255."""
    if picture.mode == "F":
        raise Unsuited("pixels are floating-point numbers; save it with 8 or 16 bits")
    highest = brightest(picture)
    if highest > white > WHITE:
        raise Unsuited(f"its pixels go up to {highest}, but those of the data set only to {white}")
    full = MOST if white == WHITE or highest > white else white
    grey = Image.new("L", picture.size)
    for top, strip in _strips(picture):
        levels = np.clip(np.asarray(strip).astype(np.int32), 0, MOST)
        levels = levels >> 8 if full == MOST else np.rint(levels * (WHITE / full))
        grey.paste(Image.fromarray(levels.astype(np.uint8)), (0, top))
    return grey


def _brightened(picture: Image.Image, white: int) -> Image.Image:
    """With white at 255, where no pixel goes beyond a small `white`."""
    if white >= WHITE or brightest(picture) > white:
        return picture
    return picture.point([min(round(level * WHITE / white), WHITE) for level in range(256)] * len(picture.getbands()))


def brightest(picture: Image.Image) -> int:
    """The largest value of any channel."""
    bands = picture.getextrema()
    ends = bands if isinstance(bands[0], tuple) else (bands,)
    return max(int(high) for _, high in ends)


def _over_paper(picture: Image.Image) -> Image.Image:
    """Lay a transparent picture over white, or over black where nothing would show on white (white ink)."""
    flat = Image.new(mode_of_plain(picture), picture.size)
    darkest, opaque = 255, True
    for top, strip in _strips(picture):
        rgba = _rgba(strip)
        laid = _laid(rgba, "white")
        darkest = min(darkest, _lowest(laid.convert("L")))
        opaque = opaque and _lowest(rgba.getchannel("A")) == 255
        flat.paste(laid.convert(flat.mode), (0, top))
    if darkest >= 250 and not opaque:
        for top, strip in _strips(picture):
            flat.paste(_laid(_rgba(strip), "black").convert(flat.mode), (0, top))
    return flat


def _rgba(strip: Image.Image) -> Image.Image:
    # Pillow knows no way from grey that is multiplied by its alpha to RGBA.
    return (strip.convert("LA") if strip.mode == "La" else strip).convert("RGBA")


def _laid(rgba: Image.Image, paper: str) -> Image.Image:
    flat = Image.new("RGBA", rgba.size, paper)
    flat.alpha_composite(rgba)
    return flat


def _lowest(channel: Image.Image) -> int:
    low, _ = channel.getextrema()
    return int(low) if isinstance(low, int | float) else 255


def _strips(picture: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """(first row, rows) from the top down."""
    rows = max(1, STRIP // max(1, picture.width))
    for top in range(0, picture.height, rows):
        yield top, picture.crop((0, top, picture.width, min(top + rows, picture.height)))
