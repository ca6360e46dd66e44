"""ShuffleNet v1, Zhang et al. 2017, ShuffleNet: an extremely efficient convolutional neural network for mobile devices,
arXiv:1707.01083, table 1, with 3 groups.

Shapes at 224x224:
    conv1 112x112x24 -> maxpool 56x56x24 -> stage2 4 x 28x28x240 -> stage3 8 x 14x14x480 -> stage4 4 x 7x7x960
    -> mean 960 -> fc classes
1,865,728 parameters for 1000 classes, as pytorchcv's shufflenet_g3_w1 has; the paper gives none.
Any size from 32x32 on, that is halved five times; small images are halved three times and begin at 8x8.

Differs from the paper:
    images below 64 pixels get stride 1 in conv1 and no pool: 32x32 ends at 4x4.
"""

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.models.registry import register
from cnnkit.models.stem import is_small, refuse_below
from cnnkit.nn import AvgPool2d, ChannelShuffle, ConvNorm, GlobalAvgPool2d, Linear, MaxPool2d, Module, Sequential

GROUPS = 3
# Table 1, column g = 3: channels and units of stage 2, 3, 4.
STAGES = ((240, 4), (480, 8), (960, 4))


class Unit(Module):
    """Grouped 1x1 convolutions around a shuffle and a depthwise one, beside a shortcut: figure 2b."""

    def __init__(self, channels: int, *, rng: np.random.Generator) -> None:
        narrow = channels // 4
        self.reduce = ConvNorm(channels, narrow, 1, groups=GROUPS, rng=rng)
        self.shuffle = ChannelShuffle(GROUPS)
        self.depthwise = ConvNorm(narrow, narrow, 3, groups=narrow, activation="identity", rng=rng)
        self.expand = ConvNorm(narrow, channels, 1, groups=GROUPS, rng=rng)

    def forward(self, x: Tensor) -> Tensor:
        return self.expand(self.depthwise(self.shuffle(self.reduce(x))), x)


class DownUnit(Module):
    """The unit of stride 2, whose shortcut is a mean and joins its channels instead of being added: figure 2c.

    The ReLU behind the joint is left to `expand`: means of what a ReLU gave are not negative.
    """

    def __init__(self, in_channels: int, out_channels: int, *, groups: int, rng: np.random.Generator) -> None:
        narrow = out_channels // 4
        self.reduce = ConvNorm(in_channels, narrow, 1, groups=groups, rng=rng)
        self.shuffle = ChannelShuffle(GROUPS)
        self.depthwise = ConvNorm(narrow, narrow, 3, stride=2, groups=narrow, activation="identity", rng=rng)
        self.expand = ConvNorm(narrow, out_channels - in_channels, 1, groups=GROUPS, rng=rng)
        self.shortcut = AvgPool2d(3, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return ops.concat((self.shortcut(x), self.expand(self.depthwise(self.shuffle(self.reduce(x))))))


@register(
    "shufflenet_v1",
    input=(224, 224, 3),
    paper="Zhang et al. 2017, arXiv:1707.01083, table 1",
    summary="16 units of grouped 1x1 convolutions, whose groups a channel shuffle mixes.",
    classes=1000,
)
def shufflenet_v1(*, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator) -> Module:
    small = is_small(image_size)
    refuse_below(8 if small else 32, image_size)
    layers: dict[str, Module] = {"conv1": ConvNorm(in_channels, 24, 3, stride=1 if small else 2, rng=rng)}
    if not small:
        layers["maxpool"] = MaxPool2d(3, 2, 1)
    before, groups = 24, 1  # the first 1x1 convolution has too few channels for groups
    for number, (channels, count) in enumerate(STAGES, start=2):
        first = DownUnit(before, channels, groups=groups, rng=rng)
        layers[f"stage{number}"] = Sequential(first, *(Unit(channels, rng=rng) for _ in range(count - 1)))
        before, groups = channels, GROUPS
    return Sequential({**layers, "avgpool": GlobalAvgPool2d(), "fc": Linear(before, classes, rng=rng)})
