"""How a box is told from an anchor beside it: where its middle lies and how large it is, in numbers of size 1."""

from dataclasses import dataclass
from math import log
from typing import final

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.kernels.shared.array import Host

# A side is taken as no shorter: what stands in an empty place of a batch must not become infinite.
SHORTEST = 1e-6


@final
@dataclass(frozen=True)
class BoxCoder:
    """Boxes as (t_x, t_y, t_w, t_h), seen from anchors with middle (x_a, y_a) and sides w_a, h_a:

    t_x = weights[0] · (x - x_a) / w_a        t_w = weights[2] · log(w / w_a)        and so for y and h

    weights: what the four numbers are multiplied with, so that each varies by about 1: one over the paper's variances.
    most: an anchor grows by this factor at most, so that no untrained network answers an infinite box.

    Source: Girshick et al. 2014, arXiv:1311.2524, appendix C; the bound as in Detectron.
    """

    weights: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    most: float = 1000 / 16

    def encode(self, boxes: Host, anchors: Host) -> Host:
        """The codes (..., 4) of boxes (..., 4), each seen from its anchor (..., 4); all corners."""
        middle, sides = _middle_and_sides(boxes)
        middle_a, sides_a = _middle_and_sides(anchors)
        w = np.asarray(self.weights, boxes.dtype)
        return np.concatenate([w[:2] * ((middle - middle_a) / sides_a), w[2:] * np.log(sides / sides_a)], axis=-1)

    def decode(self, codes: Tensor, anchors: Tensor | Host) -> Tensor:
        """The corners (..., 4) of boxes with these codes (..., 4), seen from anchors that are broadcast to them."""
        middle_a: Tensor | Host
        sides_a: Tensor | Host
        if isinstance(anchors, Tensor):
            middle_a, sides_a = _middle_and_sides_of(anchors)
        else:
            middle_a, sides_a = _middle_and_sides(anchors.astype(codes.dtype, copy=False))
        w = np.asarray(self.weights, codes.dtype)
        lead, stops = [0] * (codes.ndim - 1), codes.shape[:-1]
        shift = ops.slice(codes, [*lead, 0], [*stops, 2])
        growth = ops.slice(codes, [*lead, 2], [*stops, 4])
        middle = ops.add(ops.multiply(ops.divide(shift, w[:2]), sides_a), middle_a)
        factor = ops.exp(ops.clip(ops.divide(growth, w[2:]), high=log(self.most)))
        half = ops.multiply(ops.multiply(factor, sides_a), 0.5)
        return ops.concat([ops.subtract(middle, half), ops.add(middle, half)])


def clipped(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Corners (..., 4) brought within an image of `size` (height, width)."""
    height, width = size
    return ops.minimum(ops.maximum(boxes, 0.0), np.asarray([width, height] * 2, boxes.dtype))


def _middle_and_sides(boxes: Host) -> tuple[Host, Host]:
    sides = np.maximum(boxes[..., 2:] - boxes[..., :2], boxes.dtype.type(SHORTEST))
    return boxes[..., :2] + sides / 2, sides


def _middle_and_sides_of(boxes: Tensor) -> tuple[Tensor, Tensor]:
    """The same where the boxes are."""
    lead, stops = [0] * (boxes.ndim - 1), boxes.shape[:-1]
    low, high = (ops.slice(boxes, [*lead, start], [*stops, start + 2]) for start in (0, 2))
    sides = ops.maximum(ops.subtract(high, low), SHORTEST)
    return ops.add(low, ops.multiply(sides, 0.5)), sides
