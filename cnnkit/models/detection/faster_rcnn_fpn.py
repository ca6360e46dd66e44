"""Faster R-CNN on a feature pyramid, Lin, Dollár, Girshick, He, Hariharan & Belongie 2017, Feature pyramid networks for
object detection (arXiv:1612.03144), as torchvision has it.

Shapes of `faster_rcnn_resnet50_fpn` at 800x800 (of `faster_rcnn_mobilenet_v3_large_320_fpn` at 320x320):
    body: backbone 200x200x256, 100x100x512, 50x50x1024, 25x25x2048 (10x10x160, 10x10x960); the pyramid brings each to
    256 channels and adds every other pixel of the last, 13x13 (5x5)
    rpn: anchors of one size a map, 32 to 512 pixels (of five sizes on each), in three ratios: 159882 -> 1000 proposals
    (3375 -> 150 of a probability above 0.05)
    head: RoIAlign 7x7x256 from the map of the region's size (from the first) -> fc6 1024 -> fc7 1024 -> classes, boxes
Any depth of a ResNet may stand in the name, and a width at its end: faster_rcnn_resnet18_fpn_x0_25.

Where a training starts from weights its batch norms rest, as batches of large images are of few; from first weights
they learn, as torchvision's do.
Differs from torchvision: images have one size, in place of a least and a greatest side; all layers learn; the norms of
the ResNet add 1e-5 to a variance, where the published weights were made with 0.
"""

import re
from functools import partial

import numpy as np

from cnnkit.autograd import Tensor
from cnnkit.models.detection.faster_rcnn import FasterRCNN
from cnnkit.models.detection.parts import RegionAnchors
from cnnkit.models.detection.two_stage import (
    Kept,
    LevelAlign,
    Pyramid,
    RegionHead,
    RegionProposalNetwork,
    dense_look,
)
from cnnkit.models.registry import ModelSpec, family, register
from cnnkit.models.stem import refuse_below
from cnnkit.models.trunk import trunk
from cnnkit.models.width import IN_A_NAME, told, width_in
from cnnkit.nn import Module
from cnnkit.nn.norm import BatchNorm2d

PAPER = "Lin et al. 2017, arXiv:1612.03144"
CHANNELS, HIDDEN, BINS = 256, 1024, 7
RATIOS = (0.5, 1.0, 2.0)
SIZES = (32, 64, 128, 256, 512)
# Of torchvision's loss of boxes, in both stages.
BETA = 1 / 9


class PyramidMaps(Module):
    """A classifier's maps, in a pyramid; one more at its end."""

    def __init__(
        self, classifier: str, taps: tuple[str, ...], channels: int, in_channels: int, rng: np.random.Generator
    ) -> None:
        self.backbone = trunk(classifier, taps, in_channels=in_channels, rng=rng)
        self.pyramid = Pyramid([self.backbone.channels[tap] for tap in taps], channels, rng=rng)

    def forward(self, x: Tensor) -> list[Tensor]:
        return self.pyramid([*self.backbone(x).values()])


def _on_pyramid(
    body: PyramidMaps,
    anchors: RegionAnchors,
    strides: tuple[int, ...],
    in_use: Kept,
    width: float,
    classes: int,
    rng: np.random.Generator,
    *,
    least: float = 0.0,
) -> Module:
    """Both stages on a pyramid.   strides: of the maps that regions are cut from.   least: score of a proposal."""
    channels, hidden = (max(1, round(width * full)) for full in (CHANNELS, HIDDEN))
    rpn = RegionProposalNetwork(
        channels, anchors, in_use=in_use, in_training=Kept(2000, 2000), score=least, beta=BETA, rng=rng
    )
    look = dense_look(channels, BINS, hidden, rng)
    head = RegionHead(LevelAlign(BINS, strides), look, hidden, classes, shown=512, beta=BETA, rng=rng)
    network = FasterRCNN(body, rpn, head)
    network.norms_rest = True
    return network


def _resnet(
    depth: str,
    width: float,
    *,
    classes: int,
    in_channels: int,
    image_size: tuple[int, int],
    rng: np.random.Generator,
) -> Module:
    refuse_below(32, image_size)
    taps = ("layer1", "layer2", "layer3", "layer4")
    body = PyramidMaps(depth, taps, max(1, round(width * CHANNELS)), in_channels, rng)
    anchors = RegionAnchors(tuple((size,) for size in SIZES), (RATIOS,) * len(SIZES))
    return _on_pyramid(body, anchors, (4, 8, 16, 32), Kept(1000, 1000), width, classes, rng)


def _mobilenet(
    classifier: str,
    width: float,
    *,
    classes: int,
    in_channels: int,
    image_size: tuple[int, int],
    rng: np.random.Generator,
) -> Module:
    """Both maps have every 32nd pixel, so the rule of sizes sends all regions to the first."""
    refuse_below(32, image_size)
    body = PyramidMaps(classifier, ("features.13", "features.16"), max(1, round(width * CHANNELS)), in_channels, rng)
    for layer in body.modules():
        if isinstance(layer, BatchNorm2d):
            layer.eps, layer.momentum = 1e-5, 0.1  # the classifier's own are 1e-3 and 0.01
    anchors = RegionAnchors((SIZES,) * 3, (RATIOS,) * 3)
    return _on_pyramid(body, anchors, (32,), Kept(150, 150), width, classes, rng, least=0.05)


def _spec(name: str, depth: str) -> ModelSpec:
    width = width_in(name)
    summary = "Proposals from five sizes of map of a ResNet, each looked at again" + told(width)
    how = partial(_resnet, depth, width)
    return ModelSpec(name, (800, 800, 3), PAPER, summary, how, classes=90, kind="detection")


@family(f"faster_rcnn_(?P<depth>resnet(?:18|34|50|101|152))_fpn(?P<width>{IN_A_NAME})?")
def any_resnet(name: str, match: re.Match[str]) -> ModelSpec:
    """faster_rcnn_resnet18_fpn_x0_25 has a quarter of the channels of a ResNet of 18 layers."""
    return _spec(name, match["depth"] + (match["width"] or ""))


def _spec_of_mobilenet(name: str, classifier: str) -> ModelSpec:
    width = width_in(name)
    summary = "Proposals from the last maps of a MobileNet v3, each looked at again" + told(width)
    how = partial(_mobilenet, classifier, width)
    return ModelSpec(name, (320, 320, 3), PAPER, summary, how, classes=90, kind="detection")


@family(f"faster_rcnn_mobilenet_v3_large_320_fpn(?P<width>{IN_A_NAME})")
def any_mobilenet(name: str, match: re.Match[str]) -> ModelSpec:
    """faster_rcnn_mobilenet_v3_large_320_fpn_x0_5 has half the channels."""
    return _spec_of_mobilenet(name, "mobilenet_v3_large" + match["width"])


for _told in (
    _spec("faster_rcnn_resnet50_fpn", "resnet50"),
    _spec_of_mobilenet("faster_rcnn_mobilenet_v3_large_320_fpn", "mobilenet_v3_large"),
):
    register(_told.name, input=_told.input, paper=PAPER, summary=_told.summary, classes=90, kind="detection")(
        _told.build
    )
