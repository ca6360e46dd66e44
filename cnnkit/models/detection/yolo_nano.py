"""YOLO v3 in small, to train on a laptop: residual blocks of Redmon & Farhadi 2018 (arXiv:1804.02767) and two heads.

Shapes at 320x320:
    stem 160x160x16 -> stage1 80x80x32 -> stage2 40x40x64 -> stage3 20x20x128, a 3x3 convolution of stride 2 before each
    heads: at 20x20 for the three larger anchors, at 40x40, beside stage2, for the three smaller
A head's map has 3·(5 + classes) channels. Anchors are squares in pixels, each 1.6 times the last: no data were asked
for them, and a box has any shape beside its anchor. Sides are multiples of 16.

A width may stand in the name: yolo_nano_x2_0 has twice the channels.
"""

import re
from functools import partial

import numpy as np

from cnnkit.models.detection.darknet.build import build, widened
from cnnkit.models.detection.darknet.sections import Route, Section, Shortcut, Upsample, Yolo, boxes, conv
from cnnkit.models.registry import ModelSpec, family, register
from cnnkit.models.width import IN_A_NAME, told, width_in
from cnnkit.nn import Module

PAPER = "after Redmon & Farhadi 2018, arXiv:1804.02767"
ANCHORS = tuple((side, side) for side in (12, 20, 32, 50, 80, 128))
# Channels of each stage, and its residual blocks.
STAGES = ((32, 1), (64, 2), (128, 2))


def yolo_nano(classes: int) -> list[Section]:
    layers: list[Section] = [conv(16, 3, stride=2)]
    for channels, blocks in STAGES:
        fine = len(layers) - 1
        layers += [conv(channels, 3, stride=2)]
        layers += [conv(channels // 2, 1), conv(channels, 3), Shortcut(source=-3)] * blocks
    layers += [conv(64, 1), conv(128, 3), *boxes(_head((3, 4, 5), classes))]
    layers += [Route(layers=(-4,)), Upsample(stride=2), Route(layers=(-1, fine))]
    layers += [conv(32, 1), conv(64, 3), *boxes(_head((0, 1, 2), classes))]
    return layers


def _head(mask: tuple[int, ...], classes: int) -> Yolo:
    return Yolo(anchors=ANCHORS, num=len(ANCHORS), mask=mask, classes=classes)


def _build(
    width: float, *, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator
) -> Module:
    layers = widened(yolo_nano(classes), width)
    return build(layers, in_channels=in_channels, image_size=image_size, stride=16, rng=rng)


def _spec(name: str) -> ModelSpec:
    width = width_in(name)
    summary = "Residual blocks and boxes told at two sizes of map, to train on a laptop" + told(width)
    return ModelSpec(name, (320, 320, 3), PAPER, summary, partial(_build, width), classes=20, kind="detection")


@family(f"yolo_nano{IN_A_NAME}")
def any_width(name: str, match: re.Match[str]) -> ModelSpec:
    """yolo_nano_x2_0 has twice the channels."""
    return _spec(name)


_told = _spec("yolo_nano")
register(_told.name, input=_told.input, paper=PAPER, summary=_told.summary, classes=20, kind="detection")(_told.build)
