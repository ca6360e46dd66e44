"""Maps of several sizes that all know what the smallest does, and which of them a region is cut from.

Source: Lin et al. 2017, Feature pyramid networks for object detection (arXiv:1612.03144), sections 3 and 4.2.
"""

from collections.abc import Sequence

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.nn import Conv2d, MaxPool2d, Module, ModuleList

# A region of 224x224 pixels, ImageNet's, is cut from the map of a sixteenth.
CANONICAL, CANONICAL_STRIDE = 224, 16


class Pyramid(Module):
    """Maps, the largest first -> as many, each of `channels`, and one more of half the last one's size.

    Each is brought to `channels` by a 1x1 convolution, the one above is added, twice as large, and a 3x3 convolution
    smooths the sum: figure 3.

    coarser: whether there is the one more, every other pixel of the last, for anchors alone.
    """

    def __init__(
        self, in_channels: Sequence[int], channels: int, *, coarser: bool = True, rng: np.random.Generator
    ) -> None:
        self.inner = ModuleList(*[Conv2d(count, channels, 1, rng=rng) for count in in_channels])
        self.outer = ModuleList(*[Conv2d(channels, channels, 3, padding=1, rng=rng) for _ in in_channels])
        self.pool = MaxPool2d(1, 2) if coarser else None

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        sums: list[Tensor] = []
        for inner, x in zip(reversed([*self.inner]), reversed(maps), strict=True):
            y = inner(x)
            if sums:
                y = ops.add(y, ops.resize(sums[0], (y.shape[1], y.shape[2]), mode="nearest"))
            sums.insert(0, y)
        found = [outer(y) for outer, y in zip(self.outer, sums, strict=True)]
        return found if self.pool is None else [*found, self.pool(found[-1])]


class LevelAlign(Module):
    """(maps, regions (R, 5)) -> (R, size, size, C): RoIAlign, each region on the map of its size.

    That is map k = ⌊4 + log2(√(w·h) / canonical)⌋, whose stride is 2^k, or the nearest that there is: equation 1.

    strides: of the maps that regions are cut from, the first of those that are given.
    canonical: sides of a region in pixels that is cut from the map of a sixteenth.
    """

    sampling = 2

    def __init__(self, size: int, strides: Sequence[int], canonical: float = CANONICAL) -> None:
        self.size, self.strides, self.canonical = size, tuple(strides), canonical

    def forward(  # type: ignore[override]  # regions beside the maps
        self, maps: Sequence[Tensor], rois: Tensor
    ) -> Tensor:
        level = self.levels(rois)
        found: Tensor | None = None
        for k, (stride, x) in enumerate(zip(self.strides, maps, strict=False)):
            # Elsewhere a region is an empty place: it costs nothing there, and adds 0.
            mine = ops.where(level[k], rois, -1.0) if len(level) > 1 else rois
            y = ops.roi_align(x, mine, self.size, scale=1 / stride, sampling=self.sampling, aligned=False)
            found = y if found is None else ops.add(found, y)
        assert found is not None
        return found

    def levels(self, rois: Tensor) -> list[Tensor]:
        """For each map (R, 1), not 0 where a region is cut from it."""
        R = len(rois)
        sides = ops.subtract(ops.slice(rois, (0, 3), (R, 5)), ops.slice(rois, (0, 1), (R, 3)))
        area = ops.multiply(ops.slice(sides, (0, 0), (R, 1)), ops.slice(sides, (0, 1), (R, 2)))
        # Whether the area reaches that of each further map; what is not 0 counts as yes.
        reaches = [ops.relu(ops.subtract(area, self._least_area(stride))) for stride in self.strides[1:]]
        one = Tensor(np.ones((R, 1), np.float32))
        return [
            ops.where(beyond, 0.0, within)
            for within, beyond in zip([one, *reaches], [*reaches, 0.0 * one], strict=True)
        ]

    def _least_area(self, stride: int) -> float:
        """From which area on a region is cut from the map of this stride. A millionth less, as torchvision has it."""
        return float((self.canonical * stride / CANONICAL_STRIDE * 2**-1e-6) ** 2)

    def extra_repr(self) -> str:
        return f"{self.size}, strides={self.strides}"
