"""A picture as it is explained: the pixels to draw upon, the image that the network reads, and how they lie."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import final

import numpy as np
from PIL import Image

from cnnkit.data.picture.read import WHOLE, Source, read_picture
from cnnkit.data.sample import Pixels
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.data.view.view import View, load_view

# The longest side of the picture that an explanation keeps to draw upon.
LONGEST = 1024
# By how much a picture that is too large is made smaller, again and again.
SMALLER = 0.8


@final
@dataclass(frozen=True, eq=False)
class Prepared:
    """picture, image, view: as an Explanation has them.   notes: what was done to the picture."""

    picture: Pixels
    image: Pixels
    view: View | None
    notes: list[str] = field(default_factory=list)


def prepared(source: Source, preprocessing: Preprocessing, fits: Callable[[tuple[int, int]], bool]) -> Prepared:
    """Read a picture.

    fits: whether an image of (height, width) is computed at once; a picture that keeps its size is made so small.

    Raises:
        DataError: it cannot be read.
    """
    notes: list[str] = []
    if preprocessing.keeps_size:
        source = _fitting(source, preprocessing.white, fits, notes)
    image, view = load_view(source, preprocessing)
    picture, view = _to_draw_upon(source, view, preprocessing.white)
    return Prepared(picture, image, view, notes)


def _fitting(source: Source, white: int, fits: Callable[[tuple[int, int]], bool], notes: list[str]) -> Source:
    picture = read_picture(source, white=white)
    size = full = (picture.height, picture.width)
    while not fits(size) and min(size) > 1:
        size = (max(1, int(size[0] * SMALLER)), max(1, int(size[1] * SMALLER)))
    if size == full:
        return source
    notes.append(
        f"The picture was made smaller, from {full[0]}x{full[1]} to {size[0]}x{size[1]} pixels, for all maps of one "
        "image have to be there at once. What is explained is the smaller one."
    )
    return picture.resize(size[::-1], Image.Resampling.BILINEAR)


def _to_draw_upon(source: Source, view: View | None, white: int) -> tuple[Pixels, View | None]:
    """uint8 (height, width, C), not too large, and how it lies in the image."""
    picture = read_picture(source, at_least=LONGEST, whole=WHOLE, white=white)
    scale = LONGEST / max(picture.size)
    if scale < 1:
        small = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        picture = picture.resize(small, Image.Resampling.BILINEAR)
    pixels = np.asarray(picture)
    pixels = pixels[:, :, None] if pixels.ndim == 2 else pixels
    if view is None:
        return pixels, None
    height, width = pixels.shape[:2]
    scales = (view.scale[0] * view.size[0] / height, view.scale[1] * view.size[1] / width)
    return pixels, replace(view, scale=scales, size=(height, width))
