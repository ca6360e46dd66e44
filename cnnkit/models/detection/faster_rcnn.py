"""Faster R-CNN, Ren, He, Girshick & Sun 2015, Towards real-time object detection with region proposal networks
(arXiv:1506.01497).

Shapes of `faster_rcnn_vgg16` at 600x600:
    body: VGG16 up to conv5_3 37x37x512
    rpn: 3x3 convolution 37x37x512, nine anchors a place: of 128, 256 and 512 pixels, in three ratios: 12321 -> 300
    head: RoI pool 300x7x7x512 -> fc6 4096 -> fc7 4096 -> classes and boxes
Shapes of `faster_rcnn_nano` at 320x320, to train on a laptop:
    body: stem 160x160x16 -> stage1 80x80x32 -> stage2 40x40x64* -> stage3 20x20x128*, a 3x3 convolution of stride 2 and
    one of stride 1 each, with batch norm; a pyramid brings those marked * to 64 channels
    rpn: at 40x40 and 20x20, six anchors a place: 12000 -> 300 proposals
    head: RoIAlign 300x7x7x64 -> fc6 256 -> fc7 256 -> classes and boxes
A width may stand in the name: faster_rcnn_nano_x0_5 has half the channels.

Both stages learn at once from the same images; proposals are taken as they are, without a gradient through their places
(the paper's approximate joint training, section 3.2).
"""

import re
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import final

import numpy as np

from cnnkit.autograd import Tensor
from cnnkit.models.detection.detector import BoxBatch, Detector
from cnnkit.models.detection.parts import RegionAnchors
from cnnkit.models.detection.two_stage import (
    Kept,
    LevelAlign,
    Pyramid,
    RegionHead,
    RegionPool,
    RegionProposalNetwork,
    dense_look,
)
from cnnkit.models.registry import ModelSpec, family, register
from cnnkit.models.stem import refuse_below
from cnnkit.models.trunk import trunk
from cnnkit.models.width import IN_A_NAME, told, width_in
from cnnkit.nn import ConvNorm, Module, ModuleList, Sequential
from cnnkit.nn.module import asked

PAPER = "Ren et al. 2015, arXiv:1506.01497"
VGG16_ANCHORS = RegionAnchors(sizes=((128, 256, 512),), ratios=((0.5, 1, 2),))
NANO_ANCHORS = RegionAnchors(sizes=((16, 28), (50, 90)), ratios=((0.5, 1, 2),) * 2)


@final
class FasterRCNN(Detector):
    """(N, H, W, C) -> (N, P, 6). One look at the image for proposals, and one at each proposal.

    body: images -> a list of maps.   rpn: proposals from these.   head: what each proposal holds.
    score, iou: as every detector has them.
    """

    def __init__(
        self, body: Module, rpn: RegionProposalNetwork, head: RegionHead, *, score: float = 0.05, iou: float = 0.5
    ) -> None:
        self.body, self.rpn, self.head, self.score, self.iou = body, rpn, head, score, iou

    @asked
    def maps(self, x: Tensor) -> Sequence[Tensor]:
        """What both stages look at."""
        maps: Sequence[Tensor] = self.body(x)
        return maps

    def forward(self, x: Tensor) -> Tensor:
        size = x.shape[1], x.shape[2]
        maps = self.maps(x)
        proposals = self.rpn.proposed(maps, *self.rpn(maps), size)
        return self.head.found(maps, proposals, size, score=self.score, iou=self.iou, places=self.places)

    def losses(self, x: Tensor, targets: BoxBatch) -> dict[str, Tensor]:
        size = x.shape[1], x.shape[2]
        maps = self.maps(x)
        told = self.rpn(maps)
        thing, place = self.rpn.losses(maps, *told, size, targets)
        label, box = self.head.losses(maps, self.rpn.proposed(maps, *told, size), targets)
        return {"loss_box": box, "loss_class": label, "loss_object": thing, "loss_proposal": place}


