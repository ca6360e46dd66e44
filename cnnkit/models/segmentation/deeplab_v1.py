"""DeepLab v1, LargeFOV: Chen et al. 2014, Semantic image segmentation with deep convolutional nets and fully connected
CRFs (arXiv:1412.7062), section 3 and 5.

Shapes at 320x320:
    backbone (vgg16): conv1 320x320x64 -> pool1 160x160 -> conv2 128 -> pool2 80x80 -> conv3 256 -> pool3 40x40
    -> conv4 512 -> pool4 40x40 -> conv5 40x40x512, its filters spread by 2
    head: pool5 40x40 -> fc6 1024, 3x3 spread by 12 -> fc7 1024 -> fc8 40x40xclasses -> logits 320x320xclasses
vgg16 classifies by 7x7 places of 4096 channels; here fc6 sees nine places over a field as large, and the network has a
sixth of the parameters. Layers have the names of the authors' own release.
The CRF behind it is not part of the network: `tasks/segmentation/crf.py`, `--crf` in use.
The width of a name multiplies all channels, and `_bn` stands for vgg16_bn: deeplab_v1_x0_25, deeplab_v1_bn_x0_25.

Differs from the paper:
    pools 4 and 5, whose stride is 1, look at 3x3 places, as in the release: 2x2 would move the map by half a place;
    the loss is taken of logits resized to the image, the paper makes its labels small instead.
"""

import re
from functools import partial

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.models.registry import ModelSpec, family, register
from cnnkit.models.stem import refuse_below
from cnnkit.models.trunk import trunk
from cnnkit.models.width import IN_A_NAME, told, width_in
from cnnkit.nn import Conv2d, Dropout, MaxPool2d, Module, Sequential

OUTPUT_STRIDE, SPREAD, CHANNELS = 8, 12, 1024


class DeepLabV1(Module):
    """Scores of every eighth pixel, resized to the image."""

    def __init__(self, vgg: str, classes: int, in_channels: int, rng: np.random.Generator) -> None:
        self.last = "norm5_3" if "_bn" in vgg else "conv5_3"
        self.backbone = trunk(vgg, (self.last,), output_stride=OUTPUT_STRIDE, in_channels=in_channels, rng=rng)
        self.backbone.pool4 = MaxPool2d(3, stride=1, padding=1)  # type: ignore[attr-defined]  # a part by its name
        self.head = _large_fov(self.backbone.channels[self.last], max(1, round(CHANNELS * width_in(vgg))), classes, rng)

    def forward(self, x: Tensor) -> Tensor:
        _, H, W, _ = x.shape
        return ops.resize(self.head(self.backbone(x)[self.last]), (H, W))


def _large_fov(in_channels: int, channels: int, classes: int, rng: np.random.Generator) -> Sequential:
    return Sequential(
        {
            "pool5": MaxPool2d(3, stride=1, padding=1),
            "fc6": Conv2d(in_channels, channels, 3, padding=SPREAD, dilation=SPREAD, activation="relu", rng=rng),
            "drop6": Dropout(0.5, seed=int(rng.integers(2**32))),
            "fc7": Conv2d(channels, channels, 1, activation="relu", rng=rng),
            "drop7": Dropout(0.5, seed=int(rng.integers(2**32))),
            "fc8": Conv2d(channels, classes, 1, rng=rng),
        }
    )


def _deeplab_v1(
    vgg: str, *, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator
) -> Module:
    refuse_below(OUTPUT_STRIDE, image_size)
    return DeepLabV1(vgg, classes, in_channels, rng)


def _spec(name: str, vgg: str) -> ModelSpec:
    summary = "A VGG of 16 layers that keeps every eighth pixel and looks far around it" + told(width_in(name))
    paper = "Chen et al. 2014, arXiv:1412.7062"
    build = partial(_deeplab_v1, vgg)
    return ModelSpec(name, (320, 320, 3), paper, summary, build, classes=21, kind="segmentation")


@family(f"deeplab_v1(_bn)?({IN_A_NAME})?")
def any_width(name: str, match: re.Match[str]) -> ModelSpec:
    """deeplab_v1_bn_x0_25 stands on vgg16_bn_x0_25."""
    return _spec(name, name.replace("deeplab_v1", "vgg16"))


_told = _spec("deeplab_v1", "vgg16")
register("deeplab_v1", input=_told.input, paper=_told.paper, summary=_told.summary, classes=21, kind="segmentation")(
    _told.build
)
