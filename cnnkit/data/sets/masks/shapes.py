"""Pictures of shapes on textured ground with their masks, made in memory: something to segment at once.

A shape has any colour and any place, so that neither tells its class: only its outline does.
"""

import hashlib
import math
from typing import final

import numpy as np
import numpy.typing as npt

from cnnkit.data.sample import Pixels, Sample
from cnnkit.data.sets.base import Dataset
from cnnkit.data.targets import Mask
from cnnkit.data.view.preprocessing import Preprocessing

CLASSES = ("background", "circle", "square", "triangle")
COLOURS = ((0, 0, 0), (224, 32, 48), (32, 160, 72), (48, 88, 224))
# Pictures of each part.
SIZES = {"train": 240, "val": 40, "test": 60}
# Height and width, unless others are asked for, and the least at which outlines can be told apart.
SIDE, LEAST_SIDE = 64, 16
# A shape of which less than this share would stay to be seen is not covered by another.
LEAST_SEEN = 0.6
# Bytes of pictures and masks that a part keeps, so that they are made once.
KEPT = 64 << 20
# In the first place of a seed, so that no other draw meets this one.
_STREAM = 0x5A9E5

Plane = npt.NDArray[np.uint8]
Grid = npt.NDArray[np.float64]


@final
class Shapes(Dataset):
    """One part: picture `index` is a function of (part, size, index), made when it is asked for."""

    task, labelled = "segmentation", False

    def __init__(self, part: str, size: tuple[int, int] = (SIDE, SIDE), *, grey: bool = False) -> None:
        self.part, self.size, self.grey = part, size, grey
        self.name, self.classes, self.colours, self.mirror = "shapes", list(CLASSES), COLOURS, True
        channels = 1 if grey else 3
        self.preprocessing = Preprocessing(*size, channels, (0.5,) * channels, (0.25,) * channels, "keep")
        self._made: dict[int, Sample] = {}

    def __len__(self) -> int:
        return SIZES[self.part]

    def __getitem__(self, index: int) -> Sample:
        if not 0 <= index < len(self):
            raise IndexError(f"there are {len(self)} shapes pictures, and none has the number {index}")
        sample = self._made.get(index)
        if sample is None:
            image, labels = draw(self.size, np.random.default_rng([_STREAM, list(SIZES).index(self.part), index]))
            sample = Sample(image.mean(axis=2, keepdims=True).astype(np.uint8) if self.grey else image, Mask(labels))
            image.flags.writeable = labels.flags.writeable = False
            if len(self._made) * sample.image.size < KEPT:
                self._made[index] = sample
        return sample

    @property
    def decodes(self) -> bool:
        return len(self._made) < len(self)

    def fingerprint(self) -> str:
        return hashlib.sha256(f"shapes 1 {self.part} {self.size} {self.grey} {len(self)}".encode()).hexdigest()


def draw(size: tuple[int, int], rng: np.random.Generator) -> tuple[Pixels, Plane]:
    """(picture (H, W, 3), class of each pixel (H, W)): two to four shapes, the later ones before the earlier."""
    H, W = size
    image, labels = _ground(size, rng), np.zeros(size, np.uint8)
    shapes: list[npt.NDArray[np.bool_]] = []
    ground = image.mean(axis=(0, 1))
    for _ in range(int(rng.integers(2, 5))):
        kind = int(rng.integers(1, len(CLASSES)))
        # Between a ninth and a fourth of the shorter side from the middle to the rim.
        reach = min(H, W) * float(rng.uniform(0.11, 0.25))
        y, x = float(rng.uniform(reach, H - reach)), float(rng.uniform(reach, W - reach))
        inside = _inside(kind, size, (y, x), reach, rng)
        if any((other & ~inside).sum() < LEAST_SEEN * other.sum() for other in shapes):
            continue
        shapes = [other & ~inside for other in shapes] + [inside]
        tone = rng.integers(0, 256, 3)
        # Far enough from the ground to be seen.
        if abs(tone - ground).max() < 80:
            tone = (tone + 128) % 256
        image[inside] = np.clip(tone + rng.normal(0, 10, (int(inside.sum()), 3)), 0, 255)
        labels[inside] = kind
    return image, labels


def _ground(size: tuple[int, int], rng: np.random.Generator) -> Pixels:
    """Stripes of two tones that lie close together, and noise."""
    H, W = size
    y, x = np.mgrid[:H, :W]
    tone, step, slope = rng.integers(60, 196, 3), int(rng.integers(4, 12)), int(rng.integers(-2, 3))
    stripes = ((x + slope * y) // step % 2)[:, :, None] * rng.integers(-30, 31, 3)
    pixels: Pixels = np.clip(tone + stripes + rng.normal(0, 8, (H, W, 3)), 0, 255).astype(np.uint8)
    return pixels


def _inside(
    kind: int, size: tuple[int, int], middle: tuple[float, float], reach: float, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """(H, W): the pixels whose centres lie within a shape, turned by any angle."""
    H, W = size
    y, x = np.mgrid[:H, :W] + 0.5
    turn = float(rng.uniform(0, 2 * math.pi))
    down, across = y - middle[0], x - middle[1]
    match CLASSES[kind]:
        case "circle":
            inside: npt.NDArray[np.bool_] = down * down + across * across <= reach * reach
            return inside
        case "square":
            # As far from the middle to a corner as the circle's radius.
            return _within(down, across, [turn + k * math.pi / 2 for k in range(4)], reach / math.sqrt(2))
    return _within(down, across, [turn + k * 2 * math.pi / 3 for k in range(3)], reach / 2)


def _within(down: Grid, across: Grid, angles: list[float], distance: float) -> npt.NDArray[np.bool_]:
    """Where a point is no further than `distance` from the middle along each of the directions."""
    inside = np.ones(down.shape, bool)
    for angle in angles:
        inside &= math.cos(angle) * across + math.sin(angle) * down <= distance
    return inside
