"""FCN, Long, Shelhamer & Darrell 2015, Fully convolutional networks for semantic segmentation (arXiv:1411.4038),
section 4.2 and figure 3.

Shapes at 512x512:
    backbone (VGG16): pool3 64x64x256 -> pool4 32x32x512 -> pool5 16x16x512 -> fc6 16x16x4096 -> fc7 16x16x4096
    fcn32s:  score_fr 16x16xclasses -> logits 512x512xclasses
    fcn16s:  score_fr, doubled + score_pool4 32x32 -> logits
    fcn8s:   score_fr, doubled + score_pool4 32x32, doubled + score_pool3 64x64 -> logits
fc6 and fc7 are the dense layers of VGG16 as convolutions, 7x7 and 1x1: a score of the classes at every place of pool5.
Scores are zero at first. A doubling is a transposed convolution that begins as bilinear interpolation and learns; the
last step, from the stride to the image, is bilinear and fixed, as in the paper. Sums are cropped to the smaller map.
A width may stand in the name: fcn8s_x0_125 has an eighth of the channels; `_bn` before it stands for vgg16_bn.

Differs from the paper:
    it pads the image by 100 pixels, so that fc6 without padding meets images of any size, and crops the result by an
    offset. Here fc6 pads by 3 and pools round up: the same places, no offset, and none is computed in vain;
    the fixed interpolation goes on with the last score at the image's border, where a transposed convolution fades;
    a doubling has one filter for each class. Between classes the paper's are zero at first, and stay near it;
    the three are trained at once, where each of the paper's begins with the weights of the one before.
"""

import re
from functools import partial

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.models.crop import cropped
from cnnkit.models.registry import ModelSpec, family, register
from cnnkit.models.stem import refuse_below
from cnnkit.models.trunk import trunk
from cnnkit.models.width import IN_A_NAME, told, width_in
from cnnkit.nn import Conv2d, ConvTranspose2d, Dropout, MaxPool2d, Module, Parameter, Sequential, init
from cnnkit.nn.pool import ROUND_UP

PAPER = "Long et al. 2015, arXiv:1411.4038"
POOLS = {32: "pool5", 16: "pool4", 8: "pool3"}
CHANNELS = 4096


class FCN(Module):
    """What is there from pool5, and from the pools before it, one by one, where it is: figure 3.

    stride: of the finest map that scores are taken from, 32, 16 or 8.   vgg: the classifier that it stands on.
    """

    def __init__(
        self, stride: int, classes: int, in_channels: int, *, vgg: str = "vgg16", rng: np.random.Generator
    ) -> None:
        self.stride = stride
        self.pools = [pool for place, pool in POOLS.items() if place >= stride]
        self.backbone = trunk(vgg, self.pools, in_channels=in_channels, rng=rng)
        for layer in self.backbone.children():
            if isinstance(layer, MaxPool2d):
                layer.padding = ROUND_UP
        channels = max(1, round(CHANNELS * width_in(vgg)))
        self.head = _head(self.backbone.channels["pool5"], channels, rng)
        self.score_fr = _score(channels, classes, rng)
        for pool in self.pools[1:]:
            setattr(self, f"double_{pool}", _doubling(classes))
            setattr(self, f"score_{pool}", _score(self.backbone.channels[pool], classes, rng))

    def forward(self, x: Tensor) -> Tensor:
        maps = self.backbone(x)
        scores = self.score_fr(self.head(maps["pool5"]))
        for pool in self.pools[1:]:
            finer = getattr(self, f"score_{pool}")(maps[pool])
            scores = cropped(getattr(self, f"double_{pool}")(scores), finer.shape[1:3]) + finer
        _, h, w, _ = scores.shape
        return cropped(ops.resize(scores, (h * self.stride, w * self.stride)), x.shape[1:3])


def _head(in_channels: int, channels: int, rng: np.random.Generator) -> Sequential:
    """The dense layers of VGG16, at every place."""
    return Sequential(
        {
            "fc6": Conv2d(in_channels, channels, 7, padding=3, activation="relu", rng=rng),
            "drop6": Dropout(0.5, seed=int(rng.integers(2**32))),
            "fc7": Conv2d(channels, channels, 1, activation="relu", rng=rng),
            "drop7": Dropout(0.5, seed=int(rng.integers(2**32))),
        }
    )


def _score(in_channels: int, classes: int, rng: np.random.Generator) -> Conv2d:
    layer = Conv2d(in_channels, classes, 1, rng=rng)
    layer.weight = Parameter(np.zeros(layer.weight.shape, np.float32))
    return layer


def _doubling(classes: int) -> ConvTranspose2d:
    layer = ConvTranspose2d(classes, classes, 4, stride=2, padding=1, groups=classes, bias=False)
    layer.weight = Parameter(init.bilinear(layer.weight.shape, classes))
    return layer


def _fcn(
    stride: int,
    vgg: str,
    *,
    classes: int,
    in_channels: int,
    image_size: tuple[int, int],
    rng: np.random.Generator,
) -> Module:
    refuse_below(32, image_size)
    return FCN(stride, classes, in_channels, vgg=vgg, rng=rng)


def _spec(name: str, stride: int, variant: str = "") -> ModelSpec:
    finest = "the last map alone" if stride == 32 else f"{POOLS[stride]} and what lies behind it"
    summary = f"VGG16, its dense layers at every place; scores from {finest}{told(width_in(name))}"
    return ModelSpec(
        name, (512, 512, 3), PAPER, summary, partial(_fcn, stride, f"vgg16{variant}"), classes=21, kind="segmentation"
    )


@family(f"fcn(32|16|8)s((_bn)?({IN_A_NAME})?)")
def any_width(name: str, match: re.Match[str]) -> ModelSpec:
    """fcn8s_x0_125 has an eighth of the channels, fcn8s_bn_x0_125 stands on vgg16_bn_x0_125."""
    return _spec(name, int(match[1]), match[2])


for _stride in POOLS:
    _told = _spec(f"fcn{_stride}s", _stride)
    register(_told.name, input=_told.input, paper=PAPER, summary=_told.summary, classes=21, kind="segmentation")(
        _told.build
    )
