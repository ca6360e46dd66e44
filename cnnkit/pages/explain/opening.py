"""Which pixel of each map is looked at first: one where something is, and not the background around it."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from cnnkit.engine.explain.explanation import Explanation
from cnnkit.kernels.shared.array import Host

# One in so many rows and columns is left out at each edge, where maps tell of the padding.
_EDGE = 8
# Numbers of a map, about, by which it is known what most of it looks like.
_SAMPLED = 4096


class Opening(NamedTuple):
    """A pixel of a map.   contrast: how far its number is from that of most places."""

    row: int
    column: int
    contrast: float


# By number of the station, then by channel.
Openings = Mapping[int, Mapping[int, Opening]]


def openings(explanation: Explanation) -> Openings:
    """Of every map that is shown."""
    return {
        station.number: {
            channel: opening(station.maps.values[:, :, k]) for k, channel in enumerate(station.maps.channels)
        }
        for station in explanation.stations
        if station.is_map and station.maps is not None
    }


def opening(values: Host) -> Opening:
    """Where a map (H, W) is furthest from its median; of equal places that nearest to the middle.

    A digit is strokes on a ground: a filter with a bias may be strongest on the ground, where there is nothing to see.
    Of a map without negative numbers, as a ReLU leaves it, a place above the median, where there is one.
    """
    H, W = values.shape
    top, left = H // _EDGE, W // _EDGE
    apart = max(1, int((H * W / _SAMPLED) ** 0.5))
    usual = float(np.median(np.nan_to_num(values[::apart, ::apart])))
    inner = np.nan_to_num(values[top : H - top, left : W - left])
    away = inner - usual
    size = away if inner.min() >= 0 and away.max() > 0 else np.abs(away)
    rows, columns = np.nonzero(size == size.max())
    from_middle = np.hypot(rows + top - (H - 1) / 2, columns + left - (W - 1) / 2)
    nearest = int(from_middle.argmin())
    return Opening(int(rows[nearest]) + top, int(columns[nearest]) + left, float(size.max()))
