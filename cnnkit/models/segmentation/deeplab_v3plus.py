"""DeepLab v3+, Chen et al. 2018, Encoder-decoder with atrous separable convolution for semantic image segmentation
(arXiv:1802.02611), figure 2.

Shapes at 513x513, on resnet50 (on mobilenet_v2):
    encoder: backbone 129x129x256 and 33x33x2048 (129x129x24 and 33x33x320) -> aspp 33x33x256
    decoder: aspp resized to 129x129x256, beside reduce 129x129x48 -> conv1 256 -> conv2 129x129x256 -> score
    -> logits 513x513xclasses
Every 3x3 convolution of aspp and decoder is separable: one filter a channel, then a 1x1 convolution, both with norms.
The width of a name multiplies all channels, and an output stride may follow: deeplab_v3plus_mobilenet_v2_x0_5_os8.
Other trunks may stand there: deeplab_v3plus_mobilenet_v1_x0_25, deeplab_v3plus_squeezenet1_1.

Differs from the paper:
    its trunks are ResNet-101 and Xception;
    maps are resized by the centres of pixels, in TensorFlow's corner on corner;
    of mobilenet_v2 the decoder reads the 24 channels of a block, in TensorFlow's the 144 within it.
"""

import re
from functools import partial
from typing import NamedTuple

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.models.registry import ModelSpec, family, register
from cnnkit.models.segmentation.deeplab_v3 import ASPP, CHANNELS
from cnnkit.models.stem import refuse_below
from cnnkit.models.trunk import trunk
from cnnkit.models.width import IN_A_NAME, OUTPUT_STRIDE_IN_A_NAME, multiple_of_8, told, width_in
from cnnkit.nn import Conv2d, ConvNorm, Module, Sequential

PAPER = "Chen et al. 2018, arXiv:1802.02611"
OUTPUT_STRIDE, RATES = 16, (6, 12, 18)
LOW_CHANNELS = 48


class Taps(NamedTuple):
    """The maps of a trunk, of every fourth pixel and of every sixteenth."""

    low: str
    high: str


TRUNKS = {
    **{f"resnet{depth}": Taps("layer1", "layer4") for depth in (18, 34, 50, 101, 152)},
    "mobilenet_v2": Taps("features.3", "features.17"),
    "mobilenet_v3_large": Taps("features.3", "features.16"),
    "mobilenet_v1": Taps("block3", "block13"),
    "squeezenet1_1": Taps("fire3", "fire9"),
}


class DeepLabV3Plus(Module):
    """Figure 2: what is in the image from the coarse map, where its borders run from the fine one."""

    def __init__(
        self, name: str, taps: Taps, output_stride: int, classes: int, in_channels: int, rng: np.random.Generator
    ) -> None:
        self.backbone = trunk(name, taps, output_stride=output_stride, in_channels=in_channels, rng=rng)
        width = width_in(name)
        low, wide = multiple_of_8(LOW_CHANNELS * width), multiple_of_8(CHANNELS * width)
        self.aspp = ASPP(self.backbone.channels[taps.high], wide, RATES, dropout=0.1, threes=separable, rng=rng)
        self.reduce = ConvNorm(self.backbone.channels[taps.low], low, 1, rng=rng)
        self.conv1 = separable(wide + low, wide, 1, rng)
        self.conv2 = separable(wide, wide, 1, rng)
        self.score = Conv2d(wide, classes, 1, rng=rng)
        self.taps = taps

    def forward(self, x: Tensor) -> Tensor:
        (H, W), maps = x.shape[1:3], self.backbone(x)
        low = self.reduce(maps[self.taps.low])
        h, w = low.shape[1:3]
        high = ops.resize(self.aspp(maps[self.taps.high]), (h, w))
        scores = self.score(self.conv2(self.conv1(ops.concat([high, low]))))
        return ops.resize(scores, (H, W))


def separable(in_channels: int, out_channels: int, rate: int, rng: np.random.Generator) -> Sequential:
    """A 3x3 filter for every channel by itself, spread by `rate`, then a 1x1 convolution that mixes them: figure 3."""
    return Sequential(
        {
            "depthwise": ConvNorm(in_channels, in_channels, 3, dilation=rate, groups=in_channels, rng=rng),
            "pointwise": ConvNorm(in_channels, out_channels, 1, rng=rng),
        }
    )


def _deeplab_v3plus(
    name: str,
    taps: Taps,
    output_stride: int,
    *,
    classes: int,
    in_channels: int,
    image_size: tuple[int, int],
    rng: np.random.Generator,
) -> Module:
    refuse_below(output_stride, image_size)
    return DeepLabV3Plus(name, taps, output_stride, classes, in_channels, rng)


def _spec(name: str, trunk_name: str, taps: Taps, output_stride: int = OUTPUT_STRIDE) -> ModelSpec:
    summary = "Filters of several spreads, and a decoder that sees every fourth pixel" + told(width_in(trunk_name))
    build = partial(_deeplab_v3plus, trunk_name, taps, output_stride)
    return ModelSpec(name, (513, 513, 3), PAPER, summary, build, classes=21, kind="segmentation")


@family(f"deeplab_v3plus_(?P<trunk>(?P<taps>{'|'.join(TRUNKS)})({IN_A_NAME})?){OUTPUT_STRIDE_IN_A_NAME}")
def any_trunk(name: str, match: re.Match[str]) -> ModelSpec:
    """deeplab_v3plus_mobilenet_v1_x0_25 stands on mobilenet_v1_x0_25."""
    return _spec(name, match["trunk"], TRUNKS[match["taps"]], int(match["output_stride"] or OUTPUT_STRIDE))


for _trunk in ("mobilenet_v2", "resnet50"):
    _name = f"deeplab_v3plus_{_trunk}"
    _told = _spec(_name, _trunk, TRUNKS[_trunk])
    register(_name, input=_told.input, paper=PAPER, summary=_told.summary, classes=21, kind="segmentation")(_told.build)
