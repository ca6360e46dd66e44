"""DeepLab v2, Chen et al. 2016, DeepLab: semantic image segmentation with deep convolutional nets, atrous convolution,
and fully connected CRFs (arXiv:1606.00915), sections 3.1 and 3.2.

Shapes at 321x321:
    backbone (resnet101): conv1 161x161x64 -> maxpool 81x81 -> layer1 81x81x256 -> layer2 41x41x512
    -> layer3 41x41x1024, its filters spread by 2 -> layer4 41x41x2048, by 4
    aspp: 3x3 filters spread by 6, 12, 18 and 24, each to a score for each class, added up -> 41x41xclasses
    -> logits 321x321xclasses
The CRF behind it is not part of the network: `tasks/segmentation/crf.py`, `--crf` in use.
Other ResNets may stand in the name, and a width multiplies all channels: deeplab_v2_resnet50, deeplab_v2_x0_25.

Differs from the paper:
    images are seen at one scale, there at three, of whose scores the greatest count;
    the bottleneck strides in its 3x3 convolution, as torchvision's does;
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
from cnnkit.nn import Conv2d, Module, ModuleList

OUTPUT_STRIDE, RATES = 8, (6, 12, 18, 24)
RESNETS = "resnet(?:18|34|50|101|152)"


class ASPP(Module):
    """Atrous spatial pyramid pooling: at each place, scores of how it looks from near to far; figure 4."""

    def __init__(self, in_channels: int, classes: int, rng: np.random.Generator) -> None:
        self.branches = ModuleList(
            *(Conv2d(in_channels, classes, 3, padding=rate, dilation=rate, rng=rng) for rate in RATES)
        )

    def forward(self, x: Tensor) -> Tensor:
        first, *others = (branch(x) for branch in self.branches)
        scores: Tensor = sum(others, start=first)
        return scores


class DeepLabV2(Module):
    """Scores of every eighth pixel, resized to the image."""

    def __init__(self, resnet: str, classes: int, in_channels: int, rng: np.random.Generator) -> None:
        self.backbone = trunk(
            resnet, ("layer4",), output_stride=OUTPUT_STRIDE, at_once=True, in_channels=in_channels, rng=rng
        )
        self.aspp = ASPP(self.backbone.channels["layer4"], classes, rng)

    def forward(self, x: Tensor) -> Tensor:
        _, H, W, _ = x.shape
        return ops.resize(self.aspp(self.backbone(x)["layer4"]), (H, W))


def _deeplab_v2(
    resnet: str, *, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator
) -> Module:
    refuse_below(OUTPUT_STRIDE, image_size)
    return DeepLabV2(resnet, classes, in_channels, rng)


def _spec(name: str, resnet: str) -> ModelSpec:
    summary = "A dilated ResNet whose scores come from four distances, added up" + told(width_in(name))
    paper = "Chen et al. 2016, arXiv:1606.00915"
    build = partial(_deeplab_v2, resnet)
    return ModelSpec(name, (321, 321, 3), paper, summary, build, classes=21, kind="segmentation")


@family(f"deeplab_v2(?:_({RESNETS}))?({IN_A_NAME})?")
def any_resnet(name: str, match: re.Match[str]) -> ModelSpec:
    """deeplab_v2_x0_25 stands on resnet101_x0_25, deeplab_v2_resnet50 on another ResNet."""
    return _spec(name, (match[1] or "resnet101") + (match[2] or ""))


_told = _spec("deeplab_v2", "resnet101")
register("deeplab_v2", input=_told.input, paper=_told.paper, summary=_told.summary, classes=21, kind="segmentation")(
    _told.build
)
