"""A small network in the manner of VGG: pairs of padded 3x3 convolutions, each pair halved by a pool.

Shapes at 28x28:
    conv1, conv2 28x28x32 -> pool1 14x14x32 -> conv3, conv4 14x14x64 -> pool2 7x7x64 -> dense classes
96,362 parameters for ten classes: this is the network that ships with its weights.

Differs from the paper (Simonyan & Zisserman 2014, arXiv:1409.1556): two stages of the five, half the channels, one
dense layer in place of three, dropout of a quarter before it.
"""

import numpy as np

from cnnkit.models.registry import register
from cnnkit.nn import Conv2d, Dropout, Flatten, Linear, MaxPool2d, Module, Sequential


@register(
    "digitnet",
    input=(28, 28, 1),
    paper="after Simonyan & Zisserman 2014, arXiv:1409.1556",
    summary="Small and accurate on digits: four 3x3 convolutions, one dense layer; part of the package.",
)
def digitnet(*, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator) -> Module:
    layers: dict[str, Module] = {
        "conv1": _conv3x3(in_channels, 32, rng),
        "conv2": _conv3x3(32, 32, rng),
        "pool1": MaxPool2d(2),
        "conv3": _conv3x3(32, 64, rng),
        "conv4": _conv3x3(64, 64, rng),
        "pool2": MaxPool2d(2),
        "flatten": Flatten(),
        "dropout": Dropout(0.25, seed=int(rng.integers(2**32))),
    }
    _, features = Sequential(layers).output_shape((1, *image_size, in_channels))
    return Sequential({**layers, "dense": Linear(features, classes, rng=rng)})


def _conv3x3(in_channels: int, out_channels: int, rng: np.random.Generator) -> Conv2d:
    return Conv2d(in_channels, out_channels, 3, padding=1, activation="relu", rng=rng)
