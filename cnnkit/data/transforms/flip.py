"""Mirrors and quarter turns: pure functions (sample, rng, ...) -> sample."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from cnnkit.data.places.affine_map import AffineMap
from cnnkit.data.sample import Pixels, Sample


def horizontal_flip(sample: Sample, rng: np.random.Generator, p: float = 0.5) -> Sample:
    """Mirror left and right with probability p."""
    return _mirror(sample) if rng.random() < p else sample


def vertical_flip(sample: Sample, rng: np.random.Generator, p: float = 0.5) -> Sample:
    """Turn upside down with probability p: for pictures without an up and down, such as those from a microscope."""
    if rng.random() >= p:
        return sample
    return sample.moved(sample.image[::-1], AffineMap(yy=-1.0, y0=sample.image.shape[0]))


def alternating_flip(sample: Sample, rng: np.random.Generator) -> Sample:
    """Mirror left and right at every other turn, so that two epochs show both sides of each image.

    Source: Jordan 2024, arXiv:2404.00498, section 3.6.
    """
    return _mirror(sample) if sample.turn % 2 else sample


def quarter_turn(sample: Sample, rng: np.random.Generator) -> Sample:
    """Turn by 0, 90, 180 or 270 degrees against the clock; where height and width differ, by 0 or 180.

    With mirrors these are all eight ways in which a square lies: for pictures without an up and down.
    """
    H, W, _ = sample.image.shape
    quarters = int(rng.random() * 4) if H == W else 2 * int(rng.random() * 2)
    if quarters == 0:
        return sample
    turned = np.ascontiguousarray(np.rot90(sample.image, quarters))
    to_new = {
        1: AffineMap(0.0, 1.0, 0.0, -1.0, 0.0, W),
        2: AffineMap(-1.0, 0.0, W, 0.0, -1.0, H),
        3: AffineMap(0.0, -1.0, H, 1.0, 0.0, 0.0),
    }
    return sample.moved(turned, to_new[quarters])


def _mirror(sample: Sample) -> Sample:
    return sample.moved(mirrored(sample.image), AffineMap(xx=-1.0, x0=sample.image.shape[1]))


def mirrored(image: Pixels) -> Pixels:
    """y[iy, ix] = image[iy, W - 1 - ix]. A copy, for a view that runs backwards takes twice as long to read later."""
    return image.take(_backwards(image.shape[1]), 1)


@lru_cache(64)
def _backwards(side: int) -> npt.NDArray[np.int64]:
    places = np.arange(side)[::-1].copy()
    places.flags.writeable = False
    return places
