"""Levels of augmentation: lists of pure functions (sample, rng) -> sample."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from cnnkit.data.sample import Sample
from cnnkit.data.transforms.affine import rotate_scale_shear
from cnnkit.data.transforms.colour import colour_jitter
from cnnkit.data.transforms.crop import padded_random_crop, shift
from cnnkit.data.transforms.erase import erase
from cnnkit.data.transforms.flip import alternating_flip
from cnnkit.data.transforms.scale import random_resized_crop
from cnnkit.errors import unknown_name

Transform = Callable[[Sample, np.random.Generator], Sample]
Levels = dict[str, list[Transform]]
# From this shorter side on, what an image shows is known at other sizes too.
LARGE_SIDE = 96

MILD_JITTER = partial(colour_jitter, brightness=0.2, contrast=0.2, saturation=0.2)
STRONG_JITTER = partial(colour_jitter, brightness=0.4, contrast=0.4, saturation=0.4, hue=0.05)
# The paper's range of areas, from 8 % on, is for a million images and a hundred epochs.
GENTLE_CROP = partial(random_resized_crop, scale=(0.5, 1.0))
WIDE_CROP = partial(random_resized_crop, scale=(0.25, 1.0))

# For images whose meaning a mirror keeps: photos above all.
SMALL_PHOTOS: Levels = {
    "none": [],
    "light": [alternating_flip, shift],
    "standard": [alternating_flip, padded_random_crop],
    "strong": [alternating_flip, padded_random_crop, rotate_scale_shear, STRONG_JITTER, erase],
}
LARGE_PHOTOS: Levels = {
    "none": [],
    "light": [GENTLE_CROP, alternating_flip],
    "standard": [GENTLE_CROP, MILD_JITTER, alternating_flip],
    "strong": [WIDE_CROP, STRONG_JITTER, erase, alternating_flip],
}
# For others, such as digits.
SIGNS: Levels = {
    "none": [],
    "light": [shift],
    "standard": [rotate_scale_shear, shift],
    "strong": [rotate_scale_shear, shift, erase],
}


def augmentation(level: str, *, mirror: bool, image_size: tuple[int, int]) -> list[Transform]:
    """The transforms of a level.   mirror: whether a mirrored image keeps its meaning.   image_size: (H, W)."""
    levels = SIGNS if not mirror else SMALL_PHOTOS if min(image_size) < LARGE_SIDE else LARGE_PHOTOS
    if level not in levels:
        raise unknown_name("augmentation", level, list(levels))
    return list(levels[level])


def transform(sample: Sample, transforms: Sequence[Transform], rng: np.random.Generator) -> Sample:
    """Apply them one after another."""
    for step in transforms:
        sample = step(sample, rng)
    return sample
