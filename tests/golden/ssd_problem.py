"""What both sides of the comparison of SSD compute: weights and boxes."""

import re
from typing import NamedTuple

import numpy as np

# The last layers; SSDlite has a depthwise one before.
SCORES = re.compile(r"head\.\w+\.module_list\.\d\.(1\.)?(weight|bias)")
IMAGES, CLASSES = 2, 3
# The side of an image that the boxes of `targets` are told for.
SIDE = 300


class Case(NamedTuple):
    """A network.   side: of its images.   every: of so many default boxes one is kept.

    small: a box that few of its default boxes overlap, and no two alike: where rounding chose between two, all that is
    learned would differ.
    """

    file: str
    side: int
    every: int
    small: tuple[int, int, int, int]

    def targets(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Corners and classes of each image."""
        return targets(self.small)


CASES = {
    "ssd300_vgg16": Case("ssd.json", 300, 401, (60, 210, 75, 222)),
    "ssd512_vgg16": Case("ssd512.json", 512, 1201, (60, 210, 75, 222)),
    "ssdlite320_mobilenet_v3_large": Case("ssdlite.json", 320, 101, (60, 210, 118, 266)),
}


class Narrow(NamedTuple):
    """A network with so few channels, and images so small, that our definitions learn in float64 within seconds.

    kin: which of CASES it has the names of.   maps: how many of its maps are left of such an image.
    """

    kin: str
    width: float
    side: int
    maps: int

    def targets(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Corners and classes of each image: those of the large images, as much smaller."""
        shrunk = np.float32(self.side / SIDE)
        return [(corners * shrunk, labels) for corners, labels in targets(CASES[self.kin].small)]


NARROW = {
    "ssd300_vgg16_x0_03": Narrow("ssd300_vgg16", 0.03, 64, 4),
    "ssdlite320_mobilenet_v3_large_x0_25": Narrow("ssdlite320_mobilenet_v3_large", 0.25, 64, 6),
}


def tamed(name: str, array: np.ndarray) -> np.ndarray:
    """Heads that give numbers of size 1, and a length near torchvision's first."""
    if SCORES.fullmatch(name):
        return array * np.float32(0.2)
    return array * np.float32(5) if name.endswith("scale_weight") else array


def targets(small: tuple[int, int, int, int]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Corners and classes of each image; one box is `small`."""
    first = np.float32([[20, 30, 110, 140], [150, 40, 290, 200], small])
    second = np.float32([[5, 5, 250, 280], [200, 100, 240, 180]])
    return [(first, np.int64([0, 2, 1])), (second, np.int64([1, 0]))]


def least(gradients: dict[str, tuple[float, float]]) -> float:
    """The norm of a gradient below which it is taken for rounding: a bias before a norm moves nothing."""
    return 1e-5 * max(norm for norm, _ in gradients.values())
