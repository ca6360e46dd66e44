"""MobileNet v3, Howard et al. 2019, Searching for MobileNetV3, arXiv:1905.02244, tables 1 and 2.

Shapes at 224x224:
    large: features.0 112x112x16 -> 1 112x112x16 -> 2, 3 56x56x24 -> 4 to 6 28x28x40 -> 7 to 10 14x14x80
           -> 11, 12 14x14x112 -> 13 to 15 7x7x160 -> 16 7x7x960 -> mean 960 -> dense 1280 -> fc classes
    small: features.0 112x112x16 -> 1 56x56x16 -> 2, 3 28x28x24 -> 4 to 6 14x14x40 -> 7, 8 14x14x48 -> 9 to 11 7x7x96
           -> 12 7x7x576 -> mean 576 -> dense 1024 -> fc classes
Any size from 32x32 on, that is halved five times; small images are halved three times and begin at 8x8.
A width may stand in the name: mobilenet_v3_large_x0_5 has half the channels, in multiples of 8.

Differs from the paper, as torchvision does:
    the gates of squeeze-and-excite are the mean of all pixels, through two dense layers of a quarter of the channels,
    rounded to a multiple of 8; small has no gate behind its last 1x1 convolution; eps 1e-3, momentum 0.01;
    dropout of a fifth before the last layer;
and images below 64 pixels get stride 1 in the first two layers that would halve them: 32x32 ends at 4x4.
"""

import re
from functools import partial
from typing import NamedTuple

import numpy as np

from cnnkit.autograd import Tensor
from cnnkit.models.registry import ModelSpec, family, register
from cnnkit.models.stem import is_small, refuse_below, strides
from cnnkit.models.width import IN_A_NAME, multiple_of_8, told, width_in
from cnnkit.nn import ConvNorm, Dropout, GlobalAvgPool2d, Identity, Linear, Module, Sequential, SqueezeExcite

RE, HS, NONE = "relu", "hard_swish", "identity"


class Row(NamedTuple):
    """A block: filters of kernel x kernel on `expanded` channels, squeeze-and-excite or not, `channels` that leave."""

    kernel: int
    expanded: int
    channels: int
    excited: bool
    activation: str
    stride: int


# Table 1.
LARGE = (
    Row(3, 16, 16, False, RE, 1),
    Row(3, 64, 24, False, RE, 2),
    Row(3, 72, 24, False, RE, 1),
    Row(5, 72, 40, True, RE, 2),
    Row(5, 120, 40, True, RE, 1),
    Row(5, 120, 40, True, RE, 1),
    Row(3, 240, 80, False, HS, 2),
    Row(3, 200, 80, False, HS, 1),
    Row(3, 184, 80, False, HS, 1),
    Row(3, 184, 80, False, HS, 1),
    Row(3, 480, 112, True, HS, 1),
    Row(3, 672, 112, True, HS, 1),
    Row(5, 672, 160, True, HS, 2),
    Row(5, 960, 160, True, HS, 1),
    Row(5, 960, 160, True, HS, 1),
)
# Table 2.
SMALL = (
    Row(3, 16, 16, True, RE, 2),
    Row(3, 72, 24, False, RE, 2),
    Row(3, 88, 24, False, RE, 1),
    Row(5, 96, 40, True, HS, 2),
    Row(5, 240, 40, True, HS, 1),
    Row(5, 240, 40, True, HS, 1),
    Row(5, 120, 48, True, HS, 1),
    Row(5, 144, 48, True, HS, 1),
    Row(5, 288, 96, True, HS, 2),
    Row(5, 576, 96, True, HS, 1),
    Row(5, 576, 96, True, HS, 1),
)

EPS, MOMENTUM = 1e-3, 0.01


