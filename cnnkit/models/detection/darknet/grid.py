"""YOLO v1: a grid of S x S cells over the picture; each tells B boxes, and one class for all of them.

The numbers of a picture lie one behind the other as darknet has them, the cells of each row by row:

    p_k         S·S·K     of each cell, how likely a thing in it is of class k
    t_o         S·S·B     of each box, how likely it is around a thing, times how well
    t_x .. t_h  S·S·B·4   its place:  x = (c_x + t_x) · W / S,  w = t_w² · W  (t_w · W without square roots); y, h alike

A score is t_o · p_k. The loss is a sum of squares, a mean over the images. A cell answers for the box whose middle lies
in it, and of the cell's boxes the one that overlaps it most:

    loss_box      λ_coord Σ (t_x - x̂)² + (t_y - ŷ)² + (t_w - √ŵ)² + (t_h - √ĥ)²     over boxes that answer
    loss_object   Σ (t_o - overlap)², over the same, and λ_noobj Σ t_o² over all others
    loss_class    Σ (p_k - whether it is class k)², over cells that answer

Source: Redmon et al. 2016, arXiv:1506.02640, sections 2 and 2.2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import final

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor, no_grad
from cnnkit.models.detection.darknet.head import FLOATS
from cnnkit.models.detection.darknet.lessons import Floats, overlap
from cnnkit.models.detection.darknet.loss import in_parts
from cnnkit.models.detection.darknet.sections import Detection
from cnnkit.models.detection.detector import BoxBatch
from cnnkit.models.detection.parts import on_crowds
from cnnkit.nn import Module


@final
class GridHead(Module):
    """(N, 1, 1, S·S·(K + 5·B)) -> boxes (N, A, 4), x_min, y_min, x_max, y_max in pixels, and scores (N, A, K).

    A is S·S·B, in this order.
    image: (height, width) in pixels.   layer: what the numbers are, and how much each part of the loss counts.
    """

    def __init__(self, layer: Detection, image: tuple[int, int]) -> None:
        self.layer, self.image = layer, image
        self.classes = layer.classes

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        p, t_o, t_box = self.numbers(x)
        N, S, _, B, _ = t_o.shape
        scores = t_o * (ops.softmax(p) if self.layer.softmax else p)
        return ops.reshape(self.boxes(t_box), (N, S * S * B, 4)), ops.reshape(scores, (N, S * S * B, self.classes))

    def numbers(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(N, S, S, 1, K) for a cell's classes, (N, S, S, B, 1) for its boxes, (N, S, S, B, 4) for their places."""
        N, S, B, K = x.shape[0], self.layer.side, self.layer.num, self.classes
        ends = accumulate((0, S * S * K, S * S * B, S * S * B * 4))
        p, t_o, t_box = (ops.slice(x, (0, 0, 0, start), (N, 1, 1, end)) for start, end in pairwise(ends))
        cells = N, S, S
        return ops.reshape(p, (*cells, 1, K)), ops.reshape(t_o, (*cells, B, 1)), ops.reshape(t_box, (*cells, B, 4))

    def boxes(self, t_box: Tensor) -> Tensor:
        """(N, S, S, B, 4): x_min, y_min, x_max, y_max in pixels."""
        N, S, _, B, _ = t_box.shape
        cells = np.stack(np.meshgrid(np.arange(S), np.arange(S)), axis=-1).astype(FLOATS)[:, :, None]
        image = np.array(self.image[::-1], FLOATS)
        t_xy, t_wh = (ops.slice(t_box, (0, 0, 0, 0, k), (N, S, S, B, k + 2)) for k in (0, 2))
        middle = (t_xy + cells) * (image / S)
        half = (t_wh * t_wh if self.layer.sqrt else t_wh) * (image / 2)
        return ops.concat([middle - half, middle + half])

    def extra_repr(self) -> str:
        return f"{self.layer.side}x{self.layer.side} cells of {self.layer.num} boxes, {self.classes} classes"


@final
@dataclass(frozen=True, eq=False)
class _Lesson:
    """For each cell (N, S, S, 1, …): whether it answers for a box, what t_x .. t_h should be, the box in pixels, and 1
    for its class."""

    answers: Floats
    place: Floats
    corners: Floats
    classes: Floats


def grid_losses(found: Sequence[tuple[GridHead, Tensor]], image: tuple[int, int], truth: BoxBatch) -> dict[str, Tensor]:
    """found: each head with the numbers that it reads.   image: (height, width)."""
    return in_parts([_of_head(head, numbers, truth) for head, numbers in found], len(truth))


def _of_head(head: GridHead, numbers: Tensor, truth: BoxBatch) -> tuple[Tensor, Tensor, Tensor]:
    layer, lesson = head.layer, _lesson(head, truth)
    p, t_o, t_box = head.numbers(numbers)
    with no_grad():
        boxes = head.boxes(Tensor(t_box.data)).numpy()
    shared, off = overlap(boxes, lesson.corners), np.square(boxes - lesson.corners).sum(axis=-1)
    # Where none overlaps it, the one whose corners are nearest.
    best = np.where(shared.max(axis=3) > 0, shared.argmax(axis=3), off.argmin(axis=3))
    answers = lesson.answers * np.eye(layer.num, dtype=FLOATS)[best][..., None]
    confidence = shared[..., None] if layer.rescore else np.ones_like(answers)
    weight = np.where(answers > 0, FLOATS(layer.object_scale), FLOATS(layer.noobject_scale))
    # What is seen on a crowd is neither right nor wrong.
    crowded = on_crowds(truth, boxes.reshape(len(truth), -1, 4)).reshape(answers.shape)
    weight = np.where((answers == 0) & crowded, FLOATS(0), weight)
    likely = ops.softmax(p) if layer.softmax else p
    return (
        _squares(t_box, lesson.place, layer.coord_scale * answers),
        _squares(t_o, answers * confidence, weight),
        _squares(likely, lesson.classes, layer.class_scale * lesson.answers),
    )


def _squares(x: Tensor, truth: Floats, weight: Floats) -> Tensor:
    off = x - truth
    return ops.sum(off * off * weight.astype(FLOATS))


def _lesson(head: GridHead, truth: BoxBatch) -> _Lesson:
    """Of several boxes whose middle lies in one cell, it answers for the first."""
    N, S, image = len(truth), head.layer.side, np.array(head.image[::-1], FLOATS)
    wh = truth.corners[..., 2:] - truth.corners[..., :2]
    n, m = np.nonzero(truth.learned & (wh > 0).all(axis=-1))
    n, m = n[::-1], m[::-1]  # the first of a cell is written last
    middle = truth.corners[n, m].reshape(-1, 2, 2).mean(axis=1) / image * S
    x, y = np.clip(middle.astype(int), 0, S - 1).T
    lesson = _Lesson(*(np.zeros((N, S, S, 1, width), FLOATS) for width in (1, 4, 4, head.classes)))
    sizes = wh[n, m] / image
    lesson.answers[n, y, x] = 1
    lesson.place[n, y, x, 0, :2] = middle - np.stack([x, y], axis=1)
    lesson.place[n, y, x, 0, 2:] = np.sqrt(sizes) if head.layer.sqrt else sizes
    lesson.corners[n, y, x, 0] = truth.corners[n, m]
    lesson.classes[n, y, x, 0] = np.eye(head.classes, dtype=FLOATS)[truth.labels[n, m]]
    return lesson
