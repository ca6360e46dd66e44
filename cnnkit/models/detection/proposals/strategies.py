"""Which ways of segmenting and merging a selective search goes, each of which fails on other pictures."""

import math
from dataclasses import dataclass

from cnnkit.errors import UsageError, unknown_name
from cnnkit.models.detection.proposals.colour import SPACES

# Weights of colour, texture, size and fill (`kernels.group_regions`).
Measures = tuple[float, float, float, float]
ALL: Measures = (1, 1, 1, 1)
NO_COLOUR: Measures = (0, 1, 1, 1)
SIZE: Measures = (0, 0, 1, 0)
FILL: Measures = (0, 0, 0, 1)

# Pixels of the longest side: regions are merged in steps that each look at all pairs, and so become slow.
LARGEST = 2000


@dataclass(frozen=True)
class Strategies:
    """Each colour space with each k and each set of measures.

    spaces: names in `colour.SPACES`.
    ks: of the segments, on colours from 0 to 255: what a segment may differ within it, times its size. Also the pixels
        that a segment has at least.
    measures: how similar two regions are.
    sigma: of the smoothing before pixels are compared.
    longest: a larger picture is made so small first; a k then means the same on all pictures.
    least: a box narrower or lower than so many pixels, of the picture made small, is left out.

    Raises:
        UsageError: one of them cannot be.
    """

    spaces: tuple[str, ...] = ("hsv", "lab")
    ks: tuple[int, ...] = (50, 100)
    measures: tuple[Measures, ...] = (ALL, NO_COLOUR)
    sigma: float = 0.8
    longest: int = 500
    least: int = 20

    def __post_init__(self) -> None:
        for space in self.spaces:
            if space not in SPACES:
                raise unknown_name("colour space", space, SPACES)
        if not (self.spaces and self.ks and self.measures):
            raise UsageError("A search needs at least one colour space, one k and one set of measures.")
        if min(self.ks) < 1:
            raise UsageError(f"k is {min(self.ks)}, expected whole numbers above 0, such as 50 and 100.")
        for weights in self.measures:
            if len(weights) != 4 or not all(0 <= w < math.inf for w in weights) or not sum(weights):
                raise UsageError(
                    f"Measures are {weights}, expected weights of colour, texture, size and fill: four numbers of at "
                    "least 0, not all of them 0."
                )
        if not 0 < self.sigma <= 10:
            raise UsageError(f"sigma is {self.sigma}, expected a number above 0 and up to 10 pixels.")
        if not 1 <= self.longest <= LARGEST:
            raise UsageError(f"longest is {self.longest}, expected 1 to {LARGEST} pixels.")


# As R-CNN uses it, "fast mode": 8 strategies. And the paper's most thorough one: 80, with ten times the boxes.
FAST = Strategies()
QUALITY = Strategies(("hsv", "lab", "rgi", "hue", "grey"), (50, 100, 150, 300), (ALL, NO_COLOUR, FILL, SIZE))
# For images that a network reads, which are smaller than the paper's pictures: finer segments, smaller boxes. The first
# 1,000 find 95.4 % of the cells of BCCD at 320x320; with k of 50 and 100, and 10 pixels at least, 94.7 %.
IMAGES = Strategies(ks=(20, 50), least=6)
