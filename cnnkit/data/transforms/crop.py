"""Cuts and moves by whole pixels: pure functions (sample, rng, ...) -> sample, nothing is resampled."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from cnnkit.data.places.affine_map import AffineMap
from cnnkit.data.sample import Pixels, Sample
from cnnkit.errors import ShapeError


def centre_crop(sample: Sample, rng: np.random.Generator, size: tuple[int, int]) -> Sample:
    """Cut (height, width) out of the middle; of an odd rest the smaller half is above and to the left."""
    H, W, _ = sample.image.shape
    height, width = size
    if not (1 <= height <= H and 1 <= width <= W):
        raise ShapeError(f"A crop of {height}x{width} does not fit into an image of {H}x{W}. Resize the image first.")
    top, left = (H - height) // 2, (W - width) // 2
    return sample.moved(sample.image[top : top + height, left : left + width], AffineMap.shift(-left, -top))


def shift(sample: Sample, rng: np.random.Generator, share: float = 1 / 14) -> Sample:
    """Move by up to `share` of each side (2 pixels of 28), each whole-pixel move equally likely; borders repeat."""
    H, W, _ = sample.image.shape
    most_y, most_x = max(1, round(H * share)), max(1, round(W * share))
    # One uniform number each: `rng.integers` costs more than the move itself.
    dy = int(rng.random() * (2 * most_y + 1)) - most_y
    dx = int(rng.random() * (2 * most_x + 1)) - most_x
    return sample.moved(shifted(sample.image, dy, dx), AffineMap.shift(dx, dy))


def shifted(image: Pixels, dy: int, dx: int) -> Pixels:
    """y[iy, ix] = image[iy - dy, ix - dx], the nearest border pixel where that lies outside. A copy."""
    H, W, _ = image.shape
    return image.take(np.arange(-dy, H - dy), 0, mode="clip").take(np.arange(-dx, W - dx), 1, mode="clip")


def padded_random_crop(sample: Sample, rng: np.random.Generator, share: float = 1 / 8) -> Sample:
    """Pad by `share` of each side (4 pixels of 32) with the mirrored border, and cut the image's size out anywhere.

    Source: Krizhevsky & Hinton's small images, cropped as in He et al. 2015, arXiv:1512.03385, section 4.2, where the
    padding is zero; a mirrored border shows the network no edges that are not there.
    """
    H, W, _ = sample.image.shape
    most_y, most_x = min(round(H * share), H - 1), min(round(W * share), W - 1)
    top = int(rng.random() * (2 * most_y + 1)) - most_y
    left = int(rng.random() * (2 * most_x + 1)) - most_x
    return sample.moved(sample.image.take(_cut(H, top), 0).take(_cut(W, left), 1), AffineMap.shift(-left, -top))


@lru_cache(1024)
def _cut(side: int, first: int) -> npt.NDArray[np.int64]:
    """The pixels along one side that a cut from pixel `first` on reads; making them takes as long as reading them."""
    places = np.abs(np.arange(side) + first)
    places = np.where(places < side, places, 2 * (side - 1) - places)
    places.flags.writeable = False
    return places
