"""LeNet-5, LeCun et al. 1998, Gradient-based learning applied to document recognition (Proceedings of the IEEE 86).

Shapes for a digit, 28x28, which the paper centres in 32x32:
    conv1 28x28x6 -> pool1 14x14x6 -> conv2 10x10x16 -> pool2 5x5x16 -> dense1 120 -> dense2 84 -> dense3 classes

Differs from the paper:
    the two rows of zeros around the digit are the padding of conv1;
    ReLU in place of the scaled tanh;
    pools are plain means, without a trained factor and bias per channel and without a sigmoid behind;
    conv2 sees all six channels everywhere, not the selection of table I;
    the last layer is dense with softmax cross-entropy, not a layer of radial basis functions.

lenet_caffe is the descendant that came with Caffe (Jia et al. 2014, arXiv:1408.5093), and under which the published
weights for digits are found. Shapes for a digit, 28x28:
    conv1 24x24x20 -> pool1 12x12x20 -> conv2 8x8x50 -> pool2 4x4x50 -> dense1 500 -> dense2 classes; 431,080 parameters
Its pools take the greatest pixel, and its only activation is the ReLU behind dense1.
"""

import numpy as np

from cnnkit.models.registry import register
from cnnkit.nn import AvgPool2d, Conv2d, Flatten, Linear, MaxPool2d, Module, Sequential


@register(
    "lenet5",
    input=(28, 28, 1),
    paper="LeCun et al. 1998, Proceedings of the IEEE 86(11)",
    summary="The classic network for digits: two convolutions, three dense layers.",
)
def lenet5(*, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator) -> Module:
    layers: dict[str, Module] = {
        "conv1": Conv2d(in_channels, 6, 5, padding=2, activation="relu", rng=rng),
        "pool1": AvgPool2d(2),
        "conv2": Conv2d(6, 16, 5, activation="relu", rng=rng),
        "pool2": AvgPool2d(2),
        "flatten": Flatten(),
    }
    _, features = Sequential(layers).output_shape((1, *image_size, in_channels))
    return Sequential(
        {
            **layers,
            "dense1": Linear(features, 120, activation="relu", rng=rng),
            "dense2": Linear(120, 84, activation="relu", rng=rng),
            "dense3": Linear(84, classes, rng=rng),
        }
    )


@register(
    "lenet_caffe",
    input=(28, 28, 1),
    paper="after LeCun et al. 1998, Proceedings of the IEEE 86(11)",
    summary="The wide LeNet of Caffe and OpenVINO: 20 and 50 filters, a dense layer of 500.",
)
def lenet_caffe(*, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator) -> Module:
    layers: dict[str, Module] = {
        "conv1": Conv2d(in_channels, 20, 5, rng=rng),
        "pool1": MaxPool2d(2),
        "conv2": Conv2d(20, 50, 5, rng=rng),
        "pool2": MaxPool2d(2),
        "flatten": Flatten(),
    }
    _, features = Sequential(layers).output_shape((1, *image_size, in_channels))
    return Sequential(
        {
            **layers,
            "dense1": Linear(features, 500, activation="relu", rng=rng),
            "dense2": Linear(500, classes, rng=rng),
        }
    )
