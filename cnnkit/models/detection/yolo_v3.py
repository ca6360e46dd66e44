"""YOLO v3, Redmon & Farhadi 2018, YOLOv3: An incremental improvement (arXiv:1804.02767).

Shapes of `yolo_v3` at 416x416; its backbone is Darknet-53, table 1:
    stem 416x416x32 -> stage1 208x208x64 -> stage2 104x104x128 -> stage3 52x52x256 -> stage4 26x26x512
    -> stage5 13x13x1024
    three heads: at 13x13 for the three largest anchors; at 26x26, beside stage4; at 52x52, beside stage3
Shapes of `yolo_v3_tiny`, which is in darknet's files alone:
    convolutions with a pool behind each: 208x208x16 -> 104x104x32 -> 52x52x64 -> 26x26x128 -> 13x13x256 -> 13x13x512
    -> 13x13x1024 -> 13x13x256
    two heads: at 13x13 for the three larger anchors; at 26x26, beside the fifth convolution, for the three smaller
A head's map has 3·(5 + classes) channels. Anchors are in pixels, whatever the image's size; sides are multiples of 32.
Layers have the order of darknet's files, so `.weights` of the authors fit.

A width may stand in the name: yolo_v3_x0_25 has a quarter of the channels.

Differs from the paper: a head's map begins by saying that an object is rare, where the paper lets it learn that.
"""

import re
from functools import partial

import numpy as np

from cnnkit.models.detection.darknet.build import build, widened
from cnnkit.models.detection.darknet.sections import (
    MaxPool,
    Pairs,
    Route,
    Section,
    Shortcut,
    Upsample,
    Yolo,
    boxes,
    conv,
)
from cnnkit.models.registry import ModelSpec, family, register
from cnnkit.models.width import IN_A_NAME, told, width_in
from cnnkit.nn import Module

PAPER = "Redmon & Farhadi 2018, arXiv:1804.02767"
ANCHORS = ((10, 13), (16, 30), (33, 23), (30, 61), (62, 45), (59, 119), (116, 90), (156, 198), (373, 326))
TINY_ANCHORS = ((10, 14), (23, 27), (37, 58), (81, 82), (135, 169), (344, 319))
# Channels of each stage, and its residual blocks.
STAGES = ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4))


def darknet53() -> tuple[list[Section], list[int]]:
    """Its layers up to the last map, and the number of the layer with which each stage ends."""
    layers: list[Section] = [conv(32, 3)]
    ends = []
    for channels, blocks in STAGES:
        layers += [conv(channels, 3, stride=2)]
        layers += [conv(channels // 2, 1), conv(channels, 3), Shortcut(source=-3)] * blocks
        ends.append(len(layers) - 1)
    return layers, ends


def yolo_v3(classes: int) -> list[Section]:
    layers, ends = darknet53()
    for channels, mask, beside in ((512, (6, 7, 8), None), (256, (3, 4, 5), ends[3]), (128, (0, 1, 2), ends[2])):
        layers += _finer(channels, beside)
        layers += [conv(channels, 1), conv(2 * channels, 3)] * 3
        layers += boxes(_head(ANCHORS, mask, classes))
    return layers


def yolo_v3_tiny(classes: int) -> list[Section]:
    layers: list[Section] = []
    for channels in (16, 32, 64, 128, 256):
        layers += [conv(channels, 3), MaxPool(size=2, stride=2)]
    fifth = len(layers) - 2
    layers += [conv(512, 3), MaxPool(size=2, stride=1), conv(1024, 3)]
    layers += [conv(256, 1), conv(512, 3), *boxes(_head(TINY_ANCHORS, (3, 4, 5), classes))]
    layers += [*_finer(128, fifth), conv(256, 3), *boxes(_head(TINY_ANCHORS, (0, 1, 2), classes))]
    return layers


def _finer(channels: int, beside: int | None) -> list[Section]:
    """What the head before began with, doubled, with the finer map of this layer; nothing for the first head."""
    if beside is None:
        return []
    return [Route(layers=(-4,)), conv(channels, 1), Upsample(stride=2), Route(layers=(-1, beside))]


def _head(anchors: Pairs, mask: tuple[int, ...], classes: int) -> Yolo:
    return Yolo(anchors=anchors, num=len(anchors), mask=mask, classes=classes)


_LAYERS = {"yolo_v3": yolo_v3, "yolo_v3_tiny": yolo_v3_tiny}
_SUMMARIES = {
    "yolo_v3": "Darknet-53, and boxes told at three sizes of map, each beside what was there before",
    "yolo_v3_tiny": "Seven convolutions with pools, and boxes told at two sizes of map",
}


def _build(
    of: str, width: float, *, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator
) -> Module:
    layers = widened(_LAYERS[of](classes), width)
    return build(layers, in_channels=in_channels, image_size=image_size, rng=rng)


def _spec(name: str, of: str) -> ModelSpec:
    width = width_in(name)
    summary = _SUMMARIES[of] + told(width)
    return ModelSpec(name, (416, 416, 3), PAPER, summary, partial(_build, of, width), classes=80, kind="detection")


@family(f"(yolo_v3(?:_tiny)?){IN_A_NAME}")
def any_width(name: str, match: re.Match[str]) -> ModelSpec:
    """yolo_v3_x0_25 has a quarter of the channels."""
    return _spec(name, match[1])


for _name in _LAYERS:
    _told = _spec(_name, _name)
    register(_name, input=_told.input, paper=PAPER, summary=_told.summary, classes=80, kind="detection")(_told.build)
