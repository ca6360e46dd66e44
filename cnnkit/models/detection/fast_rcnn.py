"""Fast R-CNN, Girshick 2015, Fast R-CNN (arXiv:1504.08083).

Where things may be is found by a search that learns nothing (`proposals/`). The network looks at the image once, and
then, in its map, at each of these regions.
Shapes of `fast_rcnn`, on VGG16, at 480x640 with 1000 regions:
    VGG16 up to conv5_3 30x40x512 -> RoI pool 1000x7x7x512 -> fc6 4096 -> fc7 4096 -> classes and boxes
Shapes of `fast_rcnn_nano`, on vgg11_bn_x0_25, at 320x320, to train on a laptop:
    VGG11 up to conv4_2 40x40x128 -> RoI pool 1000x7x7x128 -> fc6 256 -> fc7 256 -> classes and boxes
Any classifier that is a sequence of layers may be the trunk: fast_rcnn_resnet18, fast_rcnn_mobilenet_v2, ...; what is
looked at is its last map of stride 16. In smaller images things are smaller: of stride 8 below 448 pixels, 4 below 128.
With fewer than 512 channels the dense layers are thinner too, by the square.

Differs from the paper: images have one size, not one shorter side; a batch has as many pictures as the training says
    (the paper's has 2), each of which shows 64 regions; optimiser and rate are the training's too; the dense layers
    begin anew, and have no dropout.
"""

import re
from functools import partial
from typing import final

import numpy as np

from cnnkit.autograd import Tensor
from cnnkit.kernels.shared.array import Host
from cnnkit.models.detection.detector import BoxBatch, Detector
from cnnkit.models.detection.two_stage import Proposals, RegionHead, RegionPool, dense_look
from cnnkit.models.registry import ModelSpec, family, register, spec
from cnnkit.models.trunk import Trunk, last_map, trunk
from cnnkit.nn import Module

PAPER = "Girshick 2015, arXiv:1504.08083"
# Stride of the map that is looked at, and from which shorter side of an image on.
STRIDES = ((448, 16), (128, 8), (0, 4))
POOLED = 7
LEAST_HIDDEN, MOST_HIDDEN = 64, 4096


@final
class FastRCNN(Detector):
    """(N, H, W, C), proposals (N, R, 4) -> (N, P, 6).   body: images -> a map.   head: what each region of it holds."""

    score, iou = 0.01, 0.3
    proposed = 1000

    def __init__(self, body: Trunk, head: RegionHead) -> None:
        self.body, self.head = body, head

    def forward(self, x: Tensor, proposals: Host | None = None) -> Tensor:
        """Without proposals the image as a whole is the only one."""
        size = x.shape[1], x.shape[2]
        regions = _regions(whole_images(x, self.proposed) if proposals is None else proposals)
        maps = [*self.body(x).values()]
        return self.head.found(maps, regions, size, score=self.score, iou=self.iou, places=self.places)

    def losses(self, x: Tensor, targets: BoxBatch) -> dict[str, Tensor]:
        """Cross-entropy of classes and smooth L1 of boxes, of regions drawn from each picture's: section 2.3."""
        proposals = whole_images(x, self.proposed) if targets.proposals is None else targets.proposals
        label, box = self.head.losses([*self.body(x).values()], _regions(proposals), targets)
        return {"loss_box": box, "loss_class": label}


def whole_images(x: Tensor, places: int) -> Host:
    """(N, places, 4): the first place of each holds the image, the others are empty."""
    N, H, W, _ = x.shape
    proposals = np.zeros((N, places, 4), np.float32)
    proposals[:, 0, 2:] = W, H
    return proposals


def _regions(proposals: Host) -> Proposals:
    there = (proposals[..., 2:] > proposals[..., :2]).all(axis=-1, keepdims=True)
    return Proposals(Tensor(proposals), Tensor(there.astype(np.float32)))


def _fast_rcnn(
    classifier: str, *, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator
) -> Module:
    stride = next(stride for least, stride in STRIDES if min(image_size) >= least)
    tap = last_map(classifier, stride)
    body = trunk(classifier, (tap,), in_channels=in_channels, rng=rng)
    channels, stride = body.channels[tap], body.strides[tap]
    hidden = min(MOST_HIDDEN, max(LEAST_HIDDEN, channels**2 // 64))
    look = dense_look(channels, POOLED, hidden, rng)
    pool = RegionPool(POOLED, stride)
    return FastRCNN(body, RegionHead(pool, look, hidden, classes, shown=64, ground=0.1, rng=rng))


@register(
    "fast_rcnn",
    input=(480, 640, 3),
    paper=PAPER,
    summary="Regions of a selective search, looked at in the last map of VGG16.",
    classes=20,
    kind="detection",
)
def fast_rcnn(*, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator) -> Module:
    return _fast_rcnn("vgg16", classes=classes, in_channels=in_channels, image_size=image_size, rng=rng)


@register(
    "fast_rcnn_nano",
    input=(320, 320, 3),
    paper=f"after {PAPER}",
    summary="Fast R-CNN on VGG11 with a quarter of its channels, to train on a laptop.",
    classes=20,
    kind="detection",
)
def fast_rcnn_nano(*, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator) -> Module:
    return _fast_rcnn("vgg11_bn_x0_25", classes=classes, in_channels=in_channels, image_size=image_size, rng=rng)


@family(r"fast_rcnn_(?P<trunk>\w+)")
def any_trunk(name: str, match: re.Match[str]) -> ModelSpec:
    """fast_rcnn_resnet18 stands on resnet18."""
    classifier = spec(match["trunk"], "classification").name
    summary = f"Regions of a selective search, looked at in a map of {classifier}."
    how = partial(_fast_rcnn, classifier)
    return ModelSpec(name, (480, 640, 3), PAPER, summary, how, classes=20, kind="detection")
