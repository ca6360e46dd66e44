"""The convolutional network of countless MNIST tutorials: two convolutions without padding, one pool, two dense layers.

Shapes at 28x28:
    conv1 26x26x32 -> conv2 24x24x64 -> pool 12x12x64 -> dense1 128 -> dense2 classes; 1,199,882 parameters
It has no paper. Nine tenths of its arithmetic lie in conv2, and 98 % of its weights in dense1.
"""

import numpy as np

from cnnkit.models.registry import register
from cnnkit.nn import Conv2d, Flatten, Linear, MaxPool2d, Module, Sequential


@register(
    "convnet",
    input=(28, 28, 1),
    paper="none: usual in MNIST tutorials",
    summary="Two wide convolutions and a large dense layer; accurate on digits, large for its task.",
)
def convnet(*, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator) -> Module:
    layers: dict[str, Module] = {
        "conv1": Conv2d(in_channels, 32, 3, activation="relu", rng=rng),
        "conv2": Conv2d(32, 64, 3, activation="relu", rng=rng),
        "pool": MaxPool2d(2),
        "flatten": Flatten(),
    }
    _, features = Sequential(layers).output_shape((1, *image_size, in_channels))
    return Sequential(
        {
            **layers,
            "dense1": Linear(features, 128, activation="relu", rng=rng),
            "dense2": Linear(128, classes, rng=rng),
        }
    )
