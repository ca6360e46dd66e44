"""ResNets for CIFAR, He et al. 2015, Deep residual learning for image recognition, arXiv:1512.03385, section 4.2.

Shapes at 32x32, with n blocks a stage and 6n + 2 layers in all:
    conv1 32x32x16 -> layer1 n x 32x32x16 -> layer2 n x 16x16x32 -> layer3 n x 8x8x64 -> mean 64 -> fc classes
Any size from 4x4 on will do. Shortcuts have no parameters (option A of the paper).

Differs from the paper:
    where a stage doubles the channels, the zeros of option A lie on both sides of the old ones, as in the weights that
    are published: https://github.com/akamaster/pytorch_resnet_cifar10.
"""

from functools import partial

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.models.registry import register
from cnnkit.models.stem import refuse_below
from cnnkit.nn import ConvNorm, GlobalAvgPool2d, Identity, Linear, Module, Sequential

# n, the number of blocks in each of the three stages.
BLOCKS = {"resnet20": 3, "resnet32": 5, "resnet44": 7, "resnet56": 9, "resnet110": 18}


class BasicBlock(Module):
    """Two 3x3 convolutions beside a shortcut: figure 2."""

    def __init__(self, in_channels: int, out_channels: int, *, stride: int, rng: np.random.Generator) -> None:
        self.conv1 = ConvNorm(in_channels, out_channels, 3, stride=stride, rng=rng)
        self.conv2 = ConvNorm(out_channels, out_channels, 3, rng=rng)
        self.shortcut = Identity() if stride == 1 else SparseShortcut(stride, (out_channels - in_channels) // 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(self.conv1(x), self.shortcut(x))


class SparseShortcut(Module):
    """Option A: every stride-th pixel, and `zeros` channels of zeros on each side of its channels."""

    def __init__(self, stride: int, zeros: int) -> None:
        self.stride, self.zeros = stride, zeros

    def forward(self, x: Tensor) -> Tensor:
        pixels = ops.slice(x, (0, 0, 0, 0), x.shape, (1, self.stride, self.stride, 1))
        return ops.pad(pixels, ((0, 0), (0, 0), (0, 0), (self.zeros, self.zeros)))

    def extra_repr(self) -> str:
        return f"stride={self.stride}, zeros={self.zeros}"


def _resnet(n: int, *, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator) -> Module:
    refuse_below(4, image_size)
    return Sequential(
        {
            "conv1": ConvNorm(in_channels, 16, 3, rng=rng),
            "layer1": _stage(n, 16, 16, 1, rng),
            "layer2": _stage(n, 16, 32, 2, rng),
            "layer3": _stage(n, 32, 64, 2, rng),
            "avgpool": GlobalAvgPool2d(),
            "fc": Linear(64, classes, rng=rng),
        }
    )


def _stage(n: int, in_channels: int, out_channels: int, stride: int, rng: np.random.Generator) -> Sequential:
    first = BasicBlock(in_channels, out_channels, stride=stride, rng=rng)
    return Sequential(first, *(BasicBlock(out_channels, out_channels, stride=1, rng=rng) for _ in range(n - 1)))


for _name, _n in BLOCKS.items():
    register(
        _name,
        input=(32, 32, 3),
        paper="He et al. 2015, arXiv:1512.03385, section 4.2",
        summary=f"{6 * _n + 2} layers in residual blocks of two, for images of 32x32.",
    )(partial(_resnet, _n))
