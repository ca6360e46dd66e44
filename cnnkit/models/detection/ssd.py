"""SSD, Liu, Anguelov, Erhan, Szegedy, Reed, Fu & Berg 2016, SSD: single shot multibox detector (arXiv:1512.02325).

Shapes of `ssd300_vgg16` at 300x300 (figure 2); those marked * are looked at:
    VGG16 up to conv4_3 38x38x512* -> conv5_3 19x19x512 -> fc6 19x19x1024 -> fc7 19x19x1024* -> conv8_2 10x10x512*
    -> conv9_2 5x5x256* -> conv10_2 3x3x256* -> conv11_2 1x1x256*
    at each a 3x3 convolution for codes and one for classes, 4 or 6 default boxes a place: 8732 boxes
fc6 and fc7 are dense layers of VGG16 as convolutions, thinned out, fc6 with dilation 6; pool5 keeps the size. What
conv4_3 gives is brought to length 20 at each place, a number that is learned for each channel.
Shapes of `ssd_nano` at 320x320, to train on a laptop:
    stem 160x160x16 -> stage1 80x80x32 -> stage2 40x40x64* -> stage3 20x20x128* -> stage4 10x10x128* -> stage5 5x5x128*
    a 3x3 convolution of stride 2 and one of stride 1 each, with batch norm; 4 boxes a place: 8500 boxes

A width may stand in a name: ssd300_vgg16_x0_25 has a quarter of the channels; `_bn` before it stands for vgg16_bn.

Differs from the paper, as torchvision does: default boxes have the scales of the authors' code for COCO.
Differs from both: a picture without boxes teaches by its three hardest places; an image of another size than 300x300
has its boxes at the middles of its places, and no maps for which it is too small.
"""

import re
from functools import partial
from itertools import pairwise
from typing import final

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.kernels.shared.array import Host
from cnnkit.models.detection.detector import BoxBatch, Detector
from cnnkit.models.detection.parts import BoxCoder, DefaultBoxes, clipped, hardest, matched, matched_boxes
from cnnkit.models.registry import ModelSpec, family, register
from cnnkit.models.stem import refuse_below
from cnnkit.models.trunk import trunk
from cnnkit.models.width import IN_A_NAME, told, width_in
from cnnkit.nn import Conv2d, ConvNorm, MaxPool2d, Module, ModuleList, Parameter, Sequential
from cnnkit.nn.pool import ROUND_UP

PAPER = "Liu et al. 2016, arXiv:1512.02325"
SSD300 = DefaultBoxes(
    ratios=((2,), (2, 3), (2, 3), (2, 3), (2,), (2,)),
    scales=(0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05),
    steps=(8, 16, 32, 64, 100, 300),
)
# From things of a fifteenth of the image on, each map for ones about twice as large as the last.
NANO = DefaultBoxes(ratios=((2,),) * 4, scales=(0.07, 0.16, 0.32, 0.6, 0.9))
# Channels of a 1x1 and a 3x3 convolution, stride and padding of the latter: conv8 to conv11.
EXTRAS = ((256, 512, 2, 1), (128, 256, 2, 1), (128, 256, 1, 0), (128, 256, 1, 0))
# A place without a box is as good as one with, so many to one.
NEGATIVES = 3
LENGTH = 20


