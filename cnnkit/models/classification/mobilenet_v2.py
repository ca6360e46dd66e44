"""MobileNet v2, Sandler et al. 2018, MobileNetV2: inverted residuals and linear bottlenecks, arXiv:1801.04381, table 2.

Shapes at 224x224:
    features.0 112x112x32 -> 1 112x112x16 -> 2, 3 56x56x24 -> 4 to 6 28x28x32 -> 7 to 10 14x14x64 -> 11 to 13 14x14x96
    -> 14 to 16 7x7x160 -> 17 7x7x320 -> 18 7x7x1280 -> mean 1280 -> fc classes
Any size from 32x32 on, that is halved five times; small images are halved three times and begin at 8x8.
A width may stand in the name: mobilenet_v2_x0_5 has half the channels, in multiples of 8, but 1280 at the end.

Differs from the paper:
    dropout of a fifth before the last layer, as torchvision has it;
    images below 64 pixels get stride 1 in features.0 and features.2: 32x32 ends at 4x4.
"""

import re
from functools import partial

import numpy as np

from cnnkit.autograd import Tensor
from cnnkit.models.registry import ModelSpec, family, register
from cnnkit.models.stem import is_small, refuse_below, strides
from cnnkit.models.width import IN_A_NAME, multiple_of_8, told, width_in
from cnnkit.nn import ConvNorm, Dropout, GlobalAvgPool2d, Identity, Linear, Module, Sequential

PAPER = "Sandler et al. 2018, arXiv:1801.04381, table 2"
SUMMARY = "17 inverted residuals: wide depthwise convolutions between narrow ends"

# Table 2: expansion t, channels c, blocks n, stride s of the first of them.
TABLE = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


class InvertedResidual(Module):
    """Widen t times, filter every channel by itself, narrow without an activation: figure 4d."""

    def __init__(
        self, in_channels: int, out_channels: int, *, expansion: int, stride: int, rng: np.random.Generator
    ) -> None:
        wide = expansion * in_channels
        self.expand = Identity() if expansion == 1 else ConvNorm(in_channels, wide, 1, activation="relu6", rng=rng)
        self.depthwise = ConvNorm(wide, wide, 3, stride=stride, groups=wide, activation="relu6", rng=rng)
        self.project = ConvNorm(wide, out_channels, 1, activation="identity", rng=rng)
        self.residual = stride == 1 and in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        return self.project(self.depthwise(self.expand(x)), x if self.residual else None)


def _mobilenet_v2(
    width: float, *, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator
) -> Module:
    refuse_below(8 if is_small(image_size) else 32, image_size)
    stem, *firsts = strides((2, *(stride for *_, stride in TABLE)), image_size)
    before = multiple_of_8(32 * width)
    features: list[Module] = [ConvNorm(in_channels, before, 3, stride=stem, activation="relu6", rng=rng)]
    for (expansion, full, count, _), first in zip(TABLE, firsts, strict=True):
        channels = multiple_of_8(full * width)
        for stride in (first, *[1] * (count - 1)):
            features.append(InvertedResidual(before, channels, expansion=expansion, stride=stride, rng=rng))
            before = channels
    last = multiple_of_8(1280 * max(1, width))
    features.append(ConvNorm(before, last, 1, activation="relu6", rng=rng))
    return Sequential(
        {
            "features": Sequential(*features),
            "avgpool": GlobalAvgPool2d(),
            "dropout": Dropout(0.2, seed=int(rng.integers(2**32))),
            "fc": Linear(last, classes, rng=rng),
        }
    )


register("mobilenet_v2", input=(224, 224, 3), paper=PAPER, summary=SUMMARY + told(1), classes=1000)(
    partial(_mobilenet_v2, 1)
)


@family(f"mobilenet_v2{IN_A_NAME}")
def any_width(name: str, match: re.Match[str]) -> ModelSpec:
    """mobilenet_v2_x1_4 has 1.4 times the channels."""
    width = width_in(name)
    return ModelSpec(name, (224, 224, 3), PAPER, SUMMARY + told(width), partial(_mobilenet_v2, width), classes=1000)
