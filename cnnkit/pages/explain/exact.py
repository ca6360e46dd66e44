"""Stations whose numbers are all in the page, so that the script adds them up for any pixel: those of small networks.

A station needs what it reads in all channels, and its filters for the channels that are shown. In the order of the road
each is taken as long as there is room, so that the first stations, which are closest to the picture, come first.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Any, final

import numpy as np

from cnnkit.engine.explain.explanation import Explanation
from cnnkit.engine.explain.station import IMAGE, Station
from cnnkit.pages.explain.known import Known, Place
from cnnkit.pages.explain.packed import Arrays
from cnnkit.pages.explain.sums import short

_WEIGHTED = {"conv", "depthwise conv"}
_POOLS = {"max pool", "average pool"}
# A number in the same place of each result that is read.
_SAME = {"activation", "add", "subtract", "multiply", "batch norm", "dropout", "concat"}
# Bytes in the page of a float32: most compress little, and base64 adds a third.
NUMBER_BYTES = 4 * 0.92 * 4 / 3


@final
@dataclass(frozen=True)
class Chosen:
    """What there is room for.   stations: exact ones.   whole: the results that they read, IMAGE among them.

    floats: numbers that all this is.
    """

    stations: tuple[Station, ...]
    whole: frozenset[int]
    floats: int


def choose(explanation: Explanation, room: float) -> Chosen:
    """The stations there is room for in so many bytes of the page."""
    shapes = {station.number: station.output for station in explanation.stations} | {IMAGE: explanation.x.shape}
    chosen: list[Station] = []
    whole: set[int] = set()
    for station in explanation.stations:
        if not _can(station, shapes):
            continue
        maps = station.maps
        assert maps is not None
        new = set(station.reads) - whole
        size = sum(prod(shapes[source]) for source in new) + maps.values.size + _filters(station)
        if size * NUMBER_BYTES <= room:
            room -= size * NUMBER_BYTES
            chosen.append(station)
            whole |= new
    floats = sum(prod(shapes[source]) for source in whole) + sum(map(_filters, chosen))
    floats += sum(one.maps.values.size for one in chosen if one.maps is not None and one.number not in whole)
    return Chosen(tuple(chosen), frozenset(whole), floats)


def learn(chosen: Chosen, explanation: Explanation, known: Known, sums: Iterable[tuple[int, Place]]) -> None:
    """Have all that `exact` reads known, and the sums of these places too."""
    kernels, norms = [], []
    for station in chosen.stations:
        assert station.maps is not None
        channels = station.maps.channels
        if station.kind in _WEIGHTED:
            kernels.append((station.number, channels))
        elif station.kind == "batch norm":
            norms += [(station.number, (0, 0, channel)) for channel in channels]
    known.find(explanation, sorted(chosen.whole - {IMAGE}), kernels, [*norms, *sums])


def exact(
    chosen: Chosen, explanation: Explanation, known: Known, arrays: Arrays
) -> tuple[dict[int, Any], dict[int, Any]]:
    """(numbers of each result that is there, what each exact station needs besides), both by number of a station."""
    numbers: dict[int, Any] = {}
    for source in sorted(chosen.whole):
        values = explanation.x if source == IMAGE else known.maps[source]
        numbers[source] = {"channels": None, **arrays.add(values)}
    needs: dict[int, Any] = {}
    for station in chosen.stations:
        assert station.maps is not None
        if station.number not in numbers:
            maps = station.maps
            numbers[station.number] = {"channels": list(maps.channels), **arrays.add(maps.values)}
        needs[station.number] = _needs(station, known, arrays)
    return numbers, needs


def _can(station: Station, shapes: dict[int, tuple[int, ...]]) -> bool:
    """Whether the script can add up this kind, and all that it reads are maps of this network."""
    if station.maps is None or not station.is_map or any(source not in shapes for source in station.reads):
        return False
    maps = all(len(shapes[source]) == 3 for source in station.reads)
    if station.kind in _SAME:
        # What is stretched over other places is shown for some pixels only.
        return maps and all(
            shapes[source][:2] == station.output[:2]
            and (station.kind == "concat" or shapes[source][2] == station.output[2])
            for source in station.reads
        )
    return maps and "kernel" in station.settings and station.kind in _WEIGHTED | _POOLS


def _filters(station: Station) -> int:
    """Numbers of the filters of the channels that are shown."""
    if station.kind not in _WEIGHTED or station.maps is None:
        return 0
    inputs = station.inputs[0][2] // _groups(station)
    return int(prod(station.settings["kernel"])) * inputs * len(station.maps.channels)


def _groups(station: Station) -> int:
    if station.kind == "depthwise conv":
        return station.inputs[0][2]
    return int(station.settings.get("groups", 1))


def _needs(station: Station, known: Known, arrays: Arrays) -> dict[str, Any]:
    assert station.maps is not None
    channels = station.maps.channels
    if station.kind in _WEIGHTED:
        filters, bias = known.kernels[station.number, channels]
        facts: dict[str, Any] = {"filters": arrays.add(filters), "groups": _groups(station)}
        if bias is not None:
            facts["bias"] = [short(value) for value in np.asarray(bias).tolist()]
        return facts
    if station.kind == "average pool":
        return {"count_padding": bool(station.settings.get("count_padding", False))}
    if station.kind == "batch norm":
        return {"numbers": [known.sums[station.number, (0, 0, channel)]["numbers"] for channel in channels]}
    return {}
