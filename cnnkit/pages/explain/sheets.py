"""The maps that are shown of a station, as one picture: below each other, in one scale.

One file for all maps of a station is smaller than a file for each.
"""

from dataclasses import dataclass, field
from typing import final

import numpy as np

from cnnkit.kernels.shared.array import Host
from cnnkit.pages.draw.colours import bound_of
from cnnkit.pages.draw.maps import map_png

# The ends of a scale leave out so many of the numbers: one far outside would leave all others dark.
_OUTSIDE = 0.002


@final
@dataclass(frozen=True, eq=False)
class Sheet:
    """file: PNG, (k · h, w).   shape: (h, w) that is drawn of each map.

    bound: the magnitude at the ends of its scale.   beyond: whether some are larger.
    negative: whether some number is below zero.
    """

    file: bytes = field(repr=False)
    shape: tuple[int, int]
    bound: float
    beyond: bool
    negative: bool


def sheet(values: Host, levels: int, side: int) -> Sheet:
    """The maps (H, W, k) of a station as one picture.

    Args:
        levels: steps of the scale that are told apart.
        side: pixels that are drawn of the longer side of a map; of a larger one, numbers evenly apart.
    """
    largest = bound_of(values)
    magnitude = np.abs(np.nan_to_num(values, posinf=0, neginf=0))
    bound = float(np.quantile(magnitude, 1 - _OUTSIDE)) if values.size else 1.0
    bound = bound if bound > 0.2 * largest else largest
    low = float(np.nan_to_num(values).min(initial=0.0))
    H, W, k = values.shape
    coarse = max(1.0, max(H, W) / side)
    h, w = max(1, round(H / coarse)), max(1, round(W / coarse))
    rows, columns = ((np.arange(few) + 0.5) * many // few for few, many in ((h, H), (w, W)))
    drawn = values[rows.astype(int)][:, columns.astype(int)]
    column = np.moveaxis(drawn, 2, 0).reshape(k * h, w)
    return Sheet(map_png(column, bound, levels), (h, w), bound, largest > bound * (1 + 1e-6), low < 0)
