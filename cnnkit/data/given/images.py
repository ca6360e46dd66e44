"""The images of one part, as Python code hands them over, in one array of pixels."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from PIL import Image

from cnnkit.data.given.pictures import SINGLE, array_of, is_array, one, stacked, unpacked, with_axes
from cnnkit.data.picture.pixel_range import WHITE, Span, read_by, span_of, white_of
from cnnkit.data.picture.read import read_picture
from cnnkit.data.sample import Pixels
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.data.view.view import view
from cnnkit.errors import DataError, ResourceError, UsageError
from cnnkit.kernels.shared.array import Host


@final
@dataclass(frozen=True)
class Images:
    """What images should be.

    size, grey: of pictures given one by one.   room: bytes that they may take.
    image: what brings one picture to a network's size and colour, where there is a network already.
    white: what is white in arrays, as the network's record says.
    """

    size: tuple[int, int] | None
    grey: bool | None
    room: int | None = None
    image: Callable[[Any], Pixels] | None = None
    white: int | None = None


def images_of(given: Any, name: str, notes: list[str], wanted: Images) -> Host:
    """(n, H, W, C) of an array, with its own numbers unless white is known, or uint8 of pictures in a list.

    What was decided is added to `notes`.
    """
    if isinstance(given, SINGLE):
        raise DataError(
            f"{name} is a {type(given).__name__}, expected an array of images or a list of pictures. A folder or a "
            "file of data is given alone, by its name."
        )
    given = unpacked(given, name)
    if not is_array(given):
        try:
            given = list(given)
        except TypeError:
            raise DataError(f"{name} is a {type(given).__name__}, expected an array of images.") from None
        if given and not any(isinstance(item, SINGLE) for item in given):
            several = stacked(given)
            if wanted.size is None or not is_array(several) or _sides(several) == tuple(wanted.size):
                given = several
    if is_array(given):
        images = array_of(given, name)
        if not images.shape or not len(images):
            raise DataError(f"{name} holds no images: its shape is {images.shape}.")
        if images.ndim < 3:
            raise DataError(
                f"{name} is {images.dtype} {images.shape}; images are (n, height, width), (n, height, width, channels) "
                "or (n, channels, height, width). Rows of pixels need their sides: X.reshape(-1, 28, 28), say."
            )
        if wanted.size is not None and tuple(wanted.size) != _sides(images):
            raise UsageError(
                f"{name} is {images.shape}: images in an array are used as they are. image_size is for pictures that "
                "are given one by one, in a list."
            )
        images = with_axes(images, name, notes)
        return images if wanted.white is None else read_by(images, name, wanted.white)
    return _one_by_one(given, name, wanted)


def _sides(images: Any) -> tuple[int, int]:
    first = images.ndim == 4 and images.shape[3] not in (1, 3)
    return (images.shape[2], images.shape[3]) if first else (images.shape[1], images.shape[2])


def _one_by_one(given: list[Any], name: str, wanted: Images) -> Pixels:
    if not given:
        raise DataError(f"{name} holds no images.")
    white = WHITE if wanted.image else _white_of(given, name)
    read = wanted.image or (lambda picture: _sized(picture, wanted.size, white))
    found, taken = [], 0
    for number, picture in enumerate(given):
        try:
            found.append(read(picture))
        except DataError as error:
            raise DataError(f"{name}, picture {number} (counted from 0): {error}") from error
        taken += found[-1].nbytes
        if wanted.room is not None and taken > wanted.room:
            raise ResourceError(
                f"{name}: the first {number + 1:,} of {len(given):,} pictures take {taken / 1e6:,.0f} MB, more than "
                f"the {wanted.room / 1e6:,.0f} MB that images may take. Pass a smaller image_size, or the "
                "folder that they are in."
            )
    return _of_one_size([_coloured(image, _is_grey(found, wanted.grey)) for image in found], name)


def _white_of(given: list[Any], name: str) -> int:
    """What is white in the arrays among these pictures, told from all of them together."""
    arrays = [array_of(picture, name) for picture in given if not isinstance(picture, SINGLE)]
    spans = [span for array in arrays if array.ndim > 1 and (span := span_of(array)) is not None]
    if not spans:
        return WHITE
    low, high = min(span.low for span in spans), max(span.high for span in spans)
    fractions = [span.high for span in spans if not span.whole]
    if fractions and max(fractions) <= 1 < high:
        raise DataError(
            f"{name} mixes arrays of 0 to 1 with others of 0 to {high:g}. Save all of them alike, best as uint8, 0 to "
            "255."
        )
    whole, integers = all(span.whole for span in spans), all(span.integers for span in spans)
    return white_of({name: Span(low, high, whole, integers)})


def _sized(picture: Any, size: tuple[int, int] | None, white: int) -> Pixels:
    """uint8 (H, W, 1 or 3), upright; its middle, scaled to the size, where there is one."""
    source: Any = picture if isinstance(picture, SINGLE) else one(picture, white=white, certain=True)
    upright = read_picture(source)
    H, W = size or (upright.height, upright.width)
    C = 1 if upright.mode == "L" else 3
    return view(upright, Preprocessing(H, W, C, (0.5,) * C, (0.5,) * C))[0]


def _is_grey(images: list[Pixels], grey: bool | None) -> bool | None:
    """Whether all are to be grey; None where they are what they should be."""
    channels = {image.shape[2] for image in images}
    return grey if grey is not None else (False if len(channels) > 1 else None)


def _coloured(image: Pixels, grey: bool | None) -> Pixels:
    if grey is None or (image.shape[2] == 1) == grey:
        return image
    return np.repeat(image, 3, axis=2) if not grey else np.array(Image.fromarray(image).convert("L"))[:, :, None]


def _of_one_size(images: list[Pixels], name: str) -> Pixels:
    sizes = list(dict.fromkeys(image.shape[:2] for image in images))
    if len(sizes) > 1:
        (H, W), (other_h, other_w) = sizes[:2]
        raise DataError(
            f"{name} holds pictures of {len(sizes)} sizes, such as {H}x{W} and {other_h}x{other_w}. "
            "Bring them to one, or let image_size=64 do so."
        )
    return np.stack(images)
