"""ResNet, He et al. 2015, Deep residual learning for image recognition, arXiv:1512.03385, table 1.

Shapes at 224x224, of resnet18 and 34 (of resnet50, 101 and 152):
    conv1 112x112x64 -> maxpool 56x56x64 -> layer1 56x56x64 (256) -> layer2 28x28x128 (512)
    -> layer3 14x14x256 (1024) -> layer4 7x7x512 (2048) -> mean 512 (2048) -> fc classes
Any size from 32x32 on, that is halved five times; small images are halved three times and begin at 8x8.
A width may stand in the name: resnet50_x0_25 has a quarter of the channels.

Differs from the paper:
    the bottleneck strides in its 3x3 convolution, not in the 1x1 before it, as torchvision and its weights do ("v1.5");
    images below 64 pixels get a 3x3 stem of stride 1 and no pool: 32x32 ends at 4x4.
"""

import re
from functools import partial

import numpy as np

from cnnkit.autograd import Tensor
from cnnkit.models.registry import ModelSpec, family, register
from cnnkit.models.stem import is_small, refuse_below
from cnnkit.models.width import IN_A_NAME, told, width_in
from cnnkit.nn import ConvNorm, GlobalAvgPool2d, Identity, Linear, MaxPool2d, Module, Sequential


class BasicBlock(Module):
    """Two 3x3 convolutions beside a shortcut: figure 5, left."""

    expansion = 1

    def __init__(self, in_channels: int, width: int, *, stride: int, rng: np.random.Generator) -> None:
        self.conv1 = ConvNorm(in_channels, width, 3, stride=stride, rng=rng)
        self.conv2 = ConvNorm(width, width, 3, rng=rng)
        self.shortcut = _shortcut(in_channels, width, stride, rng)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(self.conv1(x), self.shortcut(x))


class Bottleneck(Module):
    """A 3x3 convolution between a 1x1 that narrows and a 1x1 that widens, beside a shortcut: figure 5, right."""

    expansion = 4

    def __init__(self, in_channels: int, width: int, *, stride: int, rng: np.random.Generator) -> None:
        self.conv1 = ConvNorm(in_channels, width, 1, rng=rng)
        self.conv2 = ConvNorm(width, width, 3, stride=stride, rng=rng)
        self.conv3 = ConvNorm(width, 4 * width, 1, rng=rng)
        self.shortcut = _shortcut(in_channels, 4 * width, stride, rng)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv3(self.conv2(self.conv1(x)), self.shortcut(x))


Block = type[BasicBlock] | type[Bottleneck]

# Table 1: the block, and how many of them in conv2_x, conv3_x, conv4_x, conv5_x.
TABLE: dict[str, tuple[Block, tuple[int, int, int, int]]] = {
    "resnet18": (BasicBlock, (2, 2, 2, 2)),
    "resnet34": (BasicBlock, (3, 4, 6, 3)),
    "resnet50": (Bottleneck, (3, 4, 6, 3)),
    "resnet101": (Bottleneck, (3, 4, 23, 3)),
    "resnet152": (Bottleneck, (3, 8, 36, 3)),
}


def _shortcut(in_channels: int, out_channels: int, stride: int, rng: np.random.Generator) -> Module:
    """Option B: x itself where the shapes agree, else a 1x1 convolution."""
    if stride == 1 and in_channels == out_channels:
        return Identity()
    return ConvNorm(in_channels, out_channels, 1, stride=stride, activation="identity", rng=rng)


def _resnet(
    block: Block,
    counts: tuple[int, int, int, int],
    width: float,
    *,
    classes: int,
    in_channels: int,
    image_size: tuple[int, int],
    rng: np.random.Generator,
) -> Module:
    small = is_small(image_size)
    refuse_below(8 if small else 32, image_size)
    first, second, third, fourth = (max(1, round(full * width)) for full in (64, 128, 256, 512))
    stem: dict[str, Module] = {"conv1": ConvNorm(in_channels, first, 3, rng=rng)}
    if not small:
        stem = {"conv1": ConvNorm(in_channels, first, 7, stride=2, rng=rng), "maxpool": MaxPool2d(3, 2, 1)}
    wide = block.expansion
    return Sequential(
        {
            **stem,
            "layer1": _stage(block, counts[0], first, first, 1, rng),
            "layer2": _stage(block, counts[1], first * wide, second, 2, rng),
            "layer3": _stage(block, counts[2], second * wide, third, 2, rng),
            "layer4": _stage(block, counts[3], third * wide, fourth, 2, rng),
            "avgpool": GlobalAvgPool2d(),
            "fc": Linear(fourth * wide, classes, rng=rng),
        }
    )


def _stage(block: Block, count: int, in_channels: int, width: int, stride: int, rng: np.random.Generator) -> Sequential:
    first = block(in_channels, width, stride=stride, rng=rng)
    rest = (block(block.expansion * width, width, stride=1, rng=rng) for _ in range(count - 1))
    return Sequential(first, *rest)


def _spec(name: str, depth: str) -> ModelSpec:
    block, counts = TABLE[depth]
    width = width_in(name)
    summary = f"{depth.removeprefix('resnet')} layers in {sum(counts)} residual blocks{told(width)}"
    paper = "He et al. 2015, arXiv:1512.03385, table 1"
    return ModelSpec(name, (224, 224, 3), paper, summary, partial(_resnet, block, counts, width), classes=1000)


@family(f"({'|'.join(TABLE)}){IN_A_NAME}")
def any_width(name: str, match: re.Match[str]) -> ModelSpec:
    """resnet18_x0_25 has a quarter of the channels."""
    return _spec(name, match[1])


for _depth in TABLE:
    _told = _spec(_depth, _depth)
    register(_depth, input=_told.input, paper=_told.paper, summary=_told.summary, classes=1000)(_told.build)
