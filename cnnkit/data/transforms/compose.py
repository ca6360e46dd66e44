"""Levels of augmentation: lists of pure functions (sample, rng) -> sample."""

import difflib
from collections.abc import Callable, Sequence

import numpy as np

from cnnkit.data.sample import Sample
from cnnkit.data.transforms.image import brightness_contrast, erase, horizontal_flip, rotate_scale_shear, shift
from cnnkit.errors import UsageError

Transform = Callable[[Sample, np.random.Generator], Sample]
LEVELS: dict[str, list[Transform]] = {
    "none": [],
    "light": [shift],
    "standard": [rotate_scale_shear, shift],
    "strong": [rotate_scale_shear, shift, erase],
}


def augmentation(level: str, *, mirror: bool) -> list[Transform]:
    """The transforms of a level. `mirror`: images are photos, also flipped and, at "strong", changed in light."""
    if level not in LEVELS:
        close = difflib.get_close_matches(level, LEVELS, 1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise UsageError(f"There is no augmentation {level!r}; expected one of {', '.join(LEVELS)}.{hint}")
    transforms = list(LEVELS[level])
    if mirror and transforms:
        transforms.insert(0, horizontal_flip)
    if mirror and level == "strong":
        transforms.append(brightness_contrast)
    return transforms


def transform(sample: Sample, transforms: Sequence[Transform], rng: np.random.Generator) -> Sample:
    """Apply them one after another."""
    for step in transforms:
        sample = step(sample, rng)
    return sample
