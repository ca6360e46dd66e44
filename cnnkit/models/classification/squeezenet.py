"""SqueezeNet, Iandola et al. 2016, AlexNet-level accuracy with 50x fewer parameters (arXiv:1602.07360), table 1.

Shapes at 224x224 (version 1.0; 1.1):
    conv1 109x109x96; 111x111x64 -> pool1 54x54; 55x55 -> fire2, fire3 128 (-> fire4 256 in 1.0) -> pool 27x27 -> ...
    -> pool 13x13 -> ... -> fire9 13x13x512 -> conv10 13x13xclasses -> mean of each class
Version 1.1 is the authors' own of the same year: a smaller conv1 and earlier pools, 2.4 times less work.

Differs from the paper:
    conv1 of 1.0 has no padding: 109x109, where the table says 111x111;
    images below 64 pixels begin with a 3x3 convolution of stride 1 and without pool1.
"""

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.models.registry import register
from cnnkit.models.stem import is_small
from cnnkit.nn import Conv2d, Dropout, GlobalAvgPool2d, MaxPool2d, Module, Sequential
from cnnkit.nn.pool import ROUND_UP

# conv1 as filters x size, M a pool, a number a fire module that squeezes to so many channels and expands to eightfold.
PLANS = {
    "squeezenet1_0": "96x7 M 16 16 32 M 32 48 48 64 M 64",
    "squeezenet1_1": "64x3 M 16 16 M 32 32 M 48 48 64 64",
}


class Fire(Module):
    """Few 1x1 filters feed many 1x1 and 3x3 filters side by side: figure 1."""

    def __init__(self, in_channels: int, squeezed: int, rng: np.random.Generator) -> None:
        self.squeeze = Conv2d(in_channels, squeezed, 1, activation="relu", rng=rng)
        self.expand1x1 = Conv2d(squeezed, 4 * squeezed, 1, activation="relu", rng=rng)
        self.expand3x3 = Conv2d(squeezed, 4 * squeezed, 3, padding=1, activation="relu", rng=rng)

    def forward(self, x: Tensor) -> Tensor:
        x = self.squeeze(x)
        return ops.concat([self.expand1x1(x), self.expand3x3(x)])

    def output_shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        *NHW, O = self.expand1x1.output_shape(self.squeeze.output_shape(x_shape))
        return *NHW, 2 * O


@register(
    "squeezenet1_0",
    input=(224, 224, 3),
    paper="Iandola et al. 2016, arXiv:1602.07360",
    summary="The accuracy of AlexNet with a fiftieth of its weights.",
    classes=1000,
)
def squeezenet1_0(*, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator) -> Module:
    return _squeezenet(PLANS["squeezenet1_0"], classes, in_channels, image_size, rng)


@register(
    "squeezenet1_1",
    input=(224, 224, 3),
    paper="Iandola et al. 2016, arXiv:1602.07360",
    summary="SqueezeNet with earlier pools: as accurate, 2.4 times less work.",
    classes=1000,
)
def squeezenet1_1(*, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator) -> Module:
    return _squeezenet(PLANS["squeezenet1_1"], classes, in_channels, image_size, rng)


def _squeezenet(
    plan: str, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator
) -> Module:
    stem, *steps = plan.split()
    channels, size = map(int, stem.split("x"))
    if is_small(image_size):
        conv1 = Conv2d(in_channels, channels, 3, padding=1, activation="relu", rng=rng)
        steps.remove("M")
    else:
        conv1 = Conv2d(in_channels, channels, size, stride=2, activation="relu", rng=rng)
    layers: dict[str, Module] = {"conv1": conv1}
    number = 1
    for step in steps:
        if step == "M":
            layers[f"pool{number}"] = MaxPool2d(3, 2, ROUND_UP)
        else:
            number += 1
            layers[f"fire{number}"] = Fire(channels, int(step), rng)
            channels = 8 * int(step)
    layers["dropout"] = Dropout(0.5, seed=int(rng.integers(2**32)))
    layers["conv10"] = Conv2d(channels, classes, 1, activation="relu", rng=rng)
    layers["mean"] = GlobalAvgPool2d()
    network = Sequential(layers)
    network.output_shape((1, *image_size, in_channels))
    return network
