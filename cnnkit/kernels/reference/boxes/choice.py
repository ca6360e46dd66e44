"""Boxes, defined: how much they overlap, and which of many that overlap are kept."""

import numpy as np

from cnnkit.kernels.reference.store import deliver
from cnnkit.kernels.shared.array import Host


def box_iou(a: Host, b: Host, *, out: Host | None = None) -> Host:
    """Intersection over union of each box with each: iou[i, j] = |a[i] ∩ b[j]| / |a[i] ∪ b[j]|, 0 of two empty boxes.

    Args:
        a: (n, 4) corners x_min, y_min, x_max, y_max.
        b: (m, 4).

    Returns:
        (n, m), from 0 to 1.
    """
    a, b = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(all="ignore"):
        iou = overlaps(a[:, None], b)
    return deliver(np.where(np.isnan(iou), 0.0, iou), out)


def overlaps(a: Host, b: Host) -> Host:
    """The same of boxes that NumPy brings together, in their own type; NaN of two empty boxes."""
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    sides = np.maximum(sides, 0)
    both = sides[..., 0] * sides[..., 1]
    area_a, area_b = ((box[..., 2] - box[..., 0]) * (box[..., 3] - box[..., 1]) for box in (a, b))
    found: Host = both / (area_a + area_b - both)
    return found


def select(
    boxes: Host,
    scores: Host,
    *,
    score: float,
    iou: float,
    places: int,
    per_class: int | None = None,
    out: Host | None = None,
) -> Host:
    """The best boxes of each image, none beside a better one of its class that it overlaps by more than `iou`.

    Each class goes through its boxes with a score above `score`, the best first, at most `per_class` of them, and keeps
    one unless a box kept before overlaps it (non-maximum suppression). Of what all classes keep, an image has the best.
    Of two equal scores the one that stands first in `scores` comes first.

    Overlaps are computed in the type of the boxes. They and scores are compared in float64, on every machine: which box
    is kept hangs on one comparison, and at a bound such as 0.5 both sides may be equal.

    Args:
        boxes: (N, A, 4) corners, or (N, A, K, 4) where each class has boxes of its own.
        scores: (N, A, K), of each class; a NaN is above nothing.
        score, iou: bounds; an IoU above 1 keeps all.
        places: P, how many boxes each image has room for.
        per_class: how many boxes of a class are gone through; None: all.

    Returns:
        (N, P, 6): x_min, y_min, x_max, y_max, score, class, by falling score. A place without a box has zeros for
        corners and score, and class -1.
    """
    N, _, K = scores.shape
    result = np.zeros((N, places, 6))
    result[..., 5] = -1
    for n in range(N):
        kept: list[tuple[int, int]] = []  # (anchor, class)
        for k in range(K):
            mine = boxes[n] if boxes.ndim == 3 else boxes[n, :, k]
            best = [int(a) for a in np.argsort(-scores[n, :, k], kind="stable") if float(scores[n, a, k]) > score]
            chosen: list[int] = []
            for a in best[:per_class]:
                with np.errstate(all="ignore"):
                    beside = overlaps(mine[chosen], mine[a]).astype(np.float64)
                if not (beside > iou).any():
                    chosen.append(a)
            kept += [(a, k) for a in chosen]
        kept.sort(key=lambda place: (-scores[n, place[0], place[1]], place))
        for p, (a, k) in enumerate(kept[:places]):
            result[n, p] = [*(boxes[n, a] if boxes.ndim == 3 else boxes[n, a, k]), scores[n, a, k], k]
    return deliver(result, out)
