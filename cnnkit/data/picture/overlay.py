"""A mask drawn over its picture: each class in its colour, a thin line along its border, and what the colours mean."""

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from cnnkit.data.picture.sheet import INK, PAPER, fitting
from cnnkit.data.sample import Pixels
from cnnkit.data.targets import VOID

Colour = tuple[int, int, int]
OPACITY = 0.45
# A class in black is drawn by nothing: it is the background, as in VOC's palette.
BACKGROUND = (0, 0, 0)
# How far the line along a border is lightened, and the longer side of a picture for each pixel of its width.
LIGHTER, SIDE_A_PIXEL = 0.35, 1000
# Rows that are blended at once, so that a photo of 12 megapixels takes no ten times its size.
BAND = 256
SWATCH, GAP, TEXT_SIZE = 14, 8, 13


def overlay(
    picture: Pixels, labels: npt.NDArray[np.uint8], colours: Sequence[Colour], opacity: float = OPACITY
) -> Pixels:
    """(H, W, 3): the picture under its mask.

    Args:
        picture: uint8 (H, W, C), C = 1 or 3.
        labels: uint8 (H, W); where they are VOID, or of no colour, the picture stays as it is.
        colours: red, green and blue of each class.
        opacity: from 0, the picture alone, to 1, the mask alone.
    """
    H, W = labels.shape
    tints, drawn = _table(colours)
    lines = border(labels, width=max(1, round(max(H, W) / SIDE_A_PIXEL)))
    drawing = np.empty((H, W, 3), np.uint8)
    for top in range(0, H, BAND):
        rows = slice(top, top + BAND)
        share = np.where(lines[rows], max(opacity, 0.9), opacity) * drawn[labels[rows]]
        paint = tints[labels[rows]]
        paint += np.where(lines[rows], LIGHTER, 0.0).astype(np.float32)[..., None] * (255 - paint)
        share = share.astype(np.float32)[..., None]
        drawing[rows] = picture[rows] * (1 - share) + paint * share + np.float32(0.5)
    return drawing


def painted(labels: npt.NDArray[np.uint8], colours: Sequence[Colour]) -> Pixels:
    """(H, W, 3): the mask alone, each class in its colour, VOID in white."""
    table = np.full((VOID + 1, 3), 255, np.uint8)
    table[: len(colours)] = np.array(colours, np.uint8).reshape(-1, 3)
    return table[labels]


def border(labels: npt.NDArray[np.uint8], width: int = 1) -> npt.NDArray[np.bool_]:
    """(H, W): pixels of a class with another class, or VOID, at most `width` above, below, to the left or right."""
    lines = np.zeros(labels.shape, bool)
    for k in range(1, width + 1):
        differ = labels[k:] != labels[:-k]
        lines[k:] |= differ
        lines[:-k] |= differ
        differ = labels[:, k:] != labels[:, :-k]
        lines[:, k:] |= differ
        lines[:, :-k] |= differ
    return lines


def legend(names: Sequence[str], colours: Sequence[Colour], width: int, text_size: int = TEXT_SIZE) -> Image.Image:
    """What the colours mean, in rows of at most `width` pixels: a swatch and a name for each class."""
    font = ImageFont.load_default(text_size)
    swatch, gap = round(SWATCH * text_size / TEXT_SIZE), round(GAP * text_size / TEXT_SIZE)
    texts = [fitting(name, font, max(1, width - swatch - 3 * gap)) for name in names]
    places, x, y, line = [], gap, gap, swatch + gap
    for text in texts:
        needed = swatch + gap // 2 + round(font.getlength(text))
        if x > gap and x + needed + gap > width:
            x, y = gap, y + line
        places.append((x, y))
        x += needed + 2 * gap
    sheet = Image.new("RGB", (width, y + line if texts else 1), PAPER)
    draw = ImageDraw.Draw(sheet)
    for (x, y), text, colour in zip(places, texts, colours, strict=True):
        draw.rectangle((x, y, x + swatch - 1, y + swatch - 1), fill=tuple(colour), outline=INK)
        draw.text((x + swatch + gap // 2, y + swatch // 2), text, INK, font, anchor="lm")
    return sheet


def below(picture: Image.Image, strip: Image.Image) -> Image.Image:
    """A picture with a strip, such as a legend, below it."""
    both = Image.new("RGB", (max(picture.width, strip.width), picture.height + strip.height), PAPER)
    both.paste(picture, (0, 0))
    both.paste(strip, (0, picture.height))
    return both


def png(image: Image.Image) -> bytes:
    """The bytes of a file."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def jpeg(image: Image.Image) -> bytes:
    """The bytes of a file, with colours in full resolution: a line along a border is a pixel wide."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90, subsampling=0)
    return buffer.getvalue()


def _table(colours: Sequence[Colour]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """((256, 3) the colour of each label, (256,) whether it is drawn)."""
    tints, drawn = np.zeros((VOID + 1, 3), np.float32), np.zeros(VOID + 1, bool)
    for label, colour in enumerate(colours):
        tints[label], drawn[label] = colour, tuple(colour) != BACKGROUND
    drawn[VOID] = False
    return tints, drawn
