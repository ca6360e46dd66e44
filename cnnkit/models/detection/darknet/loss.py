"""YOLO v3's loss, of all heads, a mean over the images:

    loss_box      Σ w · (D(t_x, x̂) + D(t_y, ŷ) + (t_w - t̂_w)² / 2 + (t_h - t̂_h)² / 2)
    loss_object   Σ D(t_o, whether the anchor answers for a box)
    loss_class    Σ D(t_k, whether the box is of class k)

D(t, truth) is the cross-entropy of σ(t), less what it is at its best, σ(t) = truth: so it ends at 0, for shares too. w
is as `lessons` tells. The first and the last are over the anchors that answer for a box, the second over all but those
that overlap one without answering.

Differs from the paper, as darknet does: the middles' loss is written as a sum of squares there, but its gradient is
given as the difference to the truth, which is that of D. w is darknet's own.

Source: Redmon & Farhadi 2018, arXiv:1804.02767, sections 2.1 and 2.2.
"""

from collections.abc import Sequence

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor, no_grad
from cnnkit.models.detection.darknet.head import BoxHead
from cnnkit.models.detection.darknet.lessons import Floats, Lesson, lessons
from cnnkit.models.detection.detector import EMPTY, BoxBatch
from cnnkit.models.detection.parts import on_crowds


def yolo_losses(found: Sequence[tuple[BoxHead, Tensor]], image: tuple[int, int], truth: BoxBatch) -> dict[str, Tensor]:
    """found: each head with the numbers of its map.   image: (height, width)."""
    heads = [head for head, _ in found]
    taught = lessons(heads, [(map_.shape[1], map_.shape[2]) for _, map_ in found], image, truth)
    return in_parts([_of_head(*one, lesson, truth) for one, lesson in zip(found, taught, strict=True)], len(truth))


def in_parts(of_heads: Sequence[tuple[Tensor, Tensor, Tensor]], images: int) -> dict[str, Tensor]:
    """The three sums of each head -> those of all by name, a mean over the images."""
    names = ("loss_box", "loss_object", "loss_class")
    columns = zip(names, zip(*of_heads, strict=True), strict=True)
    return {name: sum(rest, first) * (1 / images) for name, (first, *rest) in columns}


def _of_head(head: BoxHead, numbers: Tensor, lesson: Lesson, truth: BoxBatch) -> tuple[Tensor, Tensor, Tensor]:
    t_xy, t_wh, t_o, t_classes = head.numbers(numbers)
    off = t_wh - lesson.size
    box = (
        ops.binary_cross_entropy(t_xy, lesson.middle, weights=lesson.weight, reduction="sum")
        + ops.sum(off * off * lesson.weight) * 0.5
        - _least(lesson)
    )
    counted = np.maximum(lesson.responsible, elsewhere(head, t_xy, t_wh, truth))
    is_object = ops.binary_cross_entropy(t_o, lesson.responsible, weights=counted, reduction="sum")
    is_class = ops.binary_cross_entropy(t_classes, lesson.classes, weights=lesson.responsible, reduction="sum")
    return box, is_object, is_class


def _least(lesson: Lesson) -> float:
    """The cross-entropy of the middles at its best."""
    share = lesson.middle[(lesson.responsible > 0).all(axis=-1)].astype(np.float64).clip(1e-12, 1 - 1e-12)
    entropy = -(share * np.log(share) + (1 - share) * np.log1p(-share))
    return float((lesson.weight[lesson.responsible > 0][:, None] * entropy).sum())


def elsewhere(head: BoxHead, t_xy: Tensor, t_wh: Tensor, truth: BoxBatch) -> Floats:
    """(N, GH, GW, B, 1): 1 where the box of an anchor overlaps no true one by more than the head allows.

    Nor does it lie on a crowd.
    """
    N, GH, GW, B, _ = t_xy.shape
    there = np.where((truth.labels != EMPTY)[..., None], truth.corners, np.float32(0))
    with no_grad():
        boxes = head.boxes(Tensor(t_xy.data), Tensor(t_wh.data)).numpy()
        overlaps = [ops.box_iou(true, own).numpy() for own, true in zip(boxes, there, strict=True)]
    most = np.stack([each.max(axis=0, initial=0) for each in overlaps])
    elsewhere: Floats = ((most <= head.ignore) & ~on_crowds(truth, boxes)).astype(np.float32).reshape(N, GH, GW, B, 1)
    return elsewhere
