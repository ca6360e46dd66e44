"""ResNet-9, Page 2018, How to train your ResNet (myrtle.ai): few wide layers, made to learn CIFAR-10 in minutes.

Shapes at 32x32 and width 1, which multiplies all channels:
    conv1 32x32x64 -> layer1 16x16x128 with a residual block -> layer2 8x8x256 -> layer3 4x4x512 with a residual block
    -> maximum 512 -> fc classes
A layer is a 3x3 convolution with batch norm and ReLU, then a maximum over 2x2. Any size from 8x8 on will do.

Differs from the source: batch norm's scales are learnt, and the logits are not multiplied by 1/8.
"""

import re
from functools import partial

import numpy as np

from cnnkit.autograd import Tensor
from cnnkit.models.registry import ModelSpec, family, register
from cnnkit.models.stem import refuse_below
from cnnkit.models.width import IN_A_NAME, width_in
from cnnkit.nn import ConvNorm, Flatten, Linear, MaxPool2d, Module, Sequential

CHANNELS = 64  # of the first layer at width 1
PAPER = "Page 2018, How to train your ResNet"


class Residual(Module):
    """x + two convolutions of it, each with its ReLU before the sum."""

    def __init__(self, channels: int, *, rng: np.random.Generator) -> None:
        self.conv1, self.conv2 = (ConvNorm(channels, channels, 3, rng=rng) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(self.conv1(x))


def _resnet9(
    channels: int, *, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator
) -> Module:
    refuse_below(8, image_size)
    H, W = image_size

    def layer(times: int, *further: Module) -> Sequential:
        return Sequential(ConvNorm(times // 2 * channels, times * channels, 3, rng=rng), MaxPool2d(2), *further)

    return Sequential(
        {
            "conv1": ConvNorm(in_channels, channels, 3, rng=rng),
            "layer1": layer(2, Residual(2 * channels, rng=rng)),
            "layer2": layer(4),
            "layer3": layer(8, Residual(8 * channels, rng=rng)),
            "maximum": MaxPool2d((H // 8, W // 8)),
            "flatten": Flatten(),
            "fc": Linear(8 * channels, classes, rng=rng),
        }
    )


def _told(width: float) -> str:
    return "Nine wide layers, made to learn in minutes" + (f"; {width:g} times the channels." if width != 1 else ".")


def _spec(name: str, width: float) -> ModelSpec:
    channels = max(1, round(CHANNELS * width))
    return ModelSpec(name, (32, 32, 3), PAPER, _told(width), partial(_resnet9, channels))


@family(f"resnet9{IN_A_NAME}")
def any_width(name: str, match: re.Match[str]) -> ModelSpec:
    """resnet9_x0_75 has three quarters of the channels."""
    return _spec(name, width_in(name))


for _name, _width in (("resnet9", 1), ("resnet9_x0_5", 0.5)):
    register(_name, input=(32, 32, 3), paper=PAPER, summary=_told(_width))(_spec(_name, _width).build)