@final
class SSD(Detector):
    """(N, H, W, C) -> (N, P, 6). Each place of each map of `body` tells a code and class scores for its default boxes.

    Class 0 of the scores is none.
    """

    places = 200
    per_class = 400

    def __init__(
        self, body: "VGGMaps | NanoMaps", anchors: DefaultBoxes, classes: int, rng: np.random.Generator
    ) -> None:
        self.body, self.anchors, self.coder = body, anchors, BoxCoder((10.0, 10.0, 5.0, 5.0))
        told_by = list(zip(body.channels, anchors.counts, strict=True))
        self.box_heads = ModuleList(*[_head(channels, 4 * count, rng) for channels, count in told_by])
        self.class_heads = ModuleList(*[_head(channels, (1 + classes) * count, rng) for channels, count in told_by])

    def heads(self, x: Tensor) -> tuple[Tensor, Tensor, Host]:
        """Of all default boxes: codes (N, A, 4), logits (N, A, 1 + classes) and where they lie, corners (A, 4)."""
        maps = self.body(x)
        codes, logits = (
            ops.concat(
                [ops.reshape(head(y), (len(x), -1, numbers)) for head, y in zip(heads, maps, strict=True)], axis=1
            )
            for heads, numbers in ((self.box_heads.children(), 4), (self.class_heads.children(), self._scores))
        )
        grids = [(y.shape[1], y.shape[2]) for y in maps]
        return codes, logits, self.anchors(grids, (x.shape[1], x.shape[2]))

    @property
    def _scores(self) -> int:
        head = next(iter(self.class_heads.children()))
        assert isinstance(head, Conv2d)
        return head.weight.shape[-1] // self.anchors.counts[0]

    def forward(self, x: Tensor) -> Tensor:
        codes, logits, anchors = self.heads(x)
        boxes = clipped(self.coder.decode(codes, anchors), (x.shape[1], x.shape[2]))
        scores = ops.slice(ops.softmax(logits), (0, 0, 1), logits.shape)
        return ops.select(boxes, scores, score=self.score, iou=self.iou, places=self.places, per_class=self.per_class)

    def losses(self, x: Tensor, targets: BoxBatch) -> dict[str, Tensor]:
        """Smooth L1 of the codes and cross-entropy of the classes, both divided by the default boxes that have a box.

        A default box has one by which it is overlapped by half, and each box its best default box. Of those without
        the ones that cost most are counted, three for each with: section 2.2.
        """
        codes, logits, anchors = self.heads(x)
        places = matched(targets, anchors, high=0.5, rescue="one")
        corners, labels = matched_boxes(targets, places)
        holds = places >= 0
        wanted = self.coder.encode(corners, anchors)
        box = ops.smooth_l1_loss(codes, wanted, weights=holds[..., None], reduction="sum")
        each = ops.cross_entropy(logits, np.where(holds, 1 + labels, 0), reduction="none")
        shown = holds | hardest(each.data, places, NEGATIVES, least=NEGATIVES)
        score = ops.sum(ops.multiply(each, shown.astype(each.dtype)))
        share = 1 / max(1, int(holds.sum()))
        return {"loss_box": ops.multiply(box, share), "loss_class": ops.multiply(score, share)}


