"""Pictures of shapes on textured ground, made in memory: something to segment, or to find, at once.

A shape has any colour and any place, so that neither tells its class: only its outline does.
"""

import hashlib
import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np
import numpy.typing as npt

from cnnkit.data.sample import Pixels, Sample
from cnnkit.data.sets.base import Dataset
from cnnkit.data.targets import Target
from cnnkit.data.view.preprocessing import Fit, Preprocessing

KINDS = ("circle", "square", "triangle")
# Pictures of each part.
SIZES = {"train": 240, "val": 40, "test": 60}
# Height and width, unless others are asked for, and the least at which outlines can be told apart.
SIDE, LEAST_SIDE = 64, 16
# A shape of which less than this share would stay to be seen is not covered by another.
LEAST_SEEN = 0.6
# Bytes of pictures that a part keeps, so that they are made once.
KEPT = 64 << 20
# In the first place of a seed, so that no other draw meets this one.
_STREAM = 0x5A9E5

Inside = npt.NDArray[np.bool_]
Grid = npt.NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False)
class Scene:
    """image: (H, W, 3).   kinds: of each shape, its place in KINDS.   seen: (H, W), the pixels of each that are seen.

    A later shape lies before the earlier ones, so no pixel is seen of two.
    """

    image: Pixels
    kinds: list[int]
    seen: list[Inside]


class Shapes(Dataset):
    """Abstract: one part. Picture `index` is a function of (part, size, index), made when it is asked for.

    fit: how other pictures, which are predicted later, are brought to the size.
    """

    labelled = False
    fit: Fit

    def __init__(self, part: str, size: tuple[int, int] = (SIDE, SIDE), *, grey: bool = False) -> None:
        self.part, self.size, self.grey = part, size, grey
        self.name, self.mirror = "shapes", True
        channels = 1 if grey else 3
        self.preprocessing = Preprocessing(*size, channels, (0.5,) * channels, (0.25,) * channels, self.fit)
        self._made: dict[int, Sample] = {}

    @abstractmethod
    def target(self, scene: Scene) -> Target:
        """What is to be learned of a picture."""

    def __len__(self) -> int:
        return SIZES[self.part]

    def __getitem__(self, index: int) -> Sample:
        if not 0 <= index < len(self):
            raise IndexError(f"there are {len(self)} shapes pictures, and none has the number {index}")
        sample = self._made.get(index)
        if sample is None:
            scene = draw(self.size, np.random.default_rng([_STREAM, list(SIZES).index(self.part), index]))
            image = scene.image.mean(axis=2, keepdims=True).astype(np.uint8) if self.grey else scene.image
            image.flags.writeable = False
            sample = Sample(image, self.target(scene))
            if len(self._made) * sample.image.size < KEPT:
                self._made[index] = sample
        return sample

    @property
    def decodes(self) -> bool:
        return len(self._made) < len(self)

    def fingerprint(self) -> str:
        return hashlib.sha256(f"shapes 1 {self.part} {self.size} {self.grey} {len(self)}".encode()).hexdigest()


def draw(size: tuple[int, int], rng: np.random.Generator) -> Scene:
    """Two to four shapes on their ground."""
    H, W = size
    image = _ground(size, rng)
    kinds: list[int] = []
    seen: list[Inside] = []
    ground = image.mean(axis=(0, 1))
    for _ in range(int(rng.integers(2, 5))):
        kind = int(rng.integers(len(KINDS)))
        # Between a ninth and a fourth of the shorter side from the middle to the rim.
        reach = min(H, W) * float(rng.uniform(0.11, 0.25))
        y, x = float(rng.uniform(reach, H - reach)), float(rng.uniform(reach, W - reach))
        inside = _inside(kind, size, (y, x), reach, rng)
        if any((other & ~inside).sum() < LEAST_SEEN * other.sum() for other in seen):
            continue
        kinds, seen = [*kinds, kind], [*(other & ~inside for other in seen), inside]
        tone = rng.integers(0, 256, 3)
        # Far enough from the ground to be seen.
        if abs(tone - ground).max() < 80:
            tone = (tone + 128) % 256
        image[inside] = np.clip(tone + rng.normal(0, 10, (int(inside.sum()), 3)), 0, 255)
    return Scene(image, kinds, seen)


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
) -> Inside:
    """(H, W): the pixels whose centres lie within a shape, turned by any angle."""
    H, W = size
    y, x = np.mgrid[:H, :W] + 0.5
    turn = float(rng.uniform(0, 2 * math.pi))
    down, across = y - middle[0], x - middle[1]
    match KINDS[kind]:
        case "circle":
            inside: Inside = down * down + across * across <= reach * reach
            return inside
        case "square":
            # As far from the middle to a corner as the circle's radius.
            return _within(down, across, [turn + k * math.pi / 2 for k in range(4)], reach / math.sqrt(2))
    return _within(down, across, [turn + k * 2 * math.pi / 3 for k in range(3)], reach / 2)


def _within(down: Grid, across: Grid, angles: list[float], distance: float) -> Inside:
    """Where a point is no further than `distance` from the middle along each of the directions."""
    inside = np.ones(down.shape, bool)
    for angle in angles:
        inside &= math.cos(angle) * across + math.sin(angle) * down <= distance
    return inside
