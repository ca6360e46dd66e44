"""Levels of augmentation: lists of pure functions (sample, rng) -> sample."""

from collections.abc import Callable, Sequence

import numpy as np

from cnnkit.data.sample import Sample
from cnnkit.data.transforms.image import (
    alternating_flip,
    brightness_contrast,
    erase,
    padded_random_crop,
    rotate_scale_shear,
    shift,
)
from cnnkit.errors import unknown_name

Transform = Callable[[Sample, np.random.Generator], Sample]
# For images whose meaning a mirror keeps, photos above all, and for others, such as digits.
PHOTOS: dict[str, list[Transform]] = {
    "none": [],
    "light": [alternating_flip, shift],
    "standard": [alternating_flip, padded_random_crop],
    "strong": [alternating_flip, padded_random_crop, rotate_scale_shear, erase, brightness_contrast],
}
SIGNS: dict[str, list[Transform]] = {
    "none": [],
    "light": [shift],
    "standard": [rotate_scale_shear, shift],
    "strong": [rotate_scale_shear, shift, erase],
}


def augmentation(level: str, *, mirror: bool, image_size: tuple[int, int]) -> list[Transform]:
    """The transforms of a level.   mirror: whether a mirrored image keeps its meaning.   image_size: (H, W)."""
    levels = PHOTOS if mirror else SIGNS
    if level not in levels:
        raise unknown_name("augmentation", level, list(levels))
    return list(levels[level])


def transform(sample: Sample, transforms: Sequence[Transform], rng: np.random.Generator) -> Sample:
    """Apply them one after another."""
    for step in transforms:
        sample = step(sample, rng)
    return sample
