"""Changes that leave an image's meaning alone: pure functions (sample, rng, ...) -> sample."""

import math

import numpy as np
import numpy.typing as npt
from PIL import Image

from cnnkit.data.sample import Pixels, Sample


def shift(sample: Sample, rng: np.random.Generator, share: float = 1 / 14) -> Sample:
    """Move by up to `share` of each side (2 pixels of 28), each whole-pixel move equally likely; borders repeat."""
    H, W, _ = sample.image.shape
    most_y, most_x = max(1, round(H * share)), max(1, round(W * share))
    # One uniform number each: `rng.integers` costs more than the move itself.
    dy = int(rng.random() * (2 * most_y + 1)) - most_y
    dx = int(rng.random() * (2 * most_x + 1)) - most_x
    return sample.replace(image=shifted(sample.image, dy, dx))


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
    rows, columns = _cut(H, round(H * share), rng.random()), _cut(W, round(W * share), rng.random())
    return sample.replace(image=sample.image.take(rows, 0).take(columns, 1))


def _cut(side: int, padding: int, draw: float) -> npt.NDArray[np.int64]:
    """The pixels that a cut reads along one side: `draw` (from 0 to 1) chooses its place in the padded side."""
    padding = min(padding, side - 1)
    places = np.abs(np.arange(side) + int(draw * (2 * padding + 1)) - padding)
    return np.where(places < side, places, 2 * (side - 1) - places)


def alternating_flip(sample: Sample, rng: np.random.Generator) -> Sample:
    """Mirror left and right at every other turn, so that two epochs show both sides of each image.

    Source: Jordan 2024, arXiv:2404.00498, section 3.6.
    """
    return sample.replace(image=sample.image[:, ::-1]) if sample.turn % 2 else sample


def rotate_scale_shear(
    sample: Sample, rng: np.random.Generator, degrees: float = 10.0, scale: float = 0.1, shear: float = 0.1
) -> Sample:
    """Turn by up to ±degrees, grow by a factor within 1 ± scale, slant by up to ±shear, about the centre.

    An output pixel p reads the input at A⁻¹(p - centre) + centre, A = rotation · slant · scale, bilinear; outside lies
    the nearest border pixel. Source: the affine distortions of Simard, Steinkraus & Platt 2003.
    """
    angle = math.radians(degrees) * (2 * rng.random() - 1)
    size = 1 + scale * (2 * rng.random() - 1)
    slant = shear * (2 * rng.random() - 1)
    cosine, sine = math.cos(angle) / size, math.sin(angle) / size
    # A⁻¹ = scale⁻¹ · slant⁻¹ · rotation⁻¹
    inverse = (cosine + slant * sine, sine - slant * cosine, -sine, cosine)
    return sample.replace(image=affine(sample.image, inverse))


def affine(image: Pixels, inverse: tuple[float, float, float, float]) -> Pixels:
    """Resample: the output pixel at (x, y) from the centre reads the input at (a x + b y, c x + d y)."""
    H, W, C = image.shape
    a, b, c, d = inverse
    # Room around the image, filled with its border, for what the turn brings in.
    room_y, room_x = H // 4 + 1, W // 4 + 1
    padded = image.take(np.arange(-room_y, H + room_y), 0, mode="clip").take(
        np.arange(-room_x, W + room_x), 1, mode="clip"
    )
    y0, x0 = H / 2, W / 2
    data = (a, b, x0 + room_x - a * x0 - b * y0, c, d, y0 + room_y - c * x0 - d * y0)
    picture = Image.fromarray(padded[:, :, 0] if C == 1 else padded)
    turned = picture.transform((W, H), Image.Transform.AFFINE, data, Image.Resampling.BILINEAR)
    return np.array(turned, np.uint8).reshape(H, W, C)


def brightness_contrast(sample: Sample, rng: np.random.Generator, amount: float = 0.2) -> Sample:
    """pixel -> (pixel - 128) · contrast + 128 · brightness, both within 1 ± amount."""
    contrast = 1 + amount * (2 * rng.random() - 1)
    brightness = 1 + amount * (2 * rng.random() - 1)
    levels = np.clip((np.arange(256) - 128) * contrast + 128 * brightness, 0, 255).astype(np.uint8)
    return sample.replace(image=levels[sample.image])


def erase(sample: Sample, rng: np.random.Generator, p: float = 0.5, share: float = 0.15) -> Sample:
    """With probability p, fill a rectangle of up to `share` of the area with the image's mean.

    Source: Zhong, Zheng, Kang, Li & Yang 2017, arXiv:1708.04896.
    """
    if rng.random() >= p:
        return sample
    H, W, _ = sample.image.shape
    area, aspect = share * rng.random(), math.exp(0.7 * (2 * rng.random() - 1))
    height = min(H, max(1, round(H * math.sqrt(area * aspect))))
    width = min(W, max(1, round(W * math.sqrt(area / aspect))))
    top, left = int(rng.random() * (H - height + 1)), int(rng.random() * (W - width + 1))
    image = sample.image.copy()
    image[top : top + height, left : left + width] = _mean(image)
    return sample.replace(image=image)


def _mean(image: Pixels) -> npt.NDArray[np.float64]:
    return np.asarray(image.mean(axis=(0, 1)))
