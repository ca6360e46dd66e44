"""What all single-shot detectors have in common: heads beside maps, the answer, the loss.

Source: Liu, Anguelov, Erhan, Szegedy, Reed, Fu & Berg 2016, SSD: single shot multibox detector (arXiv:1512.02325).
"""

from collections.abc import Callable
from typing import final

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.kernels.shared.array import Host
from cnnkit.models.detection.detector import BoxBatch, Detector
from cnnkit.models.detection.parts import BoxCoder, DefaultBoxes, clipped, hardest, matched, matched_boxes
from cnnkit.nn import Conv2d, Module, ModuleList, Parameter, init
from cnnkit.nn.module import asked

PAPER = "Liu et al. 2016, arXiv:1512.02325"
# A place without a box is as good as one with, so many to one.
NEGATIVES = 3

# (channels of a map, numbers at each of its places, rng) -> what tells them
Head = Callable[[int, int, np.random.Generator], Module]


class Maps(Module):
    """Abstract: (N, H, W, C) -> the maps that are looked at.   channels: of each."""

    channels: list[int]

    def forward(self, x: Tensor) -> list[Tensor]:
        raise NotImplementedError


def plain_head(in_channels: int, channels: int, rng: np.random.Generator) -> Module:
    """A 3x3 convolution that begins near 0: each default box as it is, all classes alike."""
    layer = Conv2d(in_channels, channels, 3, padding=1, rng=rng)
    layer.weight = Parameter(init.near_zero(rng, layer.weight.shape, 0.01))
    return layer


@final
class SSD(Detector):
    """(N, H, W, C) -> (N, P, 6). Each place of each map of `body` tells a code and class scores for its default boxes.

    Class 0 of the scores is none.
    """

    places = 200
    per_class = 400

    def __init__(
        self, body: Maps, anchors: DefaultBoxes, classes: int, rng: np.random.Generator, head: Head = plain_head
    ) -> None:
        self.body, self.anchors, self.coder = body, anchors, BoxCoder((10.0, 10.0, 5.0, 5.0))
        self.scores = 1 + classes
        told_by = list(zip(body.channels, anchors.counts, strict=True))
        self.box_heads = ModuleList(*[head(channels, 4 * count, rng) for channels, count in told_by])
        self.class_heads = ModuleList(*[head(channels, self.scores * count, rng) for channels, count in told_by])

    @asked
    def heads(self, x: Tensor) -> tuple[Tensor, Tensor, Host]:
        """Of all default boxes: codes (N, A, 4), logits (N, A, 1 + classes) and where they lie, corners (A, 4)."""
        maps = self.body(x)
        codes, logits = (
            ops.concat(
                [ops.reshape(head(y), (len(x), -1, numbers)) for head, y in zip(heads, maps, strict=True)], axis=1
            )
            for heads, numbers in ((self.box_heads.children(), 4), (self.class_heads.children(), self.scores))
        )
        grids = [(y.shape[1], y.shape[2]) for y in maps]
        return codes, logits, self.anchors(grids, (x.shape[1], x.shape[2]))

    def forward(self, x: Tensor) -> Tensor:
        codes, logits, anchors = self.heads(x)
        boxes = clipped(self.coder.decode(codes, anchors), (x.shape[1], x.shape[2]))
        scores = ops.slice(ops.softmax(logits), (0, 0, 1), logits.shape)
        return ops.select(boxes, scores, score=self.score, iou=self.iou, places=self.places, per_class=self.per_class)

    def losses(self, x: Tensor, targets: BoxBatch) -> dict[str, Tensor]:
        """Smooth L1 of the codes and cross-entropy of the classes, both divided by the default boxes that have a box.

        A default box has one by which it is overlapped by half, and each box its best default box. Of those without
        the ones that cost most are counted, three for each with: section 2.2. Differs from the paper: a picture
        without boxes teaches by its three hardest places.
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
