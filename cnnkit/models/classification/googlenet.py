"""GoogLeNet, Szegedy et al. 2014, Going deeper with convolutions (arXiv:1409.4842), table 1.

Shapes at 224x224:
    conv1 112x112x64 -> pool1 56x56 -> conv2 64 -> conv3 56x56x192 -> pool2 28x28 -> inception3a 256 -> 3b 28x28x480
    -> pool3 14x14 -> 4a 512 -> 4b 512 -> 4c 512 -> 4d 528 -> 4e 14x14x832 -> pool4 7x7 -> 5a 832 -> 5b 7x7x1024
    -> mean 1024 -> classes
In training two auxiliary classifiers, on 4a and 4d, add 0.3 of their losses.

Differs from the paper, as the published weights do:
    batch norm behind every convolution (Ioffe & Szegedy 2015, arXiv:1502.03167), and no local response norm;
    the branch of 5x5 filters has 3x3 ones;
    pool4 is 2x2; dropout is 0.2 before the last layer;
    the auxiliary classifiers average to 4x4 bins, so that images of any size will do.
Images below 64 pixels begin with a 3x3 convolution of stride 1, and without pool1: 32x32 ends at 4x4.
"""

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.models.registry import register
from cnnkit.models.stem import is_small, refuse_below
from cnnkit.nn import (
    AdaptiveAvgPool2d,
    Dropout,
    Flatten,
    GlobalAvgPool2d,
    Identity,
    Linear,
    MaxPool2d,
    Module,
    Sequential,
)
from cnnkit.nn.blocks import ConvNorm, WithAuxiliary
from cnnkit.nn.pool import ROUND_UP

AUXILIARY_WEIGHT = 0.3


class GoogLeNet(Module):
    """Table 1, row by row."""

    training_only = ("aux1", "aux2")

    def __init__(self, classes: int, in_channels: int, small: bool, rng: np.random.Generator) -> None:
        self.conv1 = _conv(in_channels, 64, 3, rng) if small else _conv(in_channels, 64, 7, rng, stride=2)
        self.maxpool1 = Identity() if small else MaxPool2d(3, 2, ROUND_UP)
        self.conv2 = _conv(64, 64, 1, rng)
        self.conv3 = _conv(64, 192, 3, rng)
        self.maxpool2 = MaxPool2d(3, 2, ROUND_UP)
        self.inception3a = Inception(192, 64, (96, 128), (16, 32), 32, rng)
        self.inception3b = Inception(256, 128, (128, 192), (32, 96), 64, rng)
        self.maxpool3 = MaxPool2d(3, 2, ROUND_UP)
        self.inception4a = Inception(480, 192, (96, 208), (16, 48), 64, rng)
        self.inception4b = Inception(512, 160, (112, 224), (24, 64), 64, rng)
        self.inception4c = Inception(512, 128, (128, 256), (24, 64), 64, rng)
        self.inception4d = Inception(512, 112, (144, 288), (32, 64), 64, rng)
        self.inception4e = Inception(528, 256, (160, 320), (32, 128), 128, rng)
        self.maxpool4 = MaxPool2d(2, 2, ROUND_UP)
        self.inception5a = Inception(832, 256, (160, 320), (32, 128), 128, rng)
        self.inception5b = Inception(832, 384, (192, 384), (48, 128), 128, rng)
        self.avgpool = GlobalAvgPool2d()
        self.dropout = Dropout(0.2, seed=int(rng.integers(2**32)))
        self.fc = Linear(1024, classes, rng=rng)
        self.aux1 = _auxiliary(512, classes, rng)
        self.aux2 = _auxiliary(528, classes, rng)

    def forward(self, x: Tensor) -> Tensor | WithAuxiliary:
        x = self.maxpool1(self.conv1(x))
        x = self.maxpool2(self.conv3(self.conv2(x)))
        x = self.maxpool3(self.inception3b(self.inception3a(x)))
        x4a = self.inception4a(x)
        x4d = self.inception4d(self.inception4c(self.inception4b(x4a)))
        x = self.maxpool4(self.inception4e(x4d))
        x = self.inception5b(self.inception5a(x))
        logits = self.fc(self.dropout(self.avgpool(x)))
        if not self.training:
            return logits
        return WithAuxiliary(logits, (self.aux1(x4a), self.aux2(x4d)), AUXILIARY_WEIGHT)


class Inception(Module):
    """Four branches side by side, figure 2 (b): 1x1; 1x1 that feeds 3x3, twice; pool and 1x1."""

    def __init__(
        self,
        in_channels: int,
        ones: int,
        threes: tuple[int, int],
        fives: tuple[int, int],
        pooled: int,
        rng: np.random.Generator,
    ) -> None:
        self.branch1 = _conv(in_channels, ones, 1, rng)
        self.branch2 = Sequential(_conv(in_channels, threes[0], 1, rng), _conv(*threes, 3, rng))
        self.branch3 = Sequential(_conv(in_channels, fives[0], 1, rng), _conv(*fives, 3, rng))
        self.branch4 = Sequential(MaxPool2d(3, 1, 1), _conv(in_channels, pooled, 1, rng))

    def forward(self, x: Tensor) -> Tensor:
        return ops.concat([branch(x) for branch in self.children()])


def _conv(in_channels: int, out_channels: int, size: int, rng: np.random.Generator, *, stride: int = 1) -> ConvNorm:
    return ConvNorm(in_channels, out_channels, size, stride=stride, eps=1e-3, rng=rng)


def _auxiliary(in_channels: int, classes: int, rng: np.random.Generator) -> Sequential:
    return Sequential(
        {
            "avgpool": AdaptiveAvgPool2d(4),
            "conv": _conv(in_channels, 128, 1, rng),
            "flatten": Flatten(),
            "fc1": Linear(128 * 4 * 4, 1024, activation="relu", rng=rng),
            "dropout": Dropout(0.7, seed=int(rng.integers(2**32))),
            "fc2": Linear(1024, classes, rng=rng),
        }
    )


@register(
    "googlenet",
    input=(224, 224, 3),
    paper="Szegedy et al. 2014, arXiv:1409.4842",
    summary="Nine inception modules, each four branches side by side: accurate with few weights.",
    classes=1000,
)
def googlenet(*, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator) -> Module:
    refuse_below(8, image_size)
    return GoogLeNet(classes, in_channels, is_small(image_size), rng)
