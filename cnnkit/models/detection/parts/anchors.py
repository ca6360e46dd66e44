"""Anchors: the boxes that a network starts from, so many at every place of each map that it looks at.

    anchors = DefaultBoxes(ratios=((2,), (2, 3)), scales=(0.2, 0.5, 0.9))
    boxes = anchors(((8, 8), (4, 4)), (128, 128))       # of two maps of an image: (8·8·4 + 4·4·6, 4) corners

Places follow row by row, map after map, and the boxes of a place one another: so a head of (H, W, boxes · K) channels,
reshaped to (H·W·boxes, K), has a row for each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from typing import final

import numpy as np

from cnnkit.kernels.shared.array import Host

Size = tuple[int, int]
F32 = np.float32


@final
@dataclass(frozen=True)
class RegionAnchors:
    """Anchors of whole pixels: of each size in pixels all ratios, at the upper left pixel of each place.

    sizes, ratios: of each map; a ratio is height / width, an area is size².

    Source: Ren et al. 2015, arXiv:1506.01497, section 3.1.1; rounded, and laid, as torchvision does.
    """

    sizes: tuple[tuple[float, ...], ...]
    ratios: tuple[tuple[float, ...], ...]

    @property
    def counts(self) -> tuple[int, ...]:
        """How many anchors a place of each map has."""
        return tuple(len(sizes) * len(ratios) for sizes, ratios in zip(self.sizes, self.ratios, strict=True))

    def __call__(self, grids: Sequence[Size], image_size: Size) -> Host:
        """(A, 4) float32 corners for maps of these sizes (height, width) of an image."""
        return _regions(self, tuple(grids), image_size)


@final
@dataclass(frozen=True)
class DefaultBoxes:
    """Anchors in shares of the image: at the middle of each place a square, a somewhat larger one, and all ratios.

    s_k, √(s_k · s_k+1);   s_k · (√r, 1/√r) and s_k · (1/√r, √r) for each ratio r,   none longer than the image

    ratios: of each map, those above 1.
    scales: s_k of each map, and one more.
    steps: of each map, how many pixels lie from place to place; None: as many as the image has for each.

    Source: Liu et al. 2016, arXiv:1512.02325, section 2.2.
    """

    ratios: tuple[tuple[float, ...], ...]
    scales: tuple[float, ...]
    steps: tuple[int, ...] | None = None

    @property
    def counts(self) -> tuple[int, ...]:
        """How many boxes a place of each map has."""
        return tuple(2 + 2 * len(ratios) for ratios in self.ratios)

    def __call__(self, grids: Sequence[Size], image_size: Size) -> Host:
        """(A, 4) float32 corners in pixels for maps of these sizes (height, width) of an image."""
        return _default_boxes(self, tuple(grids), image_size)


@lru_cache(maxsize=32)
def _regions(anchors: RegionAnchors, grids: tuple[Size, ...], image_size: Size) -> Host:
    found = []
    for sizes, ratios, grid in zip(anchors.sizes, anchors.ratios, grids, strict=True):
        tall = np.sqrt(np.array(ratios, F32))[:, None]
        across, down = ((side * np.array(sizes, F32)).reshape(-1) for side in (1 / tall, tall))
        cells = np.round(np.stack([-across, -down, across, down], axis=1) / 2)
        y, x = (np.arange(count) * (side // count) for count, side in zip(grid, image_size, strict=True))
        found.append(_places(y, x)[:, None] + cells)
    return _kept(found)


@lru_cache(maxsize=32)
def _default_boxes(anchors: DefaultBoxes, grids: tuple[Size, ...], image_size: Size) -> Host:
    height, width = image_size
    found = []
    for k, (ratios, grid) in enumerate(zip(anchors.ratios, grids, strict=True)):
        scale = anchors.scales[k]
        sides = [(scale, scale), (sqrt(scale * anchors.scales[k + 1]),) * 2]
        for ratio in ratios:
            long, short = scale * sqrt(ratio), scale / sqrt(ratio)
            sides += [(long, short), (short, long)]
        half = np.clip(np.array(sides, F32), 0, 1) * F32(0.5)
        counts = grid if anchors.steps is None else (height / anchors.steps[k], width / anchors.steps[k])
        y, x = ((np.arange(count, dtype=F32) + F32(0.5)) / F32(all_) for count, all_ in zip(grid, counts, strict=True))
        middles = _places(y, x)[:, None]
        found.append((middles + np.concatenate([-half, half], axis=1)) * np.array([width, height] * 2, F32))
    return _kept(found)


def _places(y: Host, x: Host) -> Host:
    """(x, y, x, y) of each place, row by row."""
    down, across = np.meshgrid(y, x, indexing="ij")
    return np.stack([across, down] * 2, axis=-1).reshape(-1, 4).astype(F32)


def _kept(found: list[Host]) -> Host:
    """All of them in one list, which many calls share."""
    boxes: Host = np.concatenate([boxes.reshape(-1, 4) for boxes in found]).astype(F32, copy=False)
    boxes.flags.writeable = False
    return boxes
