"""What both sides of the comparison of SSD compute: weights and boxes."""

import re
from typing import NamedTuple

import numpy as np

# The last layers; SSDlite has a depthwise one before.
SCORES = re.compile(r"head\.\w+\.module_list\.\d\.(1\.)?(weight|bias)")
IMAGES, CLASSES = 2, 3


class Case(NamedTuple):
    """A network of torchvision's.   side: of its images.   every: of so many default boxes one is kept.

    small: a box that few of its default boxes overlap, and no two alike: where rounding chose between two, all that is
    learned would differ.
    """

    file: str
    side: int
    every: int
    small: tuple[int, int, int, int]


CASES = {
    "ssd300_vgg16": Case("ssd.json", 300, 401, (60, 210, 75, 222)),
    "ssdlite320_mobilenet_v3_large": Case("ssdlite.json", 320, 101, (60, 210, 118, 266)),
}


def tamed(name: str, array: np.ndarray) -> np.ndarray:
    """Heads that give numbers of size 1, and a length near torchvision's first."""
    if SCORES.fullmatch(name):
        return array * np.float32(0.2)
    return array * np.float32(5) if name.endswith("scale_weight") else array


def targets(case: Case) -> list[tuple[np.ndarray, np.ndarray]]:
    """Corners and classes of each image."""
    first = np.float32([[20, 30, 110, 140], [150, 40, 290, 200], case.small])
    second = np.float32([[5, 5, 250, 280], [200, 100, 240, 180]])
    return [(first, np.int64([0, 2, 1])), (second, np.int64([1, 0]))]


def least(gradients: dict[str, tuple[float, float]]) -> float:
    """The norm of a gradient below which it is taken for rounding: a bias before a norm moves nothing."""
    return 1e-5 * max(norm for norm, _ in gradients.values())
