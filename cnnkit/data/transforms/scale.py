"""Changes of size: pure functions (sample, rng, ...) -> sample. Pillow resamples, bilinear with antialiasing."""

import math

import numpy as np
from PIL import Image

from cnnkit.data.places.affine_map import AffineMap
from cnnkit.data.sample import Pixels, Sample

TRIES = 10


def resize(sample: Sample, rng: np.random.Generator, size: tuple[int, int]) -> Sample:
    """Scale the whole image to (height, width), out of shape if need be."""
    H, W, _ = sample.image.shape
    return _shown(sample, (0, 0, W, H), size)


def random_resized_crop(
    sample: Sample,
    rng: np.random.Generator,
    scale: tuple[float, float] = (0.08, 1.0),
    ratio: tuple[float, float] = (3 / 4, 4 / 3),
) -> Sample:
    """Cut a rectangle out anywhere and scale it back to the image's size.

    Args:
        scale: the rectangle's share of the area, evenly drawn.
        ratio: its width over its height, as a multiple of the image's, the logarithm evenly drawn.

    A rectangle that does not fit is drawn again, at most ten times; then the image stays whole. The defaults are the
    paper's. Source: Szegedy et al. 2014, arXiv:1409.4842, section 6.
    """
    H, W, _ = sample.image.shape
    low, high = math.log(ratio[0]), math.log(ratio[1])
    for _ in range(TRIES):
        share = scale[0] + (scale[1] - scale[0]) * rng.random()
        slant = math.exp(low + (high - low) * rng.random())
        height, width = H * math.sqrt(share / slant), W * math.sqrt(share * slant)
        if height <= H and width <= W:
            top, left = (H - height) * rng.random(), (W - width) * rng.random()
            box = (left, top, min(left + width, W), min(top + height, H))
            return _shown(sample, box, (H, W))
    return sample


def _shown(sample: Sample, box: tuple[float, float, float, float], size: tuple[int, int]) -> Sample:
    return sample.moved(resampled(sample.image, box, size), AffineMap.of_box(box, size))


def resampled(image: Pixels, box: tuple[float, float, float, float], size: tuple[int, int]) -> Pixels:
    """What lies in the box (x_min, y_min, x_max, y_max, in pixels, fractions too), scaled to (height, width)."""
    C = image.shape[2]
    picture = Image.fromarray(image[:, :, 0] if C == 1 else image)
    scaled = picture.resize((size[1], size[0]), Image.Resampling.BILINEAR, box)
    return np.array(scaled, np.uint8).reshape(*size, C)