class VGGMaps(Module):
    """The maps of figure 2 that are looked at.   channels: of each."""

    def __init__(self, vgg: str, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator) -> None:
        width, last = width_in(vgg), "norm" if "_bn" in vgg else "conv"
        self.taps = f"{last}4_3", f"{last}5_3"
        self.backbone = trunk(vgg, self.taps, in_channels=in_channels, rng=rng)
        pool = dict(self.backbone.named_children())["pool3"]
        assert isinstance(pool, MaxPool2d)
        pool.padding = ROUND_UP
        before, behind = (self.backbone.channels[tap] for tap in self.taps)
        thin = max(1, round(1024 * width))
        self.length4_3 = Length(before)
        self.pool5 = MaxPool2d(3, 1, 1)
        self.fc6 = Conv2d(behind, thin, 3, padding=6, dilation=6, activation="relu", rng=rng)
        self.fc7 = Conv2d(thin, thin, 1, activation="relu", rng=rng)
        self.channels = [before, thin]
        self.extras = ModuleList(*self._extras(width, image_size, rng))

    def _extras(self, width: float, image_size: tuple[int, int], rng: np.random.Generator) -> list[Module]:
        """conv8 to conv11, as many as leave something of such an image."""
        height, across = ((side // 4 + 1) // 2 // 2 for side in image_size)
        found: list[Module] = []
        for narrow, wide, stride, padding in EXTRAS:
            height, across = ((side + 2 * padding - 3) // stride + 1 for side in (height, across))
            if min(height, across) < 1:
                break
            thin, channels = (max(1, round(width * count)) for count in (narrow, wide))
            squeeze = Conv2d(self.channels[-1], thin, 1, activation="relu", rng=rng)
            grow = Conv2d(thin, channels, 3, stride=stride, padding=padding, activation="relu", rng=rng)
            found.append(Sequential(squeeze, grow))
            self.channels.append(channels)
        return found

    def forward(self, x: Tensor) -> list[Tensor]:
        fine, coarse = (self.backbone(x)[tap] for tap in self.taps)
        maps = [self.length4_3(fine), self.fc7(self.fc6(self.pool5(coarse)))]
        for extra in self.extras.children():
            maps.append(extra(maps[-1]))
        return maps


class NanoMaps(Module):
    """Stages that halve the image, the last four of which are looked at.   channels: of each."""

    def __init__(self, width: float, in_channels: int, rng: np.random.Generator) -> None:
        sizes = [max(1, round(width * channels)) for channels in (16, 32, 64, 128, 128, 128)]
        self.stem = ConvNorm(in_channels, sizes[0], 3, stride=2, rng=rng)
        self.stages = ModuleList(
            *[
                Sequential(ConvNorm(thin, wide, 3, stride=2, rng=rng), ConvNorm(wide, wide, 3, rng=rng))
                for thin, wide in pairwise(sizes)
            ]
        )
        self.channels = sizes[2:]

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = [self.stem(x)]
        for stage in self.stages.children():
            maps.append(stage(maps[-1]))
        return maps[2:]


class Length(Module):
    """Each place of a map is brought to one length, of 20 at first, which is learned for each channel.

    Source: Liu et al. 2015, ParseNet (arXiv:1506.04579), section 3.3.
    """

    def __init__(self, channels: int) -> None:
        self.weight = Parameter(np.full(channels, LENGTH, np.float32))

    def forward(self, x: Tensor) -> Tensor:
        square = ops.sum(ops.multiply(x, x), -1, keepdims=True)
        # Where no channel has anything a root of 0 would have an infinite slope.
        return ops.multiply(ops.divide(x, ops.sqrt(ops.add(square, 1e-12))), self.weight)

    def output_shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        return x_shape


def _head(in_channels: int, channels: int, rng: np.random.Generator) -> Conv2d:
    """One that begins near 0: each default box as it is, all classes alike."""
    layer = Conv2d(in_channels, channels, 3, padding=1, rng=rng)
    layer.weight = Parameter((0.01 * rng.standard_normal(layer.weight.shape)).astype(np.float32))
    return layer


def _ssd300(
    vgg: str, *, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator
) -> Module:
    refuse_below(32, image_size)
    body = VGGMaps(vgg, in_channels, image_size, rng)
    count = len(body.channels)
    steps = SSD300.steps if image_size == (300, 300) else None
    return SSD(body, DefaultBoxes(SSD300.ratios[:count], SSD300.scales[: count + 1], steps), classes, rng)


def _nano(
    width: float, *, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator
) -> Module:
    refuse_below(64, image_size)
    return SSD(NanoMaps(width, in_channels, rng), NANO, classes, rng)


@family(f"ssd300_vgg16(_bn)?(?:{IN_A_NAME})?")
def any_vgg(name: str, match: re.Match[str]) -> ModelSpec:
    """ssd300_vgg16_x0_25 has a quarter of the channels, ssd300_vgg16_bn stands on vgg16_bn."""
    summary = "VGG16 and convolutions behind it: boxes told at six sizes of map" + told(width_in(name))
    how = partial(_ssd300, name.removeprefix("ssd300_"))
    return ModelSpec(name, (300, 300, 3), PAPER, summary, how, classes=20, kind="detection")


def _nano_spec(name: str) -> ModelSpec:
    summary = "Convolutions that halve the image: boxes told at four sizes, to train on a laptop" + told(width_in(name))
    how = partial(_nano, width_in(name))
    return ModelSpec(name, (320, 320, 3), f"after {PAPER}", summary, how, classes=20, kind="detection")


@family(f"ssd_nano{IN_A_NAME}")
def any_nano(name: str, match: re.Match[str]) -> ModelSpec:
    """ssd_nano_x2_0 has twice the channels."""
    return _nano_spec(name)


_told = _nano_spec("ssd_nano")
register(_told.name, input=_told.input, paper=_told.paper, summary=_told.summary, classes=20, kind="detection")(
    _told.build
)
