"""ShuffleNet v2, Ma et al. 2018, ShuffleNet V2: practical guidelines for efficient CNN architecture design,
arXiv:1807.11164, table 5.

Shapes at 224x224 and width 1:
    conv1 112x112x24 -> maxpool 56x56x24 -> stage2 4 x 28x28x116 -> stage3 8 x 14x14x232 -> stage4 4 x 7x7x464
    -> conv5 7x7x1024 -> mean 1024 -> fc classes
Any size from 32x32 on, that is halved five times; small images are halved three times and begin at 8x8.

Differs from the paper:
    images below 64 pixels get stride 1 in conv1 and no pool: 32x32 ends at 4x4.
"""

from functools import partial

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.models.registry import register
from cnnkit.models.stem import is_small, refuse_below
from cnnkit.nn import ChannelShuffle, ConvNorm, GlobalAvgPool2d, Linear, MaxPool2d, Module, Sequential

# Table 5: channels of stage 2, 3, 4 and of conv5.
CHANNELS = {
    "shufflenet_v2_x0_5": (48, 96, 192, 1024),
    "shufflenet_v2_x1_0": (116, 232, 464, 1024),
    "shufflenet_v2_x1_5": (176, 352, 704, 1024),
    "shufflenet_v2_x2_0": (244, 488, 976, 2048),
}
# Units of stage 2, 3, 4: the first of each strides.
UNITS = (4, 8, 4)


class Unit(Module):
    """Half of the channels pass untouched, the others are convolved; a shuffle mixes them: figure 3c."""

    def __init__(self, channels: int, *, rng: np.random.Generator) -> None:
        self.branch2 = _branch(channels // 2, channels // 2, 1, rng)
        self.shuffle = ChannelShuffle(2)

    def forward(self, x: Tensor) -> Tensor:
        N, H, W, C = x.shape
        left = ops.slice(x, (0, 0, 0, 0), (N, H, W, C // 2))
        right = ops.slice(x, (0, 0, 0, C // 2), (N, H, W, C))
        return self.shuffle(ops.concat((left, self.branch2(right))))


class DownUnit(Module):
    """The unit of stride 2: both branches see all channels, so that their number doubles: figure 3d."""

    def __init__(self, in_channels: int, out_channels: int, *, rng: np.random.Generator) -> None:
        self.branch1 = Sequential(
            {
                "depthwise": _depthwise(in_channels, 2, rng),
                "pointwise": ConvNorm(in_channels, out_channels // 2, 1, rng=rng),
            }
        )
        self.branch2 = _branch(in_channels, out_channels // 2, 2, rng)
        self.shuffle = ChannelShuffle(2)

    def forward(self, x: Tensor) -> Tensor:
        return self.shuffle(ops.concat((self.branch1(x), self.branch2(x))))


def _branch(in_channels: int, out_channels: int, stride: int, rng: np.random.Generator) -> Sequential:
    return Sequential(
        {
            "pointwise1": ConvNorm(in_channels, out_channels, 1, rng=rng),
            "depthwise": _depthwise(out_channels, stride, rng),
            "pointwise2": ConvNorm(out_channels, out_channels, 1, rng=rng),
        }
    )


def _depthwise(channels: int, stride: int, rng: np.random.Generator) -> ConvNorm:
    return ConvNorm(channels, channels, 3, stride=stride, groups=channels, activation="identity", rng=rng)


def _shufflenet_v2(
    channels: tuple[int, int, int, int],
    *,
    classes: int,
    in_channels: int,
    image_size: tuple[int, int],
    rng: np.random.Generator,
) -> Module:
    small = is_small(image_size)
    refuse_below(8 if small else 32, image_size)
    layers: dict[str, Module] = {"conv1": ConvNorm(in_channels, 24, 3, stride=1 if small else 2, rng=rng)}
    if not small:
        layers["maxpool"] = MaxPool2d(3, 2, 1)
    *stages, last = channels
    before = 24
    for number, (wide, count) in enumerate(zip(stages, UNITS, strict=True), start=2):
        first = DownUnit(before, wide, rng=rng)
        layers[f"stage{number}"] = Sequential(first, *(Unit(wide, rng=rng) for _ in range(count - 1)))
        before = wide
    layers["conv5"] = ConvNorm(before, last, 1, rng=rng)
    return Sequential({**layers, "avgpool": GlobalAvgPool2d(), "fc": Linear(last, classes, rng=rng)})


for _name, _channels in CHANNELS.items():
    register(
        _name,
        input=(224, 224, 3),
        paper="Ma et al. 2018, arXiv:1807.11164, table 5",
        summary=f"16 units that convolve half of their {_channels[0]} to {_channels[2]} channels, and shuffle them.",
        classes=1000,
    )(partial(_shufflenet_v2, _channels))