class LastMap(Module):
    """The map before VGG16's last pool, every 16th pixel."""

    def __init__(self, vgg: str, in_channels: int, rng: np.random.Generator) -> None:
        tap = "norm5_3" if "_bn" in vgg else "conv5_3"
        self.backbone = trunk(vgg, (tap,), in_channels=in_channels, rng=rng)
        self.channels, self.stride = self.backbone.channels[tap], self.backbone.strides[tap]

    def forward(self, x: Tensor) -> list[Tensor]:
        return [*self.backbone(x).values()]


class NanoMaps(Module):
    """Stages that halve the image; the last two, in a pyramid."""

    def __init__(self, width: float, in_channels: int, rng: np.random.Generator) -> None:
        sizes = [max(1, round(width * channels)) for channels in (16, 32, 64, 128)]
        self.stem = ConvNorm(in_channels, sizes[0], 3, stride=2, rng=rng)
        self.stages = ModuleList(
            *[
                Sequential(ConvNorm(thin, wide, 3, stride=2, rng=rng), ConvNorm(wide, wide, 3, rng=rng))
                for thin, wide in pairwise(sizes)
            ]
        )
        self.pyramid = Pyramid(sizes[2:], sizes[2], coarser=False, rng=rng)
        self.channels = sizes[2]

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = [self.stem(x)]
        for stage in self.stages:
            maps.append(stage(maps[-1]))
        return self.pyramid(maps[2:])


def _vgg16(
    vgg: str, *, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator
) -> Module:
    refuse_below(16, image_size)
    body = LastMap(vgg, in_channels, rng)
    rpn = RegionProposalNetwork(
        body.channels, VGG16_ANCHORS, in_use=Kept(6000, 300), in_training=Kept(12000, 2000), rng=rng
    )
    hidden = max(1, round(4096 * width_in(vgg)))
    look = dense_look(body.channels, 7, hidden, rng, dropout=0.5)
    head = RegionHead(RegionPool(7, body.stride), look, hidden, classes, shown=128, rng=rng)
    return FasterRCNN(body, rpn, head, iou=0.3)


def _nano(
    width: float, *, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator
) -> Module:
    refuse_below(16, image_size)
    body = NanoMaps(width, in_channels, rng)
    kept = Kept(600, 300)
    rpn = RegionProposalNetwork(body.channels, NANO_ANCHORS, in_use=kept, in_training=kept, rng=rng)
    hidden = max(1, round(256 * width))
    look = dense_look(body.channels, 7, hidden, rng)
    head = RegionHead(LevelAlign(7, (8, 16), 64), look, hidden, classes, shown=64, beta=1 / 9, rng=rng)
    return FasterRCNN(body, rpn, head, score=0.01)


def _spec_on_vgg(name: str) -> ModelSpec:
    summary = "Proposals from the last map of VGG16, each looked at again" + told(width_in(name))
    how = partial(_vgg16, name.removeprefix("faster_rcnn_"))
    return ModelSpec(name, (600, 600, 3), PAPER, summary, how, classes=20, kind="detection")


def _spec_of_nano(name: str) -> ModelSpec:
    summary = "Proposals from two sizes of map, each looked at again, to train on a laptop" + told(width_in(name))
    how = partial(_nano, width_in(name))
    return ModelSpec(name, (320, 320, 3), f"after {PAPER}", summary, how, classes=20, kind="detection")


@family(f"faster_rcnn_vgg16(?:_bn)?(?:{IN_A_NAME})?")
def any_vgg(name: str, match: re.Match[str]) -> ModelSpec:
    """faster_rcnn_vgg16_x0_25 has a quarter of the channels, faster_rcnn_vgg16_bn stands on vgg16_bn."""
    return _spec_on_vgg(name)


@family(f"faster_rcnn_nano{IN_A_NAME}")
def any_nano(name: str, match: re.Match[str]) -> ModelSpec:
    """faster_rcnn_nano_x0_5 has half the channels."""
    return _spec_of_nano(name)


for _told in (_spec_on_vgg("faster_rcnn_vgg16"), _spec_of_nano("faster_rcnn_nano")):
    register(_told.name, input=_told.input, paper=_told.paper, summary=_told.summary, classes=20, kind="detection")(
        _told.build
    )
