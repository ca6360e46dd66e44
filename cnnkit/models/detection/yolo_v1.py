"""YOLO, Redmon et al. 2016, You only look once: Unified, real-time object detection (arXiv:1506.02640).

Shapes at 448x448, figure 3; a pool of 2x2 ends each stage but the last two:
    stem 224x224x64 -> 112x112 -> 56x56x192 -> 28x28x512 -> 14x14x1024
    at 14x14: twice 1x1 of 512 and 3x3 of 1024, then 3x3 of 1024, and 3x3 of 1024 at stride 2
    7x7x1024, two more of 3x3 -> dense 4096 -> dense 7·7·(classes + 2·5)
24 convolutions and 2 dense layers. Each of 7x7 cells tells two boxes, whatever the image's size, and one class; what
the last numbers are, and their loss, is in `darknet/grid.py`. With 20 classes it has 271,703,550 parameters; the paper
does not count them. darknet's yolov1.cfg is a later network: batch norm, a local layer in place of the dense 4096, and
three boxes a cell.

A width may stand in the name: yolo_v1_x0_25 has a quarter of the channels.
"""

import re
from functools import partial

import numpy as np

from cnnkit.models.detection.darknet.build import build, widened
from cnnkit.models.detection.darknet.sections import Connected, Detection, Dropout, MaxPool, Section, boxes, conv
from cnnkit.models.registry import ModelSpec, family, register
from cnnkit.models.width import IN_A_NAME, told, width_in
from cnnkit.nn import Module

PAPER = "Redmon et al. 2016, arXiv:1506.02640"
# (channels, size of filter, stride) of the convolutions; None: a pool.
CONVOLUTIONS = (
    *((64, 7, 2), None),
    *((192, 3, 1), None),
    *((128, 1, 1), (256, 3, 1), (256, 1, 1), (512, 3, 1), None),
    *((256, 1, 1), (512, 3, 1)) * 4,
    *((512, 1, 1), (1024, 3, 1), None),
    *((512, 1, 1), (1024, 3, 1)) * 2,
    *((1024, 3, 1), (1024, 3, 2), (1024, 3, 1), (1024, 3, 1)),
)


def yolo_v1(classes: int) -> list[Section]:
    pool = MaxPool(size=2, stride=2)
    layers: list[Section] = [pool if told is None else conv(*told, norm=False) for told in CONVOLUTIONS]
    layers += [Connected(output=4096, activation="leaky"), Dropout(probability=0.5)]
    return [*layers, *boxes(_head(classes))]


def _head(classes: int) -> Detection:
    """The square roots of sides are told; confidence is taught the overlap; λ_coord is 5, and λ_noobj 0.5."""
    return Detection(classes=classes, side=7, num=2, sqrt=True, rescore=True, coord_scale=5, noobject_scale=0.5)


def _build(
    width: float, *, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator
) -> Module:
    layers = widened(yolo_v1(classes), width)
    return build(layers, in_channels=in_channels, image_size=image_size, stride=1, rng=rng)


def _spec(name: str) -> ModelSpec:
    width = width_in(name)
    summary = "24 convolutions and 2 dense layers, that tell two boxes for each of 7x7 cells" + told(width)
    return ModelSpec(name, (448, 448, 3), PAPER, summary, partial(_build, width), classes=20, kind="detection")


@family(f"yolo_v1{IN_A_NAME}")
def any_width(name: str, match: re.Match[str]) -> ModelSpec:
    """yolo_v1_x0_25 has a quarter of the channels."""
    return _spec(name)


_told = _spec("yolo_v1")
register(_told.name, input=_told.input, paper=PAPER, summary=_told.summary, classes=20, kind="detection")(_told.build)
