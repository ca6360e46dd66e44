"""MobileNet v1, Howard et al. 2017, MobileNets: efficient convolutional neural networks for mobile vision applications,
arXiv:1704.04861, table 1.

Shapes at 224x224 and width 1:
    conv1 112x112x32 -> block1 112x112x64 -> block2, 3 56x56x128 -> block4, 5 28x28x256 -> block6 to 11 14x14x512
    -> block12, 13 7x7x1024 -> mean 1024 -> fc classes
The width multiplies all channels: mobilenet_v1_x0_25 has a quarter of them; any other number may stand in the name.
Any size from 32x32 on, that is halved five times; small images are halved three times and begin at 8x8.

Differs from the paper:
    block13 has stride 1: the 2 of the table would not give the sizes that stand beside it;
    ReLU6 for ReLU, eps 1e-3, and at stride 2 zeros below and to the right alone, as Keras and its weights have it;
    no layer has fewer than 8 channels;
    images below 64 pixels get stride 1 in conv1 and block2: 32x32 ends at 4x4.
"""

import re
from functools import partial

import numpy as np

from cnnkit.models.registry import ModelSpec, family, register
from cnnkit.models.stem import is_small, refuse_below, strides
from cnnkit.models.width import IN_A_NAME, told, width_in
from cnnkit.nn import ConvNorm, GlobalAvgPool2d, Linear, Module, Sequential

PAPER = "Howard et al. 2017, arXiv:1704.04861, table 1"

# Table 1: channels and stride of every block behind conv1, which has 32 channels and stride 2.
BLOCKS = (
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    *[(512, 1)] * 5,
    (1024, 2),
    (1024, 1),
)
# The widths of its table 6, the most frugal first.
WIDTHS = {"mobilenet_v1_x0_25": 0.25, "mobilenet_v1_x0_5": 0.5, "mobilenet_v1_x0_75": 0.75, "mobilenet_v1": 1.0}


def _mobilenet_v1(
    width: float, *, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator
) -> Module:
    refuse_below(8 if is_small(image_size) else 32, image_size)
    first, *others = strides((2, *(stride for _, stride in BLOCKS)), image_size)
    channels = [max(8, int(full * width)) for full in (32, *(full for full, _ in BLOCKS))]
    layers: dict[str, Module] = {"conv1": _conv3x3(in_channels, channels[0], first, 1, rng)}
    for number, stride in enumerate(others, start=1):
        layers[f"block{number}"] = _separable(channels[number - 1], channels[number], stride, rng)
    return Sequential({**layers, "avgpool": GlobalAvgPool2d(), "fc": Linear(channels[-1], classes, rng=rng)})


def _separable(in_channels: int, out_channels: int, stride: int, rng: np.random.Generator) -> Sequential:
    """A 3x3 filter for every channel by itself, then a 1x1 convolution that mixes them: figure 3, right."""
    return Sequential(
        {
            "depthwise": _conv3x3(in_channels, in_channels, stride, in_channels, rng),
            "pointwise": ConvNorm(in_channels, out_channels, 1, activation="relu6", eps=1e-3, rng=rng),
        }
    )


def _conv3x3(in_channels: int, out_channels: int, stride: int, groups: int, rng: np.random.Generator) -> ConvNorm:
    return ConvNorm(
        in_channels,
        out_channels,
        3,
        stride=stride,
        padding=1 if stride == 1 else ((0, 1), (0, 1)),
        groups=groups,
        activation="relu6",
        eps=1e-3,
        rng=rng,
    )


SUMMARY = "13 depthwise separable convolutions"


for _name, _width in WIDTHS.items():
    register(_name, input=(224, 224, 3), paper=PAPER, summary=SUMMARY + told(_width), classes=1000)(
        partial(_mobilenet_v1, _width)
    )


@family(f"mobilenet_v1{IN_A_NAME}")
def any_width(name: str, match: re.Match[str]) -> ModelSpec:
    """mobilenet_v1_x1_4 has 1.4 times the channels."""
    width = width_in(name)
    return ModelSpec(name, (224, 224, 3), PAPER, SUMMARY + told(width), partial(_mobilenet_v1, width), classes=1000)
