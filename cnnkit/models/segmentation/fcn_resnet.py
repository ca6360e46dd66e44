"""FCN on a dilated ResNet, as torchvision has it, after Long et al. 2015 (arXiv:1411.4038) and Yu et al. 2017
(arXiv:1705.09914).

Shapes at 520x520:
    backbone: conv1 260x260x64 -> maxpool 130x130 -> layer1 130x130x256 -> layer2 65x65x512 -> layer3 65x65x1024
    -> layer4 65x65x2048
    classifier: conv 65x65x512 -> score 65x65xclasses -> logits 520x520xclasses
In training an auxiliary classifier like it, on layer3, adds half of its loss (Zhao et al. 2017, arXiv:1612.01105).
Any depth and width of a ResNet may stand in the name, and an output stride: fcn_resnet18_x0_25, fcn_resnet50_os16.

Differs from the paper, as the published weights do:
    a ResNet in place of VGG16, with dilation in place of its last two strides; so there is nothing to skip;
    a 3x3 convolution of a quarter of the channels before the scores;
    scores are resized to the image bilinearly, in place of transposed convolutions that learn it.
"""

import re
from functools import partial

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.models.registry import ModelSpec, family, register
from cnnkit.models.stem import refuse_below
from cnnkit.models.trunk import trunk
from cnnkit.models.width import IN_A_NAME, OUTPUT_STRIDE_IN_A_NAME
from cnnkit.nn import Conv2d, ConvNorm, Dropout, Module, Sequential
from cnnkit.nn.blocks import WithAuxiliary

PAPER = "Long et al. 2015, arXiv:1411.4038"
OUTPUT_STRIDE = 8
AUXILIARY_WEIGHT = 0.5


class FCNResNet(Module):
    """Scores of every eighth pixel, resized to the image."""

    training_only = ("aux_classifier",)

    def __init__(
        self, resnet: str, output_stride: int, classes: int, in_channels: int, rng: np.random.Generator
    ) -> None:
        self.backbone = trunk(
            resnet, ("layer3", "layer4"), output_stride=output_stride, in_channels=in_channels, rng=rng
        )
        self.classifier = fcn_head(self.backbone.channels["layer4"], classes, rng)
        self.aux_classifier = fcn_head(self.backbone.channels["layer3"], classes, rng)

    def forward(self, x: Tensor) -> Tensor | WithAuxiliary:
        maps = self.backbone(x)
        H, W = x.shape[1:3]
        logits = ops.resize(self.classifier(maps["layer4"]), (H, W))
        if not self.training:
            return logits
        auxiliary = ops.resize(self.aux_classifier(maps["layer3"]), (H, W))
        return WithAuxiliary(logits, (auxiliary,), AUXILIARY_WEIGHT)


def fcn_head(in_channels: int, classes: int, rng: np.random.Generator) -> Sequential:
    """A score for each class at every place of a map."""
    narrow = max(1, in_channels // 4)
    return Sequential(
        {
            "conv": ConvNorm(in_channels, narrow, 3, rng=rng),
            "dropout": Dropout(0.1, seed=int(rng.integers(2**32))),
            "score": Conv2d(narrow, classes, 1, rng=rng),
        }
    )


def _fcn(
    resnet: str,
    output_stride: int,
    *,
    classes: int,
    in_channels: int,
    image_size: tuple[int, int],
    rng: np.random.Generator,
) -> Module:
    refuse_below(output_stride, image_size)
    return FCNResNet(resnet, output_stride, classes, in_channels, rng)


SUMMARY = "A dilated ResNet that scores every eighth pixel, resized to the image."

register("fcn_resnet50", input=(520, 520, 3), paper=PAPER, summary=SUMMARY, classes=21, kind="segmentation")(
    partial(_fcn, "resnet50", OUTPUT_STRIDE)
)


@family(f"fcn_(?P<trunk>resnet(18|34|50|101|152)({IN_A_NAME})?){OUTPUT_STRIDE_IN_A_NAME}")
def any_resnet(name: str, match: re.Match[str]) -> ModelSpec:
    """fcn_resnet18_x0_25_os4 stands on resnet18_x0_25, and scores every fourth pixel."""
    build = partial(_fcn, match["trunk"], int(match["output_stride"] or OUTPUT_STRIDE))
    return ModelSpec(name, (520, 520, 3), PAPER, SUMMARY, build, classes=21, kind="segmentation")