class Block(Module):
    """An inverted residual whose wide channels are weighed by squeeze-and-excite: figure 4."""

    def __init__(
        self, in_channels: int, row: Row, *, stride: int, momentum: float = MOMENTUM, rng: np.random.Generator
    ) -> None:
        conv = partial(ConvNorm, eps=EPS, momentum=momentum, rng=rng)
        wide, activation = row.expanded, row.activation
        self.expand = Identity() if wide == in_channels else conv(in_channels, wide, 1, activation=activation)
        self.depthwise = conv(wide, wide, row.kernel, stride=stride, groups=wide, activation=activation)
        self.excite = _excite(wide, rng) if row.excited else Identity()
        self.project = conv(wide, row.channels, 1, activation=NONE)
        self.residual = row.stride == 1 and in_channels == row.channels

    def forward(self, x: Tensor) -> Tensor:
        return self.narrowed(self.expand(x), x if self.residual else None)

    def narrowed(self, wide: Tensor, residual: Tensor | None = None) -> Tensor:
        """What follows the expansion."""
        return self.project(self.excite(self.depthwise(wide)), residual)


def _excite(channels: int, rng: np.random.Generator) -> SqueezeExcite:
    return SqueezeExcite(channels, multiple_of_8(channels / 4), gate="hard_sigmoid", rng=rng)


def features(
    table: tuple[Row, ...],
    width: float,
    in_channels: int,
    image_size: tuple[int, int],
    *,
    momentum: float = MOMENTUM,
    rng: np.random.Generator,
) -> tuple[Sequential, int]:
    """(all that makes maps, the channels of the last): a convolution, the blocks of a table, a 1x1 convolution."""
    stem, *others = strides((2, *(row.stride for row in table)), image_size)
    conv = partial(ConvNorm, eps=EPS, momentum=momentum, activation=HS, rng=rng)
    before = multiple_of_8(16 * width)
    found: list[Module] = [conv(in_channels, before, 3, stride=stem)]
    for full, stride in zip(table, others, strict=True):
        row = full._replace(
            expanded=multiple_of_8(full.expanded * width), channels=multiple_of_8(full.channels * width)
        )
        found.append(Block(before, row, stride=stride, momentum=momentum, rng=rng))
        before = row.channels
    found.append(conv(before, 6 * before, 1))
    return Sequential(*found), 6 * before


def _mobilenet_v3(
    table: tuple[Row, ...],
    dense: int,
    width: float,
    *,
    classes: int,
    in_channels: int,
    image_size: tuple[int, int],
    rng: np.random.Generator,
) -> Module:
    refuse_below(8 if is_small(image_size) else 32, image_size)
    maps, last = features(table, width, in_channels, image_size, rng=rng)
    dense = multiple_of_8(dense * width)
    return Sequential(
        {
            "features": maps,
            "avgpool": GlobalAvgPool2d(),
            "dense": Linear(last, dense, activation=HS, rng=rng),
            "dropout": Dropout(0.2, seed=int(rng.integers(2**32))),
            "fc": Linear(dense, classes, rng=rng),
        }
    )


def _spec(name: str, size: str) -> ModelSpec:
    number, table, dense, summary = {
        "small": (2, SMALL, 1024, "11 inverted residuals found by search, most with squeeze-and-excite"),
        "large": (1, LARGE, 1280, "15 inverted residuals found by search, half of them with squeeze-and-excite"),
    }[size]
    width = width_in(name)
    build = partial(_mobilenet_v3, table, dense, width)
    paper = f"Howard et al. 2019, arXiv:1905.02244, table {number}"
    return ModelSpec(name, (224, 224, 3), paper, summary + told(width), build, classes=1000)


@family(f"mobilenet_v3_(small|large){IN_A_NAME}")
def any_width(name: str, match: re.Match[str]) -> ModelSpec:
    """mobilenet_v3_large_x0_75 has three quarters of the channels."""
    return _spec(name, match[1])


for _size in ("small", "large"):
    _told = _spec(f"mobilenet_v3_{_size}", _size)
    register(_told.name, input=_told.input, paper=_told.paper, summary=_told.summary, classes=1000)(_told.build)
