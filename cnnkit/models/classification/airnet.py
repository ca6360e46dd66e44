"""The network of airbench94, Jordan 2024, arXiv:2404.00498: wide blocks behind a whitening, to learn CIFAR-10 fast.

Shapes at 32x32 and width 1, which multiplies the channels of the blocks:
    whiten 32x32x24 (2x2) -> block1 16x16x64 -> block2 8x8x256 -> block3 4x4x256 -> maximum 256 -> fc classes, times 1/9
A block is a 3x3 convolution, a maximum over 2x2, batch norm and swish, and a second 3x3 convolution with the same
behind it. Any size from 8x8 on will do.

The first layer's filters are the eigenvectors of 2x2 patches of training images, and stay; its bias learns. Batch norms
learn shifts alone. In the other convolutions, as many filters as there are channels begin by passing these on.
In use the network is asked twice, for the image and for its mirror image, and answers with the mean (section 3.5 in
part): its cost in use is twice that of one pass.

Differs from the source: swish in the place of GELU, which batch norm computes on its way; the bias of the whitening
learns all the time, not for three epochs; no shifted views are judged. And the whitening keeps the size of the image,
so that maps are whole tiles of Winograd: in the time of its maps of 31, 15, 7 and 3 pixels a side.
"""

import re
from collections.abc import Iterable
from functools import partial

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.kernels.shared.array import Host
from cnnkit.models.registry import ModelSpec, family, register
from cnnkit.models.stem import refuse_below
from cnnkit.models.width import IN_A_NAME, width_in
from cnnkit.nn import BatchNorm2d, Conv2d, Flatten, Linear, MaxPool2d, Module, Parameter, Sequential, init

CHANNELS = (64, 256, 256)  # of the blocks at width 1
PATCH = (2, 2)
PAPER = "Jordan 2024, arXiv:2404.00498"
ACTIVATION = "swish"


class Airnet(Module):
    """(N, H, W, C) -> (N, classes)."""

    first_images = 5000

    def __init__(
        self,
        channels: tuple[int, int, int],
        *,
        classes: int,
        in_channels: int,
        image_size: tuple[int, int],
        rng: np.random.Generator,
    ) -> None:
        refuse_below(8, image_size)
        patches = 2 * PATCH[0] * PATCH[1] * in_channels
        self.whiten = Conv2d(in_channels, patches, PATCH, padding="same", activation=ACTIVATION, rng=rng)
        self.whiten.weight.requires_grad = False
        before = (patches, *channels)
        self.block1, self.block2, self.block3 = (_block(C, O, rng) for C, O in zip(before, channels, strict=False))
        H, W = (side // 8 for side in image_size)
        self.maximum = MaxPool2d((H, W))
        self.flatten = Flatten()
        self.fc = Linear(channels[-1], classes, bias=False, rng=rng)
        features = channels[-1]
        self.fc.weight = Parameter(init.plain_uniform(rng, (features, classes), (features, classes)))

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            return self.logits(x)
        N, both = x.shape[0], self.logits(ops.concat([x, mirrored(x)], axis=0))
        seen, turned = (ops.slice(both, (start, 0), (start + N, both.shape[1])) for start in (0, N))
        return (seen + turned) * 0.5

    def logits(self, x: Tensor) -> Tensor:
        """What one look at the images says."""
        x = self.block3(self.block2(self.block1(self.whiten(x))))
        return self.fc(self.flatten(self.maximum(x))) * (1 / 9)

    def begin_from(self, images: Iterable[Host]) -> None:
        self.whiten.weight.take(init.whitening(images, PATCH))


def _block(C: int, O: int, rng: np.random.Generator) -> Sequential:
    def conv(C: int) -> Conv2d:
        layer = Conv2d(C, O, 3, padding=1, bias=False, rng=rng)
        layer.weight = Parameter(init.passing_on(rng, layer.weight.shape))
        return layer

    def norm() -> BatchNorm2d:
        layer = BatchNorm2d(O, eps=1e-12, momentum=0.4, activation=ACTIVATION)
        layer.weight.requires_grad = False
        return layer

    return Sequential({"conv1": conv(C), "pool": MaxPool2d(2), "norm1": norm(), "conv2": conv(O), "norm2": norm()})


def mirrored(x: Tensor) -> Tensor:
    """y[n, iy, ix, c] = x[n, iy, W - 1 - ix, c]."""
    N, H, W, C = x.shape
    return ops.concat([ops.slice(x, (0, 0, ix, 0), (N, H, ix + 1, C)) for ix in reversed(range(W))], axis=2)


def _airnet(
    channels: tuple[int, int, int],
    *,
    classes: int,
    in_channels: int,
    image_size: tuple[int, int],
    rng: np.random.Generator,
) -> Module:
    return Airnet(channels, classes=classes, in_channels=in_channels, image_size=image_size, rng=rng)


def _told(width: float) -> str:
    times = f"; {width:g} times the channels." if width != 1 else "."
    return "Wide blocks behind a whitening, made to learn CIFAR-10 in minutes" + times


def _spec(name: str, width: float) -> ModelSpec:
    first, second, third = (max(1, round(O * width)) for O in CHANNELS)
    return ModelSpec(name, (32, 32, 3), PAPER, _told(width), partial(_airnet, (first, second, third)))


@family(f"airnet{IN_A_NAME}")
def any_width(name: str, match: re.Match[str]) -> ModelSpec:
    """airnet_x0_5 has half the channels."""
    return _spec(name, width_in(name))


register("airnet", input=(32, 32, 3), paper=PAPER, summary=_told(1))(_spec("airnet", 1).build)
