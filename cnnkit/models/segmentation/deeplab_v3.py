"""DeepLab v3, Chen et al. 2017, Rethinking atrous convolution for semantic image segmentation (arXiv:1706.05587).

Shapes at 520x520, on resnet50 (on mobilenet_v3_large; on mobilenet_v2 at 513x513):
    backbone: 65x65x2048 (33x33x960; 65x65x320)
    classifier: aspp 65x65x256 (33x33x256; 65x65x256) -> conv (none on mobilenet_v2) -> score -> logits 520x520xclasses
In training of the first two an auxiliary classifier, as fcn_resnet50 has it, adds half of its loss.
The width of a name multiplies all channels, and an output stride may follow: deeplab_v3_resnet18_x0_25_os16.

Differs from the paper, as the published weights do:
    on resnet50 and mobilenet_v3_large, torchvision's: the rates 12, 24, 36 of output stride 8 at either stride, no
    multigrid, a 3x3 convolution behind aspp; scores are resized to the image by the centres of pixels;
    on mobilenet_v2, TensorFlow's for VOC: aspp is the 1x1 convolution and the mean of the image alone; scores are
    resized corner on corner.
"""

import re
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.models.registry import ModelSpec, family, register
from cnnkit.models.segmentation.fcn_resnet import AUXILIARY_WEIGHT, fcn_head
from cnnkit.models.stem import refuse_below
from cnnkit.models.trunk import trunk
from cnnkit.models.width import IN_A_NAME, OUTPUT_STRIDE_IN_A_NAME, multiple_of_8, told, width_in
from cnnkit.nn import AdaptiveAvgPool2d, Conv2d, ConvNorm, Dropout, Module, ModuleList, Sequential
from cnnkit.nn.blocks import WithAuxiliary

PAPER = "Chen et al. 2017, arXiv:1706.05587"
CHANNELS = 256


class Plan(NamedTuple):
    """What is built on a trunk.

    last: its map.   auxiliary: the map below, where there is a second classifier in training.
    tensorflow: the head as TensorFlow's weights have it; else as torchvision's do.
    """

    last: str
    auxiliary: str | None
    output_stride: int
    rates: tuple[int, ...] = (12, 24, 36)
    at_once: bool = False
    tensorflow: bool = False


PLANS = {
    **{f"resnet{depth}": Plan("layer4", "layer3", 8) for depth in (18, 34, 50, 101, 152)},
    "mobilenet_v3_large": Plan("features.16", "features.4", 16, at_once=True),
    "mobilenet_v2": Plan("features.17", None, 8, rates=(), tensorflow=True),
}


class Conv3x3(Protocol):
    """What builds a 3x3 convolution with its norm, whose filters spread by `rate`."""

    def __call__(self, in_channels: int, out_channels: int, rate: int, rng: np.random.Generator) -> Module: ...


def conv3x3(in_channels: int, out_channels: int, rate: int, rng: np.random.Generator) -> Module:
    return ConvNorm(in_channels, out_channels, 3, dilation=rate, rng=rng)


