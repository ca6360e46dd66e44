"""YOLO v2's loss, of squares, a mean over the images:

    loss_box      λ_coord Σ w · ((σ(t_x) - x̂)² + (σ(t_y) - ŷ)² + (t_w - t̂_w)² + (t_h - t̂_h)²) / 2
    loss_object   λ_obj Σ (σ(t_o) - overlap)² / 2, and λ_noobj Σ σ(t_o)² / 2 over the others
    loss_class    λ_class Σ cross-entropy of the softmax of t_k

over the anchors that answer for a box, as `lessons` tells, which has w too; the others are all that overlap no true box
by more than a bound. `overlap` is that of the anchor's box with its true one. For the first 12,800 pictures each other
anchor is also taught, a little, to lie in the middle of its cell with its own size:

    loss_box      + 0.01 Σ ((σ(t_x) - ½)² + (σ(t_y) - ½)² + t_w² + t_h²) / 2

Differs from the paper, which writes no formula: this is darknet's. Classes that do not exclude each other have their
cross-entropies of σ(t_k).

Source: Redmon & Farhadi 2016, arXiv:1612.08242, section 2; YOLO v1's, arXiv:1506.02640, section 2.2, has the idea.
"""

from collections.abc import Sequence
from typing import final

import numpy as np

from cnnkit import kernels, ops
from cnnkit.autograd import Tensor
from cnnkit.kernels.shared.array import Array
from cnnkit.models.detection.darknet.head import FLOATS, LARGEST_LOG, BoxHead
from cnnkit.models.detection.darknet.lessons import Floats, Lesson, lessons, overlap
from cnnkit.models.detection.darknet.loss import elsewhere, in_parts
from cnnkit.models.detection.darknet.sections import Pairs, Region
from cnnkit.models.detection.detector import BoxBatch

# For so many pictures anchors that answer for nothing are told to stay as they are, and how much that counts.
SETTLING = 12_800
PRIOR = 0.01


@final
class RegionHead(BoxHead):
    """A BoxHead that knows how many pictures it was taught by, up to `SETTLING`: a number of its state in training.

    anchors: in pixels.   layer: how much each part of the loss counts.
    """

    training_only = ("seen",)
    seen: Array

    def __init__(self, layer: Region, anchors: Pairs, stride: tuple[float, float]) -> None:
        super().__init__(anchors, layer.classes, stride, softmax=layer.softmax, ignore=layer.thresh)
        self.layer = layer
        self.register_buffer("seen", Tensor(np.zeros(1, FLOATS)).data)

    def see(self, pictures: int) -> bool:
        """Count them. Whether the network still settles."""
        seen = Tensor(self.seen).numpy()
        if seen[0] >= SETTLING:
            return False
        now = np.minimum(seen + FLOATS(pictures), FLOATS(SETTLING))
        kernels.of(self.seen).copy_into(self.seen, Tensor(now).data)
        return True


def region_losses(
    found: Sequence[tuple[RegionHead, Tensor]], image: tuple[int, int], truth: BoxBatch
) -> dict[str, Tensor]:
    """found: each head with the numbers of its map.   image: (height, width)."""
    taught = lessons([head for head, _ in found], [(map_.shape[1], map_.shape[2]) for _, map_ in found], image, truth)
    return in_parts([_of_head(*one, lesson, truth) for one, lesson in zip(found, taught, strict=True)], len(truth))


def _of_head(head: RegionHead, numbers: Tensor, lesson: Lesson, truth: BoxBatch) -> tuple[Tensor, Tensor, Tensor]:
    layer, answers = head.layer, lesson.responsible
    t_xy, t_wh, t_o, t_classes = head.numbers(numbers)
    middle, likely = ops.sigmoid(t_xy), ops.sigmoid(t_o)
    place = layer.coord_scale * lesson.weight
    box = _squares(middle, lesson.middle, place) + _squares(t_wh, lesson.size, place)
    if head.see(len(truth)):
        rest = PRIOR * (1 - answers)
        box = box + _squares(middle, FLOATS(0.5), rest) + _squares(t_wh, FLOATS(0), rest)
    others = elsewhere(head, t_xy, t_wh, truth) * (1 - answers)
    taught = answers * _overlap(head, middle.numpy(), t_wh.numpy(), lesson) if layer.rescore else answers
    is_object = _squares(likely, taught, layer.object_scale * answers + layer.noobject_scale * others)
    if head.softmax:
        is_class = -ops.sum(ops.log_softmax(t_classes) * lesson.classes)
    else:
        is_class = ops.binary_cross_entropy(t_classes, lesson.classes, weights=answers, reduction="sum")
    return box, is_object, is_class * layer.class_scale


def _squares(x: Tensor, truth: Floats | np.float32, weight: Floats) -> Tensor:
    off = x - truth
    return ops.sum(off * off * weight.astype(FLOATS)) * 0.5


def _overlap(head: BoxHead, middle: Floats, size: Floats, lesson: Lesson) -> Floats:
    """(N, GH, GW, B, 1): of each anchor's box with the one that it should tell, both measured from its cell."""

    def corners(middle: Floats, size: Floats) -> Floats:
        half = np.exp(np.minimum(size, FLOATS(LARGEST_LOG))) * np.array(head.anchors, FLOATS) / 2
        in_pixels = middle * np.array(head.stride[::-1], FLOATS)
        return np.concatenate([in_pixels - half, in_pixels + half], axis=-1)

    return overlap(corners(middle, size), corners(lesson.middle, lesson.size))[..., None]
