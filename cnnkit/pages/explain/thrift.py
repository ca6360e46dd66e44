"""What of a network is in its page, from all to little: a page has a limit, and networks have none.

Each step of the ladder has fewer colours, then smaller pictures of maps, then fewer maps of a station.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from cnnkit.engine.explain.explanation import Explanation
from cnnkit.engine.explain.station import IMAGE, Station
from cnnkit.kernels.shared.array import Host
from cnnkit.pages.draw.colours import STEPS
from cnnkit.pages.draw.data import address
from cnnkit.pages.explain.sheets import sheet
from cnnkit.pages.explain.sums import short

# One in so many stations is drawn to find out how large all are; by so much that may be wrong.
_TRIED, _SURE = 5, 1.2


@final
@dataclass(frozen=True)
class Thrift:
    """levels: of colour.   side: pixels that are drawn of the longer side of a map.   maps: of a station, at most."""

    levels: int
    side: int
    maps: int


# The first side is all that a large map has on the page; a browser draws no picture of more than 32,767 rows.
LADDER = (
    *(Thrift(levels, 240, 128) for levels in (STEPS, 63, 31, 15)),
    *(Thrift(15, 112, maps) for maps in (128, 16, 8)),
    *(Thrift(15, 64, maps) for maps in (8, 4, 2)),
    Thrift(15, 32, 1),
    Thrift(7, 16, 1),
)


def reduced(explanation: Explanation, most: int) -> Explanation:
    """The same with at most so many maps of each station, the strongest of those that it has."""
    return replace(explanation, stations=tuple(_reduced(station, most) for station in explanation.stations))


def _reduced(station: Station, most: int) -> Station:
    maps = station.maps
    if maps is None or not station.is_map or len(maps.channels) <= most:
        return station
    kept = np.sort(np.argsort(-np.nan_to_num(maps.strength), kind="stable")[:most])
    fewer = replace(
        maps,
        channels=tuple(maps.channels[k] for k in kept),
        why="asked" if maps.why == "asked" else "strongest",
        values=maps.values[..., kept],
        before=None if maps.before is None else maps.before[..., kept],
        strength=maps.strength[kept],
    )
    return replace(station, maps=fewer)


def sheets(explanation: Explanation, thrift: Thrift, room: float) -> dict[int, dict[str, Any]] | None:
    """The pictures of all stations that have maps, by number; None where they take more than so many bytes."""
    stations = [station for station in explanation.stations if station.is_map]
    values = {station.number: station.maps.values for station in stations if station.maps is not None}
    values[IMAGE] = explanation.x
    tried = dict(sorted(values.items())[::_TRIED])
    share = _pixels(tried, thrift.side) / _pixels(values, thrift.side)
    if _bytes(_drawn(tried, thrift)) > _SURE * share * room:
        return None
    found = _drawn(values, thrift)
    return found if _bytes(found) <= room else None


def _drawn(values: Mapping[int, Host], thrift: Thrift) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for number, maps in values.items():
        drawn = sheet(maps, thrift.levels, thrift.side)
        scale = {"bound": short(drawn.bound), "beyond": drawn.beyond, "negative": drawn.negative}
        found[number] = {"file": address(drawn.file), "shape": list(drawn.shape)} | scale
    return found


def _pixels(values: Mapping[int, Host], side: int) -> float:
    """That are drawn of all these maps, about."""
    found = 0.0
    for maps in values.values():
        H, W, k = maps.shape
        found += H * W * k * min(1.0, side / max(H, W)) ** 2
    return found


def _bytes(pictures: Mapping[int, dict[str, Any]]) -> int:
    return sum(len(picture["file"]) for picture in pictures.values())