class ASPP(Module):
    """Atrous spatial pyramid pooling: filters of several spreads and the mean of the image, side by side; figure 5.

    rates: the spreads of the 3x3 filters.   image_first: whether the mean stands before the filters, or behind them.
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        rates: tuple[int, ...],
        *,
        dropout: float,
        image_first: bool = False,
        threes: Conv3x3 = conv3x3,
        rng: np.random.Generator,
    ) -> None:
        self.ones = ConvNorm(in_channels, channels, 1, rng=rng)
        self.threes = ModuleList(*(threes(in_channels, channels, rate, rng) for rate in rates))
        self.mean = AdaptiveAvgPool2d(1)
        self.image = ConvNorm(in_channels, channels, 1, rng=rng)
        self.project = ConvNorm((2 + len(rates)) * channels, channels, 1, rng=rng)
        self.dropout = Dropout(dropout, seed=int(rng.integers(2**32)))
        self.image_first = image_first

    def forward(self, x: Tensor) -> Tensor:
        H, W = x.shape[1:3]
        image = ops.resize(self.image(self.mean(x)), (H, W))
        filtered = [self.ones(x), *(three(x) for three in self.threes)]
        return self.dropout(self.project(ops.concat([image, *filtered] if self.image_first else [*filtered, image])))


class DeepLabV3(Module):
    """Scores of every eighth or sixteenth pixel, resized to the image."""

    training_only = ("aux_classifier",)

    def __init__(self, name: str, plan: Plan, classes: int, in_channels: int, rng: np.random.Generator) -> None:
        taps = [tap for tap in (plan.auxiliary, plan.last) if tap is not None]
        self.backbone = trunk(
            name, taps, output_stride=plan.output_stride, at_once=plan.at_once, in_channels=in_channels, rng=rng
        )
        channels, width = self.backbone.channels, multiple_of_8(CHANNELS * width_in(name))
        self.classifier = _head(channels[plan.last], width, plan, classes, rng)
        self.aux_classifier = None if plan.auxiliary is None else fcn_head(channels[plan.auxiliary], classes, rng)
        self.plan = plan

    def forward(self, x: Tensor) -> Tensor | WithAuxiliary:
        maps = self.backbone(x)
        H, W = x.shape[1:3]
        logits = ops.resize(self.classifier(maps[self.plan.last]), (H, W), align_corners=self.plan.tensorflow)
        if not self.training or self.plan.auxiliary is None or self.aux_classifier is None:
            return logits
        auxiliary = ops.resize(self.aux_classifier(maps[self.plan.auxiliary]), (H, W))
        return WithAuxiliary(logits, (auxiliary,), AUXILIARY_WEIGHT)


def _head(in_channels: int, channels: int, plan: Plan, classes: int, rng: np.random.Generator) -> Sequential:
    score = {"score": Conv2d(channels, classes, 1, rng=rng)}
    if plan.tensorflow:
        return Sequential(
            {"aspp": ASPP(in_channels, channels, plan.rates, dropout=0.1, image_first=True, rng=rng), **score}
        )
    aspp = ASPP(in_channels, channels, plan.rates, dropout=0.5, rng=rng)
    return Sequential({"aspp": aspp, "conv": conv3x3(channels, channels, 1, rng), **score})


def _deeplab_v3(
    name: str, plan: Plan, *, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator
) -> Module:
    refuse_below(plan.output_stride, image_size)
    return DeepLabV3(name, plan, classes, in_channels, rng)


def _spec(name: str, trunk_name: str, plan: Plan) -> ModelSpec:
    side = 513 if plan.tensorflow else 520
    summary = f"Filters of several spreads on every {plan.output_stride}th pixel" + told(width_in(trunk_name))
    build = partial(_deeplab_v3, trunk_name, plan)
    return ModelSpec(name, (side, side, 3), PAPER, summary, build, classes=21, kind="segmentation")


@family(f"deeplab_v3_(?P<trunk>(?P<plan>{'|'.join(PLANS)})({IN_A_NAME})?){OUTPUT_STRIDE_IN_A_NAME}")
def any_trunk(name: str, match: re.Match[str]) -> ModelSpec:
    """deeplab_v3_resnet18_x0_25 stands on resnet18_x0_25."""
    plan = PLANS[match["plan"]]
    plan = plan._replace(output_stride=int(match["output_stride"] or plan.output_stride))
    return _spec(name, match["trunk"], plan)


for _trunk in ("resnet50", "mobilenet_v3_large", "mobilenet_v2"):
    _name = f"deeplab_v3_{_trunk}"
    _told = _spec(_name, _trunk, PLANS[_trunk])
    register(_name, input=_told.input, paper=PAPER, summary=_told.summary, classes=21, kind="segmentation")(_told.build)
