"""The page of a picture and a network: put together, within LIMIT bytes.

Heat maps and pictures of maps take what they take, smaller or fewer where a network has very many (`thrift.py`). Then
come the numbers of whole stations (`exact.py`), as many as fit most of what is left; then sums of some pixels of all
others.
"""

from collections.abc import Generator
from typing import Any

import numpy as np

from cnnkit.data.headway import Headway
from cnnkit.data.sample import Pixels
from cnnkit.engine.explain.attribution import Target
from cnnkit.engine.explain.explanation import Explanation
from cnnkit.engine.explain.station import IMAGE, Station
from cnnkit.errors import UsageError
from cnnkit.pages.draw.colours import css, palette
from cnnkit.pages.explain.answer import answered, file_of
from cnnkit.pages.explain.asked import asked_for, first_station
from cnnkit.pages.explain.exact import NUMBER_BYTES, choose, exact, learn
from cnnkit.pages.explain.filters import first_filters
from cnnkit.pages.explain.geometry import geometry
from cnnkit.pages.explain.known import Known
from cnnkit.pages.explain.mattered import fitted, mattered, targets
from cnnkit.pages.explain.opening import Openings, openings
from cnnkit.pages.explain.packed import Arrays
from cnnkit.pages.explain.road import milliseconds, shape_of, station_facts
from cnnkit.pages.explain.sums import features, least, places, short
from cnnkit.pages.explain.thrift import LADDER, reduced, sheets
from cnnkit.pages.page.render import render
from cnnkit.pages.texts import Texts

LIMIT = 5_000_000
# Shares of it that heat maps and pictures of maps may have.
_HEAT, _PICTURES = 0.3, 0.52
# The share of maps that need a sum in the page at least, for of others the numbers are there.
_LEAST = 0.7
# Bytes in the page of a sum of one pixel; and pixels of a map that are worth it.
_SUM_BYTES, _MOST_PIXELS = 420, 26
# The share of what is left that whole stations get.
_WHOLE = 0.6
# How often numbers are put in and measured. The first time a little too many are, for some compress well. Each try
# after that has so much of what the try before tells would just fit; the last one has none.
_TRIES, _FIRST, _LESS = 5, 1.2, 0.93
_SCRIPTS = ("unpack.js", "look.js", "sum.js", "arithmetic.js", "station.js", "mattered.js")


def explain_page(
    explanation: Explanation,
    texts: Texts,
    *,
    name: str,
    asked: Target | None = None,
    layer: str | None = None,
    limit: int = LIMIT,
) -> str:
    """The page.

    Args:
        explanation: what the network does with the picture.
        texts: the sentences of its language.
        name: of the picture, as people know it.
        asked: for what reasons are shown first; by default for the winner, then for the next best.
        layer: that is shown first, and whose maps Grad-CAM looks at.
        limit: bytes that the page may have.

    Raises:
        UsageError: there are so many stations that their names alone are more than that.
    """
    steps = making_page(explanation, texts, name=name, asked=asked, layer=layer, limit=limit)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            page: str = end.value
            return page


def making_page(
    explanation: Explanation,
    texts: Texts,
    *,
    name: str,
    asked: Target | None = None,
    layer: str | None = None,
    limit: int = LIMIT,
) -> Generator[Headway, None, str]:
    """The same step by step: it yields how far it has come."""
    chosen = targets(explanation, asked)
    heats = yield from mattered(explanation, chosen, layer)
    stations = [station_facts(station, texts) for station in explanation.stations]
    fixed = {
        "name": name,
        "explanation": explanation,
        "asked": asked_for(explanation, texts, asked, layer),
        "answer": answered(explanation),
        "filters": first_filters(explanation),
        "stations": stations,
        "totals": _totals(explanation),
        "gradient": css(),
        "scripts": [f"explain/{script}" for script in _SCRIPTS],
        "shape_of": shape_of,
        "milliseconds": milliseconds,
    }
    room = limit - len(render("explain/page.html", texts, **fixed, packed="").encode())
    reasons = fitted(heats, min(_HEAT * limit, 0.4 * room))
    room -= sum(len(found["file"]) for reason in reasons for found in reason["maps"].values())
    first, known = openings(explanation), Known()
    given = {"winner": _winner(explanation), "reasons": reasons, "first": first_station(explanation, layer)}
    for number, thrift in enumerate(LADDER):
        yield Headway("pictures of maps", number, len(LADDER))
        some = reduced(explanation, thrift.maps)
        pictures = sheets(some, thrift, min(_PICTURES * limit, 0.6 * room))
        if pictures is None:
            continue
        left = room - sum(len(picture["file"]) for picture in pictures.values())
        if number + 1 < len(LADDER) and _LEAST * sum(map(least, some.stations)) * _SUM_BYTES > left:
            continue
        share = _FIRST
        for done in range(_TRIES):
            yield Headway("numbers of pixels", done, _TRIES)
            arrays = Arrays()
            facts = _facts(some, texts, stations, pictures, first, known, arrays, share * left) | given
            page = render("explain/page.html", texts, **fixed, packed=arrays.pack(facts))
            over = len(page.encode()) - limit
            if over <= 0:
                return page
            share *= _LESS * left / (left + over) if done < _TRIES - 2 else 0
    raise UsageError(
        f"A page of {len(stations)} steps does not fit into {limit:,} bytes. --terminal prints them, and Python has "
        "all: cnnkit help explain."
    )


