"""Holes: pure functions (sample, rng, ...) -> sample that fill a part of the image with its mean."""

import math

import numpy as np

from cnnkit.data.sample import Pixels, Sample
from cnnkit.data.transforms.colour import mean_pixel


def cutout(sample: Sample, rng: np.random.Generator, share: float = 1 / 2) -> Sample:
    """Fill a square of `share` of the shorter side (16 pixels of 32); its centre is as likely at every pixel.

    Near the border a part of the square lies outside. Source: DeVries & Taylor 2017, arXiv:1708.04552.
    """
    H, W, _ = sample.image.shape
    side = max(1, round(min(H, W) * share))
    top, left = int(rng.random() * H) - side // 2, int(rng.random() * W) - side // 2
    return sample.replace(image=_filled(sample.image, top, top + side, left, left + side))


def erase(sample: Sample, rng: np.random.Generator, p: float = 0.5, share: float = 0.15) -> Sample:
    """With probability p, fill a rectangle of up to `share` of the area.

    Source: Zhong, Zheng, Kang, Li & Yang 2017, arXiv:1708.04896.
    """
    if rng.random() >= p:
        return sample
    H, W, _ = sample.image.shape
    area, aspect = share * rng.random(), math.exp(0.7 * (2 * rng.random() - 1))
    height = min(H, max(1, round(H * math.sqrt(area * aspect))))
    width = min(W, max(1, round(W * math.sqrt(area / aspect))))
    top, left = int(rng.random() * (H - height + 1)), int(rng.random() * (W - width + 1))
    return sample.replace(image=_filled(sample.image, top, top + height, left, left + width))


def _filled(image: Pixels, top: int, bottom: int, left: int, right: int) -> Pixels:
    filled = image.copy()
    filled[max(top, 0) : bottom, max(left, 0) : right] = mean_pixel(image)
    return filled
