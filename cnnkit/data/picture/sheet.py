"""A contact sheet: many small pictures in one file, each with a few words below it."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cnnkit.data.sample import Pixels
from cnnkit.errors import UsageError
from cnnkit.serialize import files
from cnnkit.serialize.outputs import check_output

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
SIDE, GAP, TEXT_SIZE = 144, 8, 13
PAPER, INK = (255, 255, 255), (20, 20, 20)


@final
@dataclass(frozen=True)
class Tile:
    """image: uint8 (H, W, C) of any size, C = 1 or 3.   caption: the lines below it."""

    image: Pixels
    caption: tuple[str, ...] = ()


def contact_sheet(tiles: Sequence[Tile], *, columns: int | None = None, side: int = SIDE) -> Image.Image:
    """All tiles from left to right and from top to bottom, each fitted into a square of `side` pixels.

    columns: by default so many that the sheet is a little wider than high.
    """
    across = columns or max(1, round((1.6 * len(tiles)) ** 0.5))
    line = TEXT_SIZE + 4
    width, height = side + GAP, side + GAP + line * max((len(tile.caption) for tile in tiles), default=0)
    rows = -(-len(tiles) // across)
    sheet = Image.new("RGB", (GAP + across * width, GAP + max(rows, 1) * height), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(TEXT_SIZE)
    for place, tile in enumerate(tiles):
        left, top = GAP + place % across * width, GAP + place // across * height
        small = _fitted(tile.image, side)
        sheet.paste(small, (left + (side - small.width) // 2, top + (side - small.height) // 2))
        for k, text in enumerate(tile.caption):
            draw.text((left, top + side + 2 + k * line), fitting(text, font, side), INK, font)
    return sheet


def thumbnail(image: Pixels, side: int = SIDE) -> Pixels:
    """What a sheet shows of a large image, to keep in its place; a small one is kept as it is."""
    return image if max(image.shape[:2]) <= side else np.asarray(_fitted(image, side))


def check_sheet_path(path: Path, *, exist_ok: bool = False) -> None:
    """UsageError if a sheet cannot, or must not, be written there: to be asked before an hour of work."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"A sheet is a picture file that ends in {', '.join(SUFFIXES)}, but this is {path}.")
    check_output(path, exist_ok=exist_ok)


def save_sheet(path: Path, sheet: Image.Image) -> None:
    """Write the sheet in the format that its suffix names, whole or not at all."""
    buffer = io.BytesIO()
    sheet.save(buffer, {".png": "PNG", ".webp": "WEBP"}.get(path.suffix.lower(), "JPEG"), quality=90)
    files.write_atomic(path, buffer.getvalue())


def _fitted(image: Pixels, side: int) -> Image.Image:
    """Shrunk smoothly, or enlarged by a whole number so that each pixel can be seen."""
    picture = Image.fromarray(np.ascontiguousarray(image[:, :, 0] if image.shape[2] == 1 else image)).convert("RGB")
    longer = max(picture.size)
    if longer <= side:
        times = side // longer
        return picture.resize((picture.width * times, picture.height * times), Image.Resampling.NEAREST)
    size = (max(1, round(picture.width * side / longer)), max(1, round(picture.height * side / longer)))
    return picture.resize(size, Image.Resampling.BOX)


def fitting(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """The text on one line, its end left out where it is too long."""
    text = "".join(char if char.isprintable() else " " for char in text)[:width]
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text + "..."
