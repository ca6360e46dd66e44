"""The images that the network is most wrong about, with what was said: wrong labels and bad pictures are among them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from cnnkit.data.picture.sheet import SIDE, Tile, contact_sheet, thumbnail
from cnnkit.data.sample import Pixels
from cnnkit.pages.draw.data import jpeg, png
from cnnkit.pages.page.blocks import Block, Picture, Pictures, Words
from cnnkit.pages.report.section import Seen
from cnnkit.tasks.classification.worst import TopLoss

if TYPE_CHECKING:
    from PIL.Image import Image

# Sides up to here are kept pixel by pixel.
SMALL = 64


def blocks(seen: Seen) -> Iterator[Block]:
    judged = seen.review.judged
    if judged is None or not judged.worst:
        return
    tiles = [list(tiles) for _, tiles in judged.worst]
    across = max(map(len, tiles))
    # What is drawn over a picture has words and edges to be read.
    side = SIDE if across == 1 else 2 * SIDE
    rows = [
        [picture(tile, _lines(seen, row, number), side) for tile in shown]
        for number, (row, shown) in enumerate(judged.worst, 1)
    ]
    shown = [[one for row in rows for one in row]] if across == 1 else rows
    flat = [tile for row in tiles for tile in row]
    sheet = contact_sheet(flat) if across == 1 else contact_sheet(flat, columns=across, side=2 * SIDE)
    own = f"worst.{seen.review.papers.kind.name}"
    key = own if f"report.{own}" in seen.texts else "worst.caption"
    yield Words(seen.words(key, images=len(tiles)), quiet=True)
    yield Pictures("worst", shown, sheet_png(sheet))


def picture(tile: Tile, lines: tuple[str, ...] = (), side: int = SIDE) -> Picture:
    """A tile of a sheet, as a page shows it.   lines: below it; by default those of the sheet."""
    told = lines or tile.caption
    return Picture(small_file(tile.image, side), ", ".join(told), tuple(line.replace(" %", "\u00a0%") for line in told))


def _lines(seen: Seen, row: object, number: int) -> tuple[str, ...]:
    """Of a classifier's answer, in the language of the page; other tasks draw what they say."""
    if not isinstance(row, TopLoss):
        return ()
    said = seen.words("worst.said", answer=row.answer, score=f"{100 * row.score:.0f}")
    return f"{number}. {row.truth}", said, seen.words("worst.loss", loss=f"{row.loss:.2f}")


def small_file(image: Pixels, side: int = SIDE) -> bytes:
    """A picture's file no larger than `side`: a small one pixel by pixel, a photo as JPEG."""
    if max(image.shape[:2]) <= SMALL:
        return png(enlarged(image, side))
    return jpeg(thumbnail(image, side))


def enlarged(image: Pixels, side: int) -> Pixels:
    """By a whole number, so that each pixel can be seen."""
    times = max(1, side // max(image.shape[:2]))
    return image.repeat(times, axis=0).repeat(times, axis=1)


def sheet_png(sheet: "Image") -> bytes:
    """The file of a contact sheet."""
    return png(np.asarray(sheet))
