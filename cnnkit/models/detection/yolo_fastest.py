"""Yolo-Fastest 1.1, dog-qiuqiu 2020 (github.com/dog-qiuqiu/Yolo-Fastest, tag v1.1): YOLO v3's heads on a network of
inverted residuals (Sandler et al. 2018, arXiv:1801.04381), 346,062 numbers in all for COCO's 80 classes.

Shapes at 320x320:
    stem 160x160x8 -> blocks 160x160x4 -> 80x80x8 -> 40x40x16 -> 20x20x24 -> 10x10x48
    spatial pyramid (He et al. 2014, arXiv:1406.4729): 10x10x192, the map beside its maxima over 3x3, 5x5 and 9x9
    head at 10x10: 1x1 to 96, then twice depthwise 5x5 and 1x1
    head at 20x20: what the first began with, doubled, beside the blocks' map: 120; then the same
A head's map has 3·(5 + classes) channels. Anchors are in pixels; sides are multiples of 32.
Layers have the order of the author's files, so `.weights` fit. Trained ones are in the package (`models/shipped`).
"""

import re
from functools import partial

import numpy as np

from cnnkit.models.detection.darknet.build import build, widened
from cnnkit.models.detection.darknet.sections import (
    Dropout,
    MaxPool,
    Route,
    Section,
    Shortcut,
    Upsample,
    Yolo,
    boxes,
    conv,
)
from cnnkit.models.registry import ModelSpec, family
from cnnkit.models.width import IN_A_NAME, told, width_in
from cnnkit.nn import Module

PAPER = "dog-qiuqiu 2020, Yolo-Fastest 1.1"
ANCHORS = ((12, 18), (37, 49), (52, 132), (115, 73), (119, 199), (242, 238))
# Expanded channels, channels behind, stride, blocks with a shortcut that follow, and the expanded channels of these.
STAGES = (
    (8, 4, 1, 1, 8),
    (24, 8, 2, 2, 32),
    (32, 8, 2, 2, 48),
    (48, 16, 1, 4, 96),
    (96, 24, 2, 4, 136),
    (136, 48, 2, 5, 224),
)


def yolo_fastest(classes: int) -> list[Section]:
    layers: list[Section] = [conv(8, 3, stride=2)]
    for expanded, channels, stride, residual, wide in STAGES:
        fine = len(layers) - 1
        layers += _inverted(expanded, channels, stride)
        layers += [*_inverted(wide, channels), Dropout(probability=0.15), Shortcut(source=-5)] * residual
    layers += [MaxPool(size=3), Route(layers=(-2,)), MaxPool(size=5), Route(layers=(-4,)), MaxPool(size=9)]
    layers += [Route(layers=(-1, -3, -5, -6))]
    layers += [conv(96, 1), *_refined(96), *boxes(_head((3, 4, 5), classes))]
    layers += [Route(layers=(-7,)), Upsample(stride=2), Route(layers=(-1, fine))]
    layers += [*_refined(120), *boxes(_head((0, 1, 2), classes))]
    return layers


def _inverted(expanded: int, channels: int, stride: int = 1) -> list[Section]:
    """More channels, a filter for each, and back to a few."""
    deep = conv(expanded, 3, stride, groups=expanded)
    return [conv(expanded, 1), deep, conv(channels, 1, activation="linear")]


def _refined(channels: int) -> list[Section]:
    return [conv(channels, 5, groups=channels), conv(channels, 1, activation="linear")] * 2


def _head(mask: tuple[int, ...], classes: int) -> Yolo:
    return Yolo(anchors=ANCHORS, num=len(ANCHORS), mask=mask, classes=classes)


def _build(
    width: float, *, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator
) -> Module:
    layers = widened(yolo_fastest(classes), width)
    return build(layers, in_channels=in_channels, image_size=image_size, rng=rng)


@family(f"yolo_fastest(?:{IN_A_NAME})?")
def any_width(name: str, match: re.Match[str]) -> ModelSpec:
    """yolo_fastest_x2_0 has twice the channels."""
    width = width_in(name)
    summary = "Inverted residuals of few channels, a spatial pyramid, and boxes told at two sizes of map" + told(width)
    return ModelSpec(name, (320, 320, 3), PAPER, summary, partial(_build, width), classes=80, kind="detection")
