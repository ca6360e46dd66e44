"""VGG, Simonyan & Zisserman 2014, Very deep convolutional networks for large-scale image recognition (arXiv:1409.1556).

Shapes at 224x224 (table 1, configurations A, B, D, E):
    conv1 224x224x64 -> pool1 112x112 -> conv2 128 -> pool2 56x56 -> conv3 256 -> pool3 28x28 -> conv4 512
    -> pool4 14x14 -> conv5 512 -> pool5 7x7x512 -> fc6 4096 -> fc7 4096 -> fc8 classes
Layers have the names of the authors' own release. `_bn` puts batch norm (Ioffe & Szegedy 2015, arXiv:1502.03167)
behind every convolution. A width may stand in the name: vgg16_x0_25 has a quarter of the channels.

Differs from the paper:
    images of another size than 224 are averaged to the 7x7 bins that fc6 expects;
    below 64 pixels the mean of what pool5 leaves and one dense layer, fc, stand for fc6 to fc8, as is usual for CIFAR;
    with batch norm, convolutions keep their biases, as in the published weights.
"""

import re
from functools import partial

import numpy as np

from cnnkit.models.registry import ModelSpec, family, register
from cnnkit.models.stem import is_small
from cnnkit.models.width import IN_A_NAME, told, width_in
from cnnkit.nn import (
    AdaptiveAvgPool2d,
    Conv2d,
    Dropout,
    Flatten,
    GlobalAvgPool2d,
    Linear,
    MaxPool2d,
    Module,
    Sequential,
)
from cnnkit.nn.norm import BatchNorm2d

# A number is a 3x3 convolution with so many filters, M halves the image.
PLANS = {
    "vgg11": "64 M 128 M 256 256 M 512 512 M 512 512 M",
    "vgg13": "64 64 M 128 128 M 256 256 M 512 512 M 512 512 M",
    "vgg16": "64 64 M 128 128 M 256 256 256 M 512 512 512 M 512 512 512 M",
    "vgg19": "64 64 M 128 128 M 256 256 256 256 M 512 512 512 512 M 512 512 512 512 M",
}


def _features(
    plan: str, norm: bool, scale: float, in_channels: int, rng: np.random.Generator
) -> tuple[dict[str, Module], int]:
    """The layers of a plan, and how many channels leave the last."""
    layers: dict[str, Module] = {}
    stages = plan.removesuffix(" M").split(" M ")
    for stage, widths in enumerate(stages, 1):
        for number, full in enumerate(map(int, widths.split()), 1):
            width = max(1, round(full * scale))
            layers |= _conv3x3(f"{stage}_{number}", in_channels, width, norm, rng)
            in_channels = width
        layers[f"pool{stage}"] = MaxPool2d(2)
    return layers, in_channels


def _conv3x3(place: str, in_channels: int, width: int, norm: bool, rng: np.random.Generator) -> dict[str, Module]:
    if not norm:
        return {f"conv{place}": Conv2d(in_channels, width, 3, padding=1, activation="relu", rng=rng)}
    return {
        f"conv{place}": Conv2d(in_channels, width, 3, padding=1, rng=rng),
        f"norm{place}": BatchNorm2d(width, activation="relu"),
    }


def _head(channels: int, hidden: int, classes: int, rng: np.random.Generator) -> dict[str, Module]:
    return {
        "avgpool": AdaptiveAvgPool2d(7),
        "flatten": Flatten(),
        "fc6": Linear(channels * 7 * 7, hidden, activation="relu", rng=rng),
        "drop6": Dropout(0.5, seed=int(rng.integers(2**32))),
        "fc7": Linear(hidden, hidden, activation="relu", rng=rng),
        "drop7": Dropout(0.5, seed=int(rng.integers(2**32))),
        "fc8": Linear(hidden, classes, rng=rng),
    }


def _small_head(channels: int, hidden: int, classes: int, rng: np.random.Generator) -> dict[str, Module]:
    return {"mean": GlobalAvgPool2d(), "fc": Linear(channels, classes, rng=rng)}


def _vgg(
    plan: str,
    norm: bool,
    width: float,
    *,
    classes: int,
    in_channels: int,
    image_size: tuple[int, int],
    rng: np.random.Generator,
) -> Module:
    features, channels = _features(plan, norm, width, in_channels, rng)
    Sequential(features).output_shape((1, *image_size, in_channels))
    head = _small_head if is_small(image_size) else _head
    return Sequential(features | head(channels, max(1, round(4096 * width)), classes, rng))


def _spec(name: str, depth: str, norm: bool) -> ModelSpec:
    layers, width = depth.removeprefix("vgg"), width_in(name)
    summary = f"{layers} layers: 3x3 convolutions{' with batch norm' * norm}, three dense{told(width)}"
    paper = "Simonyan & Zisserman 2014, arXiv:1409.1556"
    return ModelSpec(name, (224, 224, 3), paper, summary, partial(_vgg, PLANS[depth], norm, width), classes=1000)


@family(f"({'|'.join(PLANS)})(_bn)?{IN_A_NAME}")
def any_width(name: str, match: re.Match[str]) -> ModelSpec:
    """vgg16_x0_25 has a quarter of the channels."""
    return _spec(name, match[1], match[2] is not None)


for _depth in PLANS:
    for _norm in (False, True):
        _told = _spec(_depth + "_bn" * _norm, _depth, _norm)
        register(_told.name, input=_told.input, paper=_told.paper, summary=_told.summary, classes=1000)(_told.build)
