"""Levels of augmentation, made of a few changes, each a pure function (sample, rng) -> sample."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import final

import numpy as np

from cnnkit.data.sample import Sample
from cnnkit.data.transforms.affine import rotate_scale_shear
from cnnkit.data.transforms.colour import colour_jitter
from cnnkit.data.transforms.crop import padded_random_crop, shift
from cnnkit.data.transforms.elastic import elastic
from cnnkit.data.transforms.erase import erase
from cnnkit.data.transforms.flip import alternating_flip, quarter_turn
from cnnkit.data.transforms.scale import random_resized_crop
from cnnkit.data.transforms.things import expand, iou_crop
from cnnkit.data.transforms.window import window
from cnnkit.errors import UsageError, unknown_name

Transform = Callable[[Sample, np.random.Generator], Sample]
Changes = dict[str, Transform]
# From this shorter side on, what an image shows is known at other sizes too.
LARGE_SIDE = 96

MILD_JITTER = partial(colour_jitter, brightness=0.2, contrast=0.2, saturation=0.2)
STRONG_JITTER = partial(colour_jitter, brightness=0.4, contrast=0.4, saturation=0.4, hue=0.05)
# The paper's range of areas, from 8 % on, is for a million images and a hundred epochs.
GENTLE_CROP = partial(random_resized_crop, scale=(0.5, 1.0))
WIDE_CROP = partial(random_resized_crop, scale=(0.25, 1.0))
# How much larger or smaller a window shows its picture. DeepLab's range, and half of it in octaves.
SCALES, GENTLE_SCALES = (0.5, 2.0), (0.7, 1.4)
# What lies outside is not asked for, but seen beside what is: a mirrored picture looks most like more of it.
MIRRORED_ROTATION = partial(rotate_scale_shear, mirrored=True)


@final
@dataclass(frozen=True)
class Kind:
    """Levels for a kind of images.

    alone: every change, in the order in which they are made, as it is where a level lacks it and it is asked for.
    window: what is made before all where nothing else cuts a window; None where images have their size already.
    """

    alone: Changes
    levels: dict[str, Changes]
    window: Transform | None = None


# For images whose meaning a mirror keeps: photos above all.
SMALL_PHOTOS = Kind(
    alone={
        "flip": alternating_flip,
        "crop": shift,
        "rotate": rotate_scale_shear,
        "turn": quarter_turn,
        "elastic": elastic,
        "colour": MILD_JITTER,
        "erase": erase,
    },
    levels={
        "none": {},
        "light": {"flip": alternating_flip, "crop": shift},
        "standard": {"flip": alternating_flip, "crop": padded_random_crop},
        "strong": {
            "flip": alternating_flip,
            "crop": padded_random_crop,
            "rotate": rotate_scale_shear,
            "colour": STRONG_JITTER,
            "erase": erase,
        },
    },
)
LARGE_PHOTOS = Kind(
    alone={
        "crop": GENTLE_CROP,
        "rotate": rotate_scale_shear,
        "turn": quarter_turn,
        "elastic": elastic,
        "colour": MILD_JITTER,
        "erase": erase,
        "flip": alternating_flip,
    },
    levels={
        "none": {},
        "light": {"crop": GENTLE_CROP, "flip": alternating_flip},
        "standard": {"crop": GENTLE_CROP, "colour": MILD_JITTER, "flip": alternating_flip},
        "strong": {"crop": WIDE_CROP, "colour": STRONG_JITTER, "erase": erase, "flip": alternating_flip},
    },
)
# For others, such as digits.
SIGNS = Kind(
    alone={
        "flip": alternating_flip,
        "rotate": rotate_scale_shear,
        "turn": quarter_turn,
        "elastic": elastic,
        "crop": shift,
        "colour": MILD_JITTER,
        "erase": erase,
    },
    levels={
        "none": {},
        "light": {"crop": shift},
        "standard": {"rotate": rotate_scale_shear, "crop": shift},
        "strong": {"rotate": rotate_scale_shear, "crop": shift, "erase": erase},
    },
)


def with_masks(size: tuple[int, int], fill: tuple[int, ...]) -> Kind:
    """For pictures with masks, of which windows of `size` (H, W) are shown; `fill` is the colour around small ones.

    A crop is a window at any scale. Nothing is erased: the mask would still ask what lies behind the hole.
    """
    gentle, wide = (
        partial(window, size=size, fill=fill, scale=GENTLE_SCALES),
        partial(window, size=size, fill=fill, scale=SCALES),
    )
    return Kind(
        window=partial(window, size=size, fill=fill),
        alone={
            "crop": wide,
            "rotate": MIRRORED_ROTATION,
            "turn": quarter_turn,
            "elastic": elastic,
            "colour": MILD_JITTER,
            "flip": alternating_flip,
        },
        levels={
            "none": {},
            "light": {"crop": gentle, "flip": alternating_flip},
            "standard": {"crop": wide, "flip": alternating_flip},
            "strong": {
                "crop": wide,
                "rotate": MIRRORED_ROTATION,
                "elastic": elastic,
                "colour": STRONG_JITTER,
                "flip": alternating_flip,
            },
        },
    )


def of_things(names: Iterable[str], fill: tuple[int, ...]) -> Changes:
    """Those of "expand" and "iou_crop" that are named, in the order in which they are made; `fill` is the ground."""
    own: Changes = {"expand": partial(expand, fill=fill), "iou_crop": iou_crop}
    return {name: change for name, change in own.items() if name in names}


def augmentation(
    level: str,
    changes: Mapping[str, bool] | None = None,
    *,
    mirror: bool,
    image_size: tuple[int, int],
    fill: tuple[int, ...] | None = None,
    things: Changes | None = None,
) -> Changes:
    """The transforms of a level, by name, in the order in which they are made.

    changes: flip, turn, crop, rotate, elastic, colour or erase -> whether it is made, whatever the level says.
    mirror: whether a mirrored image keeps its meaning.   image_size: (H, W).
    fill: where images have masks and windows of them are shown, the colour around small ones; then there is always a
    "window" or a "crop", which is one.
    things: what is made before all others, of pictures with boxes. Where their patches are shown, a level does not cut
    them once more.
    """
    kind = SIGNS if not mirror else SMALL_PHOTOS if min(image_size) < LARGE_SIDE else LARGE_PHOTOS
    if fill is not None:
        kind = with_masks(image_size, fill)
    if level not in kind.levels:
        raise unknown_name("augmentation", level, list(kind.levels))
    own, asked = kind.levels[level], dict(changes or {})
    if fill is not None and asked.pop("erase", False):
        raise UsageError(
            "--erase is for images with a class each: behind a hole a mask cannot be learned. Leave it out."
        )
    if unknown := next((name for name in asked if name not in kind.alone), None):
        raise unknown_name("change of images", unknown, list(kind.alone))
    if things and "iou_crop" in things:
        asked.setdefault("crop", False)
    made = {name: own.get(name, alone) for name, alone in kind.alone.items() if asked.get(name, name in own)}
    made = {**(things or {}), **made}
    return made if kind.window is None or "crop" in made else {"window": kind.window, **made}


def transform(sample: Sample, transforms: Sequence[Transform], rng: np.random.Generator) -> Sample:
    """Apply them one after another."""
    for step in transforms:
        sample = step(sample, rng)
    return sample