def _facts(
    explanation: Explanation,
    texts: Texts,
    stations: list[dict[str, Any]],
    pictures: dict[int, Any],
    first: Openings,
    known: Known,
    arrays: Arrays,
    room: float,
) -> dict[str, Any]:
    """All that the script is told, but the reasons."""
    chosen = choose(explanation, _WHOLE * room)
    others = [
        station for station in explanation.stations if station not in chosen.stations and station.maps is not None
    ]
    maps = sum(map(least, others))
    pixels = min(_MOST_PIXELS, int((room - chosen.floats * NUMBER_BYTES) / (max(maps, 1) * _SUM_BYTES)))
    pixels = max(1, pixels) if room > 0 else 0
    asked = [
        (station.number, place)
        for station in others[: len(others) if pixels else 0]
        for place in places(station, pixels, first.get(station.number, {}))
    ]
    learn(chosen, explanation, known, asked)
    numbers, needs = exact(chosen, explanation, known, arrays)
    sums: dict[int, list[Any]] = {}
    labelled = _labelled(explanation)
    for place in asked:
        sums.setdefault(place[0], []).append(known.sums[place])
    road = []
    for station, words in zip(explanation.stations, stations, strict=True):
        n = station.number
        facts = words | {"geometry": geometry(station), "sheet": pictures.get(n), "maps": _maps(station, first)}
        facts |= {"labelled": n in labelled}
        road.append(facts | {"sums": sums.get(n), "exact": needs.get(n)})
    H, W, C = explanation.x.shape
    image = {"number": IMAGE, "name": texts("explain.image"), "output": [H, W, C], "sheet": pictures[IMAGE]}
    return {
        "language": texts.language,
        "texts": texts.below("explain.script"),
        "palette": palette().ravel().tolist(),
        "image": image | {"maps": {"channels": list(range(C))}, "picture": file_of(_as_given(explanation))},
        "stations": road,
        "numbers": {str(number): place for number, place in numbers.items()},
        "classes": list(explanation.classes) if len(explanation.classes) <= 1000 else [],
    }


def _maps(station: Station, first: Openings) -> dict[str, Any] | None:
    maps = station.maps
    if maps is None:
        return None
    if station.is_vector:
        shown = features(station)
        why = "all" if len(shown) == len(maps.values) else "strongest"
        return {"channels": shown, "why": why, "values": [short(float(maps.values[k])) for k in shown]}
    begin = [first[station.number][channel] for channel in maps.channels]
    clearest = max(range(len(begin)), key=lambda k: begin[k].contrast)
    first_of = [[one.row, one.column] for one in begin]
    return {"channels": list(maps.channels), "why": maps.why, "first": first_of, "clearest": maps.channels[clearest]}


def _as_given(explanation: Explanation) -> Pixels:
    """The image with the border that the network was given with it, in grey."""
    (H, W, _), (top, left, height, width) = explanation.x.shape, explanation.inner
    whole = np.full((H, W, explanation.image.shape[2]), 127, np.uint8)
    whole[top : top + height, left : left + width] = explanation.image
    return whole


def _winner(explanation: Explanation) -> list[Any]:
    """What tells the winner from other targets."""
    winner = explanation.winner
    return [] if winner is None else [winner.kind, winner.index, winner.box]


def _labelled(explanation: Explanation) -> set[int]:
    """Stations whose channels are the classes: the last one with filters or weights, and those behind it."""
    last = max((station.number for station in explanation.stations if station.parameters), default=0)
    count = len(explanation.classes)
    if explanation.outputs.ndim == 2:
        return set()  # a detector's are not
    behind = (station for station in explanation.stations if station.number >= last)
    return {station.number for station in behind if station.output and station.output[-1] == count <= 1000}


def _totals(explanation: Explanation) -> dict[str, Any]:
    return {
        "stations": len(explanation.stations),
        "parameters": explanation.parameters,
        "multiply_adds": explanation.multiply_adds,
        "ms": sum(station.ms for station in explanation.stations),
    }
