"""How much two boxes overlap."""

import numpy as np

from cnnkit.metrics.detection.boxes import Corners, Flags, Numbers


def box_overlaps(found: Corners, true: Corners, crowd: Flags | None = None) -> Numbers:
    """(n, m) float64: the area that two boxes share, over the area that both cover (IoU, Jaccard index).

    found: (n, 4), x_min, y_min, x_max, y_max.   true: (m, 4).
    crowd: (m,), boxes around many things, of which a box that was found can cover a part only: with these the shared
    area is taken over that of the box that was found. None: there are none.
    """
    found, true = np.asarray(found, np.float64)[:, None], np.asarray(true, np.float64)[None]
    sides = np.minimum(found[..., 2:], true[..., 2:]) - np.maximum(found[..., :2], true[..., :2])
    shared = np.where((sides > 0).all(axis=2), sides[..., 0] * sides[..., 1], 0.0)
    own, others = box_areas(found), box_areas(true)
    both: Numbers = own + others - shared
    if crowd is not None:
        both = np.where(crowd, own, both)
    return np.divide(shared, both, out=np.zeros_like(shared), where=shared > 0)


def box_areas(corners: Corners) -> Numbers:
    """(…,) float64 of (…, 4)."""
    sides = np.asarray(corners, np.float64)
    areas: Numbers = (sides[..., 2] - sides[..., 0]) * (sides[..., 3] - sides[..., 1])
    return areas
