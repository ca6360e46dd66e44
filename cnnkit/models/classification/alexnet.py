"""AlexNet, Krizhevsky 2014, One weird trick for parallelizing convolutional neural networks (arXiv:1404.5997).

The single tower of that paper: the network of Krizhevsky, Sutskever & Hinton 2012 without its two halves.
Shapes at 224x224:
    conv1 55x55x64 -> pool1 27x27 -> conv2 27x27x192 -> pool2 13x13 -> conv3 384 -> conv4 256 -> conv5 13x13x256
    -> pool5 6x6x256 -> fc6 4096 -> fc7 4096 -> fc8 classes

Differs from the paper:
    no local response norm, and 256 filters in conv4 in place of 384, as in the published weights;
    images of another size than 224 are averaged to the 6x6 bins that fc6 expects;
    below 64 pixels conv1 is 3x3 with stride 1, and the mean of what pool5 leaves and one dense layer, fc, stand for fc6
    to fc8.
"""

import numpy as np

from cnnkit.models.registry import register
from cnnkit.models.stem import is_small
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


@register(
    "alexnet",
    input=(224, 224, 3),
    paper="Krizhevsky 2014, arXiv:1404.5997",
    summary="The network of 2012: five convolutions, three dense layers with 96 % of the weights.",
    classes=1000,
)
def alexnet(*, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator) -> Module:
    small = is_small(image_size)
    size, stride, padding = (3, 1, 1) if small else (11, 4, 2)
    features: dict[str, Module] = {
        "conv1": Conv2d(in_channels, 64, size, stride=stride, padding=padding, activation="relu", rng=rng),
        "pool1": MaxPool2d(3, 2),
        "conv2": Conv2d(64, 192, 5, padding=2, activation="relu", rng=rng),
        "pool2": MaxPool2d(3, 2),
        "conv3": Conv2d(192, 384, 3, padding=1, activation="relu", rng=rng),
        "conv4": Conv2d(384, 256, 3, padding=1, activation="relu", rng=rng),
        "conv5": Conv2d(256, 256, 3, padding=1, activation="relu", rng=rng),
        "pool5": MaxPool2d(3, 2),
    }
    Sequential(features).output_shape((1, *image_size, in_channels))
    return Sequential(features | (_small_head(classes, rng) if small else _head(classes, rng)))


def _head(classes: int, rng: np.random.Generator) -> dict[str, Module]:
    return {
        "avgpool": AdaptiveAvgPool2d(6),
        "flatten": Flatten(),
        "drop6": Dropout(0.5, seed=int(rng.integers(2**32))),
        "fc6": Linear(256 * 6 * 6, 4096, activation="relu", rng=rng),
        "drop7": Dropout(0.5, seed=int(rng.integers(2**32))),
        "fc7": Linear(4096, 4096, activation="relu", rng=rng),
        "fc8": Linear(4096, classes, rng=rng),
    }


def _small_head(classes: int, rng: np.random.Generator) -> dict[str, Module]:
    return {"mean": GlobalAvgPool2d(), "fc": Linear(256, classes, rng=rng)}
