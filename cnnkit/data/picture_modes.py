"""Pictures of any mode as RGB or grey, a strip at a time, so that little memory is needed beside them."""

from collections.abc import Iterator

import numpy as np
from PIL import Image

from cnnkit.errors import DataError

# Pixels that are changed at once.
STRIP = 1 << 20
GREY = ("1", "L", "LA", "La")
SEE_THROUGH = ("LA", "PA", "RGBA", "La", "RGBa")


def plain(picture: Image.Image) -> Image.Image:
    """A picture of any mode in RGB or L, transparency laid over white; itself where it is so already."""
    mode = picture.mode
    if is_deep(mode):
        return _from_deep(picture)
    if mode in SEE_THROUGH or "transparency" in picture.info:
        return _over_paper(picture)
    wanted = "L" if mode in GREY else "RGB"
    return picture if mode == wanted else picture.convert(wanted)


def is_deep(mode: str) -> bool:
    """Whether a pixel is one number of more than eight bits."""
    return mode.startswith("I") or mode == "F"


def _from_deep(picture: Image.Image) -> Image.Image:
    """16 bits a pixel: the upper eight are kept."""
    if picture.mode == "F":
        raise DataError("pixels are floating-point numbers; save it with 8 or 16 bits")
    grey = Image.new("L", picture.size)
    for top, strip in _strips(picture):
        levels = np.clip(np.asarray(strip).astype(np.int32) >> 8, 0, 255).astype(np.uint8)
        grey.paste(Image.fromarray(levels), (0, top))
    return grey


def _over_paper(picture: Image.Image) -> Image.Image:
    """Lay a transparent picture over white, or over black where nothing would show on white (white ink)."""
    flat = Image.new("L" if picture.mode in GREY else "RGB", picture.size)
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
