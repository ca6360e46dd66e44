"""What the numbers of each map should be: which anchor of which cell answers for a true box.

Of all anchors of all heads the one whose shape is most like the box's answers, in the cell that the middle lies in.

Source: Redmon & Farhadi 2018, arXiv:1804.02767, section 2.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import numpy.typing as npt

from cnnkit.models.detection.darknet.head import FLOATS, BoxHead
from cnnkit.models.detection.detector import BoxBatch

Floats = npt.NDArray[np.float32]


@final
@dataclass(frozen=True, eq=False)
class Lesson:
    """For the map (N, GH, GW, B·…) of a head. Where no box is answered for, all are 0.

    responsible: (N, GH, GW, B, 1), 1 where a box is answered for.   middle: (…, 2), what σ(t_x) and σ(t_y) should be.
    size: (…, 2), what t_w and t_h should be.   weight: (…, 1), how much these two count: 2 minus the box's share of the
    image, for a pixel more or less matters most to small ones.   classes: (…, K), 1 for the class of the box.
    """

    responsible: Floats
    middle: Floats
    size: Floats
    weight: Floats
    classes: Floats


def lessons(
    heads: Sequence[BoxHead], sizes: Sequence[tuple[int, int]], image: tuple[int, int], truth: BoxBatch
) -> list[Lesson]:
    """One for each head.   sizes: (GH, GW) of their maps.   image: (height, width) in pixels."""
    wh = truth.corners[..., 2:] - truth.corners[..., :2]
    n, m = np.nonzero(truth.learned & (wh > 0).all(axis=-1))
    wh, middle, labels = wh[n, m], truth.corners[n, m].reshape(-1, 2, 2).mean(axis=1), truth.labels[n, m]
    nearest = _alike(wh, np.concatenate([np.array(head.anchors, FLOATS) for head in heads])).argmax(axis=1)
    found, first = [], 0
    for head, (GH, GW) in zip(heads, sizes, strict=True):
        B = len(head.anchors)
        own = (first <= nearest) & (nearest < first + B)
        b = nearest[own] - first
        first += B
        in_cells = middle[own] / np.array(head.stride[::-1], FLOATS)
        x, y = np.clip(in_cells.astype(int), 0, (GW - 1, GH - 1)).T
        places = n[own], y, x, b
        lesson = _nothing(len(truth), GH, GW, B, head.classes)
        lesson.responsible[places] = 1
        lesson.middle[places] = (in_cells - np.stack([x, y], axis=1) + (head.beyond - 1) / 2) / head.beyond
        lesson.size[places] = np.log(wh[own] / np.array(head.anchors, FLOATS)[b])
        lesson.weight[places] = 2 - wh[own].prod(axis=1, keepdims=True) / (image[0] * image[1])
        lesson.classes[places] = np.eye(head.classes, dtype=FLOATS)[labels[own]]
        found.append(lesson)
    return found


def _alike(wh: Floats, anchors: Floats) -> Floats:
    """(n, A): intersection over union of boxes and anchors that lie with their corners in one place."""
    both = np.minimum(wh[:, None], anchors).prod(axis=-1)
    shared: Floats = both / (wh.prod(axis=-1)[:, None] + anchors.prod(axis=-1) - both)
    return shared


def overlap(a: Floats, b: Floats) -> Floats:
    """(…): intersection over union of each box of a (…, 4) with the one of b in the same place."""
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    both = np.clip(sides, 0, None).prod(axis=-1)
    either = (a[..., 2:] - a[..., :2]).prod(axis=-1) + (b[..., 2:] - b[..., :2]).prod(axis=-1) - both
    shared: Floats = both / np.maximum(either, FLOATS(1e-9))
    return shared


def _nothing(N: int, GH: int, GW: int, B: int, K: int) -> Lesson:
    return Lesson(*(np.zeros((N, GH, GW, B, width), FLOATS) for width in (1, 2, 2, 1, K)))
