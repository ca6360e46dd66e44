"""Turns, slants and changes of size about the centre: pure functions (sample, rng, ...) -> sample."""

import math

import numpy as np
from PIL import Image

from cnnkit.data.places.affine_map import AffineMap
from cnnkit.data.sample import Pixels, Sample


def rotate_scale_shear(
    sample: Sample,
    rng: np.random.Generator,
    degrees: float = 10.0,
    scale: float = 0.1,
    shear: float = 0.1,
    mirrored: bool = False,
) -> Sample:
    """Turn by up to ±degrees, grow by a factor within 1 ± scale, slant by up to ±shear, about the centre.

    An output pixel p reads the input at A⁻¹(p - centre) + centre, A = rotation · slant · scale, bilinear; outside lies
    the nearest border pixel, or the image `mirrored`.

    Source: the affine distortions of Simard, Steinkraus & Platt 2003.
    """
    angle = math.radians(degrees) * (2 * rng.random() - 1)
    size = 1 + scale * (2 * rng.random() - 1)
    slant = shear * (2 * rng.random() - 1)
    cosine, sine = math.cos(angle) / size, math.sin(angle) / size
    # A⁻¹ = scale⁻¹ · slant⁻¹ · rotation⁻¹
    inverse = (cosine + slant * sine, sine - slant * cosine, -sine, cosine)
    H, W, _ = sample.image.shape
    return sample.moved(affine(sample.image, inverse, mirrored), _about((H / 2, W / 2), inverse).inverse())


def affine(image: Pixels, inverse: tuple[float, float, float, float], mirrored: bool = False) -> Pixels:
    """Resample: the output pixel at (x, y) from the centre reads the input at (a x + b y, c x + d y)."""
    H, W, C = image.shape
    a, b, c, d = inverse
    # Room around the image for what the turn brings in.
    room_y, room_x = H // 4 + 1, W // 4 + 1
    padded = with_room(image, (room_y, room_x), mirrored)
    y0, x0 = H / 2, W / 2
    data = (a, b, x0 + room_x - a * x0 - b * y0, c, d, y0 + room_y - c * x0 - d * y0)
    picture = Image.fromarray(padded[:, :, 0] if C == 1 else padded)
    turned = picture.transform((W, H), Image.Transform.AFFINE, data, Image.Resampling.BILINEAR)
    return np.array(turned, np.uint8).reshape(H, W, C)


def with_room(image: Pixels, room: tuple[int, int], mirrored: bool) -> Pixels:
    """The image with so many rows and columns more on each side: its border again and again, or mirrored."""
    for axis, more in enumerate(room):
        side = image.shape[axis]
        places = np.arange(-more, side + more)
        if mirrored:
            places = np.where(places % (2 * side) < side, places, -1 - places) % side
        image = image.take(places, axis, mode="clip")
    return image


def _about(centre: tuple[float, float], linear: tuple[float, float, float, float]) -> AffineMap:
    """p -> linear(p - centre) + centre."""
    y0, x0 = centre
    a, b, c, d = linear
    return AffineMap(a, b, x0 - a * x0 - b * y0, c, d, y0 - c * x0 - d * y0)
