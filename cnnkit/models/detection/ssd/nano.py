"""A small SSD, to train on a laptop: convolutions that halve the image, after Liu et al. 2016 (arXiv:1512.02325).

Shapes of `ssd_nano` at 320x320; those marked * are looked at:
    stem 160x160x16 -> stage1 80x80x32 -> stage2 40x40x64* -> stage3 20x20x128* -> stage4 10x10x128* -> stage5 5x5x128*
    a 3x3 convolution of stride 2 and one of stride 1 each, with batch norm; 4 boxes a place: 8500 boxes

A width may stand in the name: ssd_nano_x2_0 has twice the channels. Any size from 64x64 on.
"""

import re
from functools import partial
from itertools import pairwise

import numpy as np

from cnnkit.autograd import Tensor
from cnnkit.models.detection.parts import DefaultBoxes
from cnnkit.models.detection.ssd.network import PAPER, SSD, Maps
from cnnkit.models.registry import ModelSpec, family, register
from cnnkit.models.stem import refuse_below
from cnnkit.models.width import IN_A_NAME, told, width_in
from cnnkit.nn import ConvNorm, Module, ModuleList, Sequential

# From things of a fifteenth of the image on, each map for ones about twice as large as the last.
BOXES = DefaultBoxes(ratios=((2,),) * 4, scales=(0.07, 0.16, 0.32, 0.6, 0.9))
CHANNELS = (16, 32, 64, 128, 128, 128)


class NanoMaps(Maps):
    """Stages that halve the image, the last four of which are looked at."""

    def __init__(self, width: float, in_channels: int, rng: np.random.Generator) -> None:
        sizes = [max(1, round(width * channels)) for channels in CHANNELS]
        self.stem = ConvNorm(in_channels, sizes[0], 3, stride=2, rng=rng)
        self.stages = ModuleList(
            *[
                Sequential(ConvNorm(thin, wide, 3, stride=2, rng=rng), ConvNorm(wide, wide, 3, rng=rng))
                for thin, wide in pairwise(sizes)
            ]
        )
        self.channels = sizes[2:]

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = [self.stem(x)]
        for stage in self.stages.children():
            maps.append(stage(maps[-1]))
        return maps[2:]


def _build(
    width: float, *, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator
) -> Module:
    refuse_below(64, image_size)
    return SSD(NanoMaps(width, in_channels, rng), BOXES, classes, rng)


def _spec(name: str) -> ModelSpec:
    width = width_in(name)
    summary = "Convolutions that halve the image: boxes told at four sizes, to train on a laptop" + told(width)
    how = partial(_build, width)
    return ModelSpec(name, (320, 320, 3), f"after {PAPER}", summary, how, classes=20, kind="detection")


@family(f"ssd_nano{IN_A_NAME}")
def any_width(name: str, match: re.Match[str]) -> ModelSpec:
    """ssd_nano_x2_0 has twice the channels."""
    return _spec(name)


_told = _spec("ssd_nano")
register(_told.name, input=_told.input, paper=_told.paper, summary=_told.summary, classes=20, kind="detection")(
    _told.build
)
