"""YOLO v2, Redmon & Farhadi 2016, YOLO9000: Better, faster, stronger (arXiv:1612.08242).

Shapes at 416x416; the backbone is Darknet-19, table 6, without its classifier:
    208x208x32 -> 104x104x64 -> 52x52x128 -> 26x26x256 -> 26x26x512 -> 13x13x1024, a pool of 2x2 between
    two 3x3 convolutions of 1024; beside them what is at 26x26x512, its pixels as channels (the passthrough layer)
    3x3 convolution 13x13x1024 -> 13x13x(5·(5 + classes))
Each cell tells five boxes, in multiples of five anchors that were found among COCO's boxes; sides are multiples of 32.
Layers have the order of darknet's files, so `.weights` of the authors fit.

A width may stand in the name: yolo_v2_x0_25 has a quarter of the channels.

Differs from the paper, as darknet's files do: the finer map goes through a convolution of 64 channels first. Its loss
is in `darknet/region.py`. The map begins by saying that an object is rare.
"""

import re
from functools import partial

import numpy as np

from cnnkit.models.detection.darknet.build import build, widened
from cnnkit.models.detection.darknet.sections import MaxPool, Region, Reorg, Route, Section, boxes, conv
from cnnkit.models.registry import ModelSpec, family, register
from cnnkit.models.width import IN_A_NAME, told, width_in
from cnnkit.nn import Module

PAPER = "Redmon & Farhadi 2016, arXiv:1612.08242"
# In cells of 32 pixels.
ANCHORS = ((0.57273, 0.677385), (1.87446, 2.06253), (3.33843, 5.47434), (7.88282, 3.52778), (9.77052, 9.16828))
# Channels of each stage, and its convolutions: 3x3 of so many channels, between them 1x1 of half.
STAGES = ((32, 1), (64, 1), (128, 3), (256, 3), (512, 5), (1024, 5))


def yolo_v2(classes: int) -> list[Section]:
    layers: list[Section] = []
    for channels, convolutions in STAGES:
        fine = len(layers) - 1
        layers += [MaxPool(size=2, stride=2)] if layers else []
        layers += [conv(channels // (1 + odd % 2), 3 - 2 * (odd % 2)) for odd in range(convolutions)]
    layers += [conv(1024, 3), conv(1024, 3)]
    layers += [Route(layers=(fine,)), conv(64, 1), Reorg(stride=2), Route(layers=(-1, -4))]
    return [*layers, conv(1024, 3), *boxes(_head(classes))]


def _head(classes: int) -> Region:
    """Confidence is taught the overlap, and five times as much where there is a thing."""
    return Region(
        anchors=ANCHORS,
        num=len(ANCHORS),
        classes=classes,
        softmax=True,
        thresh=0.6,
        rescore=True,
        object_scale=5,
    )


def _build(
    width: float, *, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator
) -> Module:
    layers = widened(yolo_v2(classes), width)
    return build(layers, in_channels=in_channels, image_size=image_size, rng=rng)


def _spec(name: str) -> ModelSpec:
    width = width_in(name)
    summary = "Darknet-19, and five boxes for each of its cells, beside a finer map" + told(width)
    return ModelSpec(name, (416, 416, 3), PAPER, summary, partial(_build, width), classes=80, kind="detection")


@family(f"yolo_v2{IN_A_NAME}")
def any_width(name: str, match: re.Match[str]) -> ModelSpec:
    """yolo_v2_x0_25 has a quarter of the channels."""
    return _spec(name)


_told = _spec("yolo_v2")
register(_told.name, input=_told.input, paper=PAPER, summary=_told.summary, classes=80, kind="detection")(_told.build)
