"""Windows of one size, cut from whole pictures of any size: pure functions (sample, rng, ...) -> sample."""

import math

import numpy as np

from cnnkit.data.places.affine_map import AffineMap
from cnnkit.data.sample import Pixels, Sample
from cnnkit.data.transforms.scale import resampled


def window(
    sample: Sample,
    rng: np.random.Generator,
    size: tuple[int, int],
    fill: tuple[int, ...],
    scale: tuple[float, float] = (1.0, 1.0),
) -> Sample:
    """Scale the picture by a factor evenly drawn from `scale`, and show `size` (height, width) of it, anywhere.

    Along a side that is then shorter than the window the whole of it is shown, anywhere too, and around it lies the
    colour `fill`, one level a channel. A mask is VOID there, so what was made up is neither learned nor measured. At
    factor 1 nothing is resampled, and a picture of the window's size is shown as it is.

    Source: Chen et al. 2016, arXiv:1606.00915, section 4.1 (scales from 0.5 to 1.5; in DeepLab v3, arXiv:1706.05587,
    section 4, from 0.5 to 2 with windows filled up by the mean colour).
    """
    times = scale[0] + (scale[1] - scale[0]) * rng.random()
    H, W, C = sample.image.shape
    top, height, y, h = _along(H, size[0], times, rng.random())
    left, width, x, w = _along(W, size[1], times, rng.random())
    shown = _read(sample.image, (left, top, left + width, top + height), (h, w))
    if (h, w) != size:
        inside, shown = shown, np.empty((*size, C), np.uint8)
        shown[:] = fill
        shown[y : y + h, x : x + w] = inside
    zoom_y, zoom_x = h / height, w / width
    return sample.moved(shown, AffineMap(zoom_x, 0.0, x - left * zoom_x, 0.0, zoom_y, y - top * zoom_y))


def _along(side: int, length: int, times: float, drawn: float) -> tuple[float, float, int, int]:
    """One side of a picture in one side of a window: (first pixel read, how many, first pixel written, how many).

    drawn: from 0 to 1, the place.
    """
    scaled = max(1, round(side * times))
    if scaled < length:
        return 0, side, int(drawn * (length - scaled + 1)), scaled
    if times == 1:
        return int(drawn * (side - length + 1)), length, 0, length
    read = min(length / times, side)
    return drawn * (side - read), read, 0, length


def _read(image: Pixels, box: tuple[float, float, float, float], size: tuple[int, int]) -> Pixels:
    """What lies in the box, scaled to `size`. Of a large picture only the pixels are touched that count."""
    left, top, right, bottom = box
    if (bottom - top, right - left) == size and left == int(left) and top == int(top):
        return np.ascontiguousarray(image[int(top) : int(bottom), int(left) : int(right)])
    # Where the picture gets smaller, a pixel is a mean over some that may lie beyond the box.
    margin = 1 + math.ceil(max(1.0, (bottom - top) / size[0], (right - left) / size[1]))
    y, x = max(0, int(top) - margin), max(0, int(left) - margin)
    near = np.ascontiguousarray(image[y : math.ceil(bottom) + margin, x : math.ceil(right) + margin])
    return resampled(near, (left - x, top - y, right - x, bottom - y), size)
