"""SSDlite on MobileNet v3, Howard et al. 2019 (arXiv:1905.02244), section 6.3; Sandler et al. 2018 (arXiv:1801.04381),
section 6.2: the heads of SSD, and what stands behind the trunk, are depthwise convolutions and 1x1 ones.

Shapes of `ssdlite320_mobilenet_v3_large` at 320x320; those marked * are looked at:
    features.0 to 12 20x20x112 -> 13, widened 20x20x672* -> 13, narrowed, to 15 10x10x80 -> 16 10x10x480*
    -> extras 5x5x512* -> 3x3x256* -> 2x2x256* -> 1x1x128*
    at each a 3x3 depthwise convolution with batch norm and a 1x1 one for codes, two for classes; 6 default boxes a
    place: 3234 boxes
From features.13 on the trunk has half of MobileNet v3's channels (table 6, "reduced").

A width may stand in the name: ssdlite320_mobilenet_v3_large_x0_5 has half the channels, in multiples of 8. Any size
from 32x32 on; the smallest maps are then of one pixel.

As torchvision has it: its default boxes, and batch norm with eps 1e-3 and momentum 0.03.
"""

import re
from functools import partial

import numpy as np

from cnnkit.autograd import Tensor
from cnnkit.models.classification.mobilenet_v3 import EPS, LARGE, Block, features
from cnnkit.models.detection.parts import DefaultBoxes
from cnnkit.models.detection.ssd.network import SSD, Maps
from cnnkit.models.registry import ModelSpec, family, register
from cnnkit.models.stem import refuse_below
from cnnkit.models.width import IN_A_NAME, multiple_of_8, told, width_in
from cnnkit.nn import Conv2d, ConvNorm, Module, ModuleList, Parameter, Sequential, init

PAPER = "Howard et al. 2019, arXiv:1905.02244, table 6"
# The block of the last halving: its wide channels are the first map that is looked at.
C4 = 13
# Table 6: what is as deep in the image as that block has half of its channels.
REDUCED = (
    *LARGE[: C4 - 1],
    LARGE[C4 - 1]._replace(channels=80),
    *[row._replace(expanded=480, channels=80) for row in LARGE[C4:]],
)
EXTRAS, FEWEST = (512, 256, 256, 128), 16
SCALES = (0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1.0)
BOXES = DefaultBoxes(ratios=((2, 3),) * 6, scales=SCALES)
MOMENTUM = 0.03

_conv = partial(ConvNorm, eps=EPS, momentum=MOMENTUM, activation="relu6")


class LiteMaps(Maps):
    """MobileNet v3's last two sizes of map, and four more behind them."""

    def __init__(self, width: float, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator) -> None:
        self.features, last = features(REDUCED, width, in_channels, image_size, momentum=MOMENTUM, rng=rng)
        self.channels = [multiple_of_8(REDUCED[C4 - 1].expanded * width), last]
        extras: list[Module] = []
        for full in EXTRAS:
            channels = max(FEWEST, int(full * width))
            half = channels // 2
            squeeze = _conv(self.channels[-1], half, 1, rng=rng)
            depthwise = _conv(half, half, 3, stride=2, groups=half, rng=rng)
            extras.append(Sequential(squeeze, depthwise, _conv(half, channels, 1, rng=rng)))
            self.channels.append(channels)
        self.extras = ModuleList(*extras)

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = []
        for number, block in enumerate(self.features.children()):
            if number == C4:
                assert isinstance(block, Block)
                maps.append(block.expand(x))
                x = block.narrowed(maps[0])
            else:
                x = block(x)
        maps.append(x)
        for extra in self.extras.children():
            maps.append(extra(maps[-1]))
        return maps


def lite_head(in_channels: int, channels: int, rng: np.random.Generator) -> Module:
    """A depthwise convolution and a 1x1 one, which begins near 0."""
    score = Conv2d(in_channels, channels, 1, rng=rng)
    score.weight = Parameter(init.near_zero(rng, score.weight.shape, 0.03))
    return Sequential(_conv(in_channels, in_channels, 3, groups=in_channels, rng=rng), score)


def _build(
    width: float, *, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator
) -> Module:
    refuse_below(32, image_size)
    module = SSD(LiteMaps(width, in_channels, image_size, rng), BOXES, classes, rng, lite_head)
    # As torchvision has it: many boxes of low scores, which may overlap a little more.
    module.score, module.iou, module.places, module.per_class = 0.001, 0.55, 300, 300
    return module


def _spec(name: str) -> ModelSpec:
    width = width_in(name)
    summary = "MobileNet v3 and depthwise convolutions behind it: boxes told at six sizes of map" + told(width)
    return ModelSpec(name, (320, 320, 3), PAPER, summary, partial(_build, width), classes=20, kind="detection")


@family(f"ssdlite320_mobilenet_v3_large{IN_A_NAME}")
def any_width(name: str, match: re.Match[str]) -> ModelSpec:
    """ssdlite320_mobilenet_v3_large_x0_5 has half the channels."""
    return _spec(name)


_told = _spec("ssdlite320_mobilenet_v3_large")
register(_told.name, input=_told.input, paper=PAPER, summary=_told.summary, classes=20, kind="detection")(_told.build)
