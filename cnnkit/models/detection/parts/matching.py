"""Who learns what: which box each anchor is to find, and which of the many anchors that find none are shown.

All of it follows from values, so it is done on the host; what comes of it are masks of fixed shapes, for `weights=` of
the losses.
"""

import numpy as np
import numpy.typing as npt

from cnnkit import kernels
from cnnkit.kernels.shared.array import Array, Host
from cnnkit.models.detection.detector import BoxBatch
from cnnkit.ops import box_iou

# What an anchor is matched with in place of a box: nothing is there; or neither a box nor nothing; or a crowd. From the
# last two it learns nothing.
BACKGROUND, BETWEEN, CROWD = -1, -2, -3
# The share of an anchor that lies on a crowd from which on nobody can say whether it has found one of it: the least
# overlap at which COCO's measure passes such an answer over.
CROWDED = 0.5

Places = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]


def matched(targets: BoxBatch, anchors: Host, *, high: float, low: float | None = None, rescue: str = "none") -> Places:
    """The place in `targets` of the box that each anchor is to find: (N, A); BACKGROUND, BETWEEN or CROWD without one.

    An anchor is given the box that it overlaps most, if by `high` or more; below `low` it is background. Without more,
    a box that no anchor covers well would not be learned at all, so each box may be given its best anchors besides:

    Args:
        targets: of N images; no anchor is to find a crowd, and none that lies on one is told that nothing is there.
        anchors: (A, 4) for all images, or (N, A, 4).
        high: the least intersection over union for a match.
        low: from here to `high` an anchor learns nothing; None: as `high`, there is no between.
        rescue: "none"; "one": each box has its best anchor (SSD); "all": each anchor that is the best of some box has
            the box that it overlaps most itself, equal ones too (the RPN).

    Source: Ren et al. 2015, arXiv:1506.01497, section 3.1.2; Liu et al. 2016, arXiv:1512.02325, section 2.2.
    """
    low = high if low is None else low
    count = anchors.shape[-2]
    found = np.full((len(targets), count), BACKGROUND, np.int64)
    for n, learned in enumerate(targets.learned):
        places = np.flatnonzero(learned)
        if not len(places) or not count:
            continue
        iou = box_iou(targets.corners[n, places], anchors if anchors.ndim == 2 else anchors[n]).numpy()
        own = iou.argmax(axis=0)
        most = iou[own, np.arange(count)]
        mine = np.where(most >= high, places[own], np.where(most < low, BACKGROUND, BETWEEN))
        if rescue == "all":
            best = iou.max(axis=1, keepdims=True)
            saved = ((iou == best) & (best > 0)).any(axis=0)
            mine[saved] = places[own[saved]]
        elif rescue == "one":
            mine[iou.argmax(axis=1)] = places
        found[n] = mine
    return np.where((found < 0) & on_crowds(targets, anchors), CROWD, found) if targets.crowd.any() else found


def on_crowds(targets: BoxBatch, boxes: Host) -> Marks:
    """(N, A): which of the boxes (A, 4) or (N, A, 4) lie on a crowd of their image with half of their area or more.

    Over the box's own area, as COCO's measure has it: a crowd is larger than one of it. Source: Lin et al. 2014,
    arXiv:1405.0312, section 4.3, whose `iscrowd` it is.
    """
    N, A = len(targets), boxes.shape[-2]
    marks = np.zeros((N, A), np.bool_)
    for n in np.flatnonzero(targets.crowd.any(axis=1)).tolist():
        own = (boxes if boxes.ndim == 2 else boxes[n])[:, None].astype(np.float64)
        crowds = targets.corners[n, targets.crowd[n]].astype(np.float64)
        sides = np.minimum(own[..., 2:], crowds[:, 2:]) - np.maximum(own[..., :2], crowds[:, :2])
        shared, area = sides.clip(0).prod(axis=2), (own[..., 2:] - own[..., :2]).clip(0).prod(axis=2)
        marks[n] = ((shared >= CROWDED * area) & (area > 0)).any(axis=1)
    return marks


def matched_boxes(targets: BoxBatch, places: Places) -> tuple[Host, Host]:
    """Corners (N, A, 4) and classes (N, A) of what anchors were matched with; those without a box have any."""
    at = np.maximum(places, 0)
    corners = np.take_along_axis(targets.corners, at[..., None], axis=1)
    return corners, np.take_along_axis(targets.labels, at, axis=1)


def sampled(places: Places, count: int, share: float, rng: np.random.Generator) -> tuple[Marks, Marks]:
    """Of each image `count` anchors drawn at random: those with a box, at most `share` of them, and background.

    Args:
        places: (N, A), as `matched` tells.
        count: anchors an image, where there are as many.
        share: how many of them may have a box, from 0 to 1; where fewer do, background fills up.
        rng: each image draws from it, with boxes first.

    Returns:
        with, without: (N, A) marks of the anchors that are shown.

    Source: Girshick 2015, arXiv:1504.08083, section 2.3.
    """
    chosen = np.zeros((2, *places.shape), np.bool_)
    for n, mine in enumerate(places):
        most = int(count * share)
        for kind, candidates in enumerate((np.flatnonzero(mine >= 0), np.flatnonzero(mine == BACKGROUND))):
            drawn = rng.permutation(candidates)[:most]
            chosen[kind, n, drawn] = True
            most = count - len(drawn)
    return chosen[0], chosen[1]


def hardest(losses: Array, places: Places, ratio: float, least: int = 0) -> Marks:
    """Marks (N, A) of the background that costs each image most: `ratio` times as much as it has anchors with a box.

    Args:
        losses: (N, A), of each anchor.
        places: (N, A), as `matched` tells.
        ratio: how many of the background come to one with a box; SSD's is 3.
        least: so many an image at least; else one without boxes teaches nothing.

    Equal losses count by their order. Source: Liu et al. 2016, arXiv:1512.02325, section 2.2.
    """
    cost = np.where(places == BACKGROUND, kernels.of(losses).fetch(losses), -np.inf)
    wanted = np.maximum((ratio * (places >= 0).sum(axis=1)).astype(np.int64), least)
    order = np.argsort(-cost, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(places.shape[1])[None], axis=1)
    marks: Marks = (ranks < wanted[:, None]) & (places == BACKGROUND)
    return marks
