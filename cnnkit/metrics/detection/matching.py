"""Which box that was found is which that is there, as COCO has it: for one class of one picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from cnnkit.metrics.detection.boxes import Flags, FoundBoxes, Labels, Numbers, TrueBoxes
from cnnkit.metrics.detection.overlap import box_areas, box_overlaps

# An overlap of 1 is asked for as this, as it would be missed by rounding.
WHOLE = 1 - 1e-10


@final
@dataclass(frozen=True, eq=False)
class Matched:
    """T least overlaps, A ranges of areas, D boxes that were found, by falling score.

    scores: (D,).   hit: (T, A, D), whether it is a box that is there.   ignored: (T, A, D), whether it does not count.
    wanted: (A,), how many boxes were to be found.
    """

    scores: Numbers
    hit: Flags
    ignored: Flags
    wanted: Labels


def matched(found: FoundBoxes, true: TrueBoxes, least: Numbers, ranges: Sequence[tuple[float, float]]) -> Matched:
    """Match the boxes of one class in one picture.

    From the surest on, each box that was found takes the one that it overlaps most, if by at least so much, among those
    not taken yet; of equals the last. Crowds and boxes outside of the range of areas are not wanted: they are taken
    where no wanted one is left, crowds by any number of boxes, and what takes one of them is ignored. So is what takes
    none, if it is outside of the range itself.

    Args:
        found: by falling score.   least: (T,) overlaps.   ranges: A pairs (from, to), both inclusive.
    """
    T, A, D = len(least), len(ranges), len(found)
    low, high = np.array(ranges, np.float64).T[:, :, None]
    areas = box_areas(true.corners) if true.areas is None else true.areas
    unwanted = true.crowd | (areas < low) | (areas > high)
    own = box_areas(found.corners)
    hit = np.zeros((T, A, D), bool)
    ignored = np.broadcast_to((own < low) | (own > high), (T, A, D)).copy()
    overlaps = box_overlaps(found.corners, true.corners, true.crowd)
    least = np.minimum(least, WHOLE)
    free = np.ones((T, A, len(true)), bool)
    t, a = np.mgrid[:T, :A]
    # A box that overlaps none by as much as the least has nothing to take.
    for d in np.flatnonzero((overlaps >= least.min()).any(axis=1)):
        can = free & (overlaps[d] >= least[:, None])[:, None]
        wanted = can & ~unwanted
        can = np.where(wanted.any(axis=2, keepdims=True), wanted, can)
        best = len(true) - 1 - np.where(can, overlaps[d], -1.0)[..., ::-1].argmax(axis=2)
        taken = can.any(axis=2)
        hit[..., d] = taken
        ignored[..., d] = np.where(taken, unwanted[a, best], ignored[..., d])
        free[t, a, best] &= ~taken | true.crowd[best]
    return Matched(found.scores, hit, ignored, np.count_nonzero(~unwanted, axis=1).astype(np.int64))
