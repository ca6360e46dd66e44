"""What Python code hands over as pictures: arrays in either channel order, nested lists, files, Pillow images."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
from PIL import Image

from cnnkit.autograd import Tensor
from cnnkit.data.picture.pixel_range import WHITE, read_by
from cnnkit.data.picture.read import pixels as picture_pixels
from cnnkit.data.sample import Pixels
from cnnkit.data.sets.npz import channels_last
from cnnkit.errors import DataError, UsageError
from cnnkit.kernels.shared.array import Host

# One picture that is no array: a file, the bytes of one, or an image of Pillow's.
SINGLE = (str, Path, bytes, bytearray, memoryview, Image.Image)


@final
@dataclass(frozen=True)
class Unread:
    """One picture in an array, whose axes and range are not looked at yet."""

    array: Any


def is_array(given: Any) -> bool:
    """Whether NumPy reads it as a whole: its own arrays, tensors of torch and of ours, columns of pandas."""
    arrays = ("__array__", "toarray")
    return isinstance(given, Tensor) or (any(hasattr(given, n) for n in arrays) and not isinstance(given, SINGLE))


def array_of(given: Any, name: str) -> Host:
    """A NumPy array of it; DataError where there is none of numbers or texts. name: what it is, for messages."""
    if isinstance(given, Tensor):
        return given.numpy()
    if hasattr(given, "toarray"):
        raise DataError(f"{name} is sparse, a {type(given).__name__}. Give it as an array: its toarray().")
    if isinstance(given, np.ma.MaskedArray) and np.ma.is_masked(given):
        raise DataError(f"{name} has masked values, which would be taken for numbers. Fill them first: its filled(0).")
    try:
        return np.asarray(given)
    except ValueError as error:
        raise DataError(
            f"{name} is a {type(given).__name__} whose items are of different sizes, so it is no array ({error})."
        ) from error
    # The conversion is the other library's, which may refuse in its own way (a tensor on a GPU, say).
    except Exception as error:
        raise DataError(
            f"{name} is a {type(given).__module__}.{type(given).__name__} that NumPy cannot read: {error} "
            "Convert it to a NumPy array first."
        ) from error


def unpacked(given: Any, name: str) -> Any:
    """A list of what an array or a column of objects holds, such as paths; anything else as it is."""
    if is_array(given) and (array := array_of(given, name)).dtype.kind in "UO" and array.ndim == 1:
        return list(array)
    return given


def with_axes(images: Host, name: str, notes: list[str], like: tuple[int, int, int] | None = None) -> Host:
    """(n, H, W, C) of (n, H, W), (n, H, W, C) or (n, C, H, W), the numbers as they are; a change is told in `notes`.

    like: the (H, W, C) of a network, which decides where either order of axes could be meant.
    """
    if images.ndim == 4 and images.shape[1] in (1, 3) and images.shape[3] in (1, 3):
        first, last = (images.shape[2], images.shape[3], images.shape[1]), images.shape[1:]
        if like == first != last:
            images = images.transpose(0, 2, 3, 1)
        elif like != last:
            raise DataError(
                f"{name} is {images.shape}: it cannot be told which axis holds the channels. Expected "
                "(n, height, width, channels) or (n, channels, height, width), with more than 3 pixels on each side."
            )
    return channels_last(images, name, notes)


def pictures(given: Any, like: tuple[int, int, int], white: int) -> Iterator[Any]:
    """One picture after another: what is no array as it is, those of an array as uint8 (H, W, C), else Unread.

    given: one picture or several. An array of three axes is one picture if its last axis is 1 or 3, else (n, H, W).
    like: the (H, W, C) of the network.   white: what is white in arrays, as its record says.
    """
    if isinstance(given, SINGLE):
        yield given
        return
    if isinstance(given, Mapping):
        raise UsageError(f"Pictures are a list or an array, not a {type(given).__name__}. Pass its values as a list.")
    given = unpacked(given, "This array")
    if isinstance(given, list | tuple) and given:
        given = stacked(given)
    if is_array(given):
        yield from _of_array(array_of(given, "This array"), like, white)
        return
    try:
        items = iter(given)
    except TypeError:
        raise UsageError(
            f"A picture is a path, bytes, a Pillow image or an array, but this is a {type(given).__name__}."
        ) from None
    for item in items:
        yield item if isinstance(item, SINGLE) else Unread(item)


def one(given: Any, like: tuple[int, int, int] | None = None, white: int = WHITE, *, certain: bool = False) -> Pixels:
    """uint8 (H, W, C) of one picture in an array: (H, W), (H, W, C), (C, H, W), or (H, W, 4) with transparency last.

    white, certain: as for `read_by`.
    """
    image = array_of(given, "This picture")
    if image.dtype.kind in "OUS":
        several = " For several pictures: predict_many." if isinstance(given, list | tuple) else ""
        raise UsageError(
            f"A picture is a path, bytes, a Pillow image or an array, but this is a {type(given).__name__}.{several}"
        )
    if image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 4 and image.size:
        return picture_pixels(image)
    if image.ndim not in (2, 3) or (image.ndim == 3 and not {image.shape[0], image.shape[2]} & {1, 3}):
        raise DataError(
            f"A picture is of shape (height, width), (height, width, 1) or (height, width, 3), but this is "
            f"{image.dtype} {image.shape}. One picture at a time; predict_many takes several."
        )
    if like is not None:
        _check_no_rows(image, like)
    if not image.size:
        raise DataError(f"This picture has no pixels: {image.shape}.")
    picture = with_axes(image[None], "A picture", [], like)
    found: Pixels = read_by(picture, "A picture", white, certain=certain)[0]
    return found


def _check_no_rows(images: Host, like: tuple[int, int, int]) -> None:
    """Refuse pixels in rows, which would pass for one picture, wide and low."""
    H, W, C = like
    if images.ndim == 2 and images.shape[1] == H * W * C and images.shape != (H, W):
        sides = f"{H}, {W}" + (f", {C}" if C > 1 else "")
        raise DataError(
            f"This array is {images.shape}: it seems to hold pixels in rows. Give pictures their sides: "
            f"reshape(-1, {sides})."
        )


def stacked(given: list[Any] | tuple[Any, ...]) -> Any:
    """A list of arrays of one size and kind as one array (n, …), so that pixels of all of them tell their range.

    Floats beside bytes stay apart: in one array those of 0 to 1 would be black.
    """
    if not all(is_array(item) or isinstance(item, list | tuple) for item in given):
        return given
    arrays = [array_of(item, "A picture") for item in given]
    kinds = {"i" if array.dtype.kind == "u" else array.dtype.kind for array in arrays}
    if len({array.shape for array in arrays}) > 1 or len(kinds) > 1 or arrays[0].ndim < 2:
        return arrays if arrays[0].ndim > 1 else array_of(given, "This list")
    several = np.stack(arrays)
    return several[..., None] if several.ndim == 3 else several


def _of_array(images: Host, like: tuple[int, int, int], white: int) -> Iterator[Pixels]:
    H, W, C = like
    if images.ndim == 3 and images.shape == (C, H, W) and C > 1:
        raise DataError(
            f"This array is {images.shape}: one picture with its channels first, or {C} grey ones? Pass images[None] "
            "for one picture, images[..., None] for grey ones."
        )
    _check_no_rows(images, like)
    if images.ndim == 2 or (images.ndim == 3 and images.shape[2] in (1, 3) and images.shape[1:] != (H, W)):
        images = images[None]
    elif images.ndim not in (3, 4):
        raise DataError(
            f"Pictures are an array (n, height, width) or (n, height, width, channels), but this is {images.dtype} "
            f"{images.shape}."
        )
    if images.ndim == 4 and images.shape[3] == 4:
        yield from (one(image, like, white) for image in images)
    elif len(images):
        yield from read_by(with_axes(images, "The array", [], like), "The array", white)
