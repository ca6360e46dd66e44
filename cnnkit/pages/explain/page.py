"""The page of a picture and a network: put together, within LIMIT bytes.

Heat maps and pictures of maps take what they take, in fewer colours where a network has very many. Then come the
numbers of whole stations (`exact.py`), as many as fit most of what is left; then sums of some pixels of all others.
"""

from typing import Any

import numpy as np

from cnnkit.data.sample import Pixels
from cnnkit.engine.explain.attribution import Target
from cnnkit.engine.explain.explanation import Explanation
from cnnkit.engine.explain.station import IMAGE, Station
from cnnkit.pages.draw.colours import STEPS, css, palette
from cnnkit.pages.draw.data import address
from cnnkit.pages.explain.answer import answered, file_of
from cnnkit.pages.explain.exact import exact
from cnnkit.pages.explain.filters import first_filters
from cnnkit.pages.explain.geometry import geometry
from cnnkit.pages.explain.mattered import mattered, targets
from cnnkit.pages.explain.packed import Arrays
from cnnkit.pages.explain.road import shape_of, station_facts
from cnnkit.pages.explain.sheets import sheet
from cnnkit.pages.explain.sums import as_facts, features, places, short
from cnnkit.pages.page.render import render
from cnnkit.pages.texts import Texts

LIMIT = 5_000_000
# Pictures of maps may take this much of it. Levels that are told apart, and the least bytes that a pixel then takes.
_PICTURES = 2_600_000
_LEVELS = ((STEPS, 0.5), (63, 0.35), (31, 0.2), (15, 0.0))
# Bytes in the page of a sum of one pixel; and pixels of a map that are worth it.
_SUM_BYTES, _MOST_PIXELS, _PARTS = 420, 26, 3
# The share of what is left that whole stations get.
_WHOLE = 0.6
_SCRIPTS = ("unpack.js", "look.js", "sum.js", "arithmetic.js", "station.js", "mattered.js")


def explain_page(
    explanation: Explanation, texts: Texts, *, name: str, asked: Target | None = None, limit: int = LIMIT
) -> str:
    """The page.

    Args:
        explanation: what the network does with the picture.
        texts: the sentences of its language.
        name: of the picture, as people know it.
        asked: for what reasons are shown first; by default for the winner, then for the next best.
        limit: bytes that the page may have.
    """
    answer = answered(explanation)
    reasons = mattered(explanation, targets(explanation, asked))
    filters = first_filters(explanation)
    stations = [station_facts(station, texts) for station in explanation.stations]
    fixed = {
        "name": name,
        "explanation": explanation,
        "answer": answer,
        "filters": filters,
        "stations": stations,
        "totals": _totals(explanation),
        "gradient": css(),
        "scripts": [f"explain/{script}" for script in _SCRIPTS],
        "shape_of": shape_of,
    }
    room = limit - len(render("explain/page.html", texts, **fixed, packed="").encode()) - sum(map(len, _files(reasons)))
    pictures = _sheets(explanation, min(_PICTURES, int(0.6 * room)))
    room -= sum(len(picture["file"]) for picture in pictures.values())
    for share in (1.3, 0.9, 0.6, 0.3, 0.1):
        arrays = Arrays()
        facts = _facts(explanation, texts, stations, pictures, arrays, share * room)
        facts |= {"winner": _winner(explanation), "reasons": reasons}
        page = render("explain/page.html", texts, **fixed, packed=arrays.pack(facts))
        if len(page.encode()) <= limit:
            break
    return page


def _facts(
    explanation: Explanation,
    texts: Texts,
    stations: list[dict[str, Any]],
    pictures: dict[int, Any],
    arrays: Arrays,
    room: float,
) -> dict[str, Any]:
    """All that the script is told, but the reasons."""
    numbers, needs = exact(explanation, arrays, _WHOLE * room)
    others = [station for station in explanation.stations if station.number not in needs and station.maps is not None]
    maps = sum(len(places(station, 1)) for station in others)
    pixels = min(_MOST_PIXELS, max(1, int((1 - _WHOLE) * room / (max(maps, 1) * _SUM_BYTES))))
    asked = [(station.number, place) for station in others for place in places(station, pixels)]
    sums: dict[int, list[Any]] = {}
    labelled = _labelled(explanation)
    for found in explanation.pixels(asked):
        sums.setdefault(found.station, []).append(as_facts(found, _PARTS))
    road = []
    for station, words in zip(explanation.stations, stations, strict=True):
        n = station.number
        facts = words | {"geometry": geometry(station), "sheet": pictures.get(n), "maps": _maps(station)}
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


def _maps(station: Station) -> dict[str, Any] | None:
    maps = station.maps
    if maps is None:
        return None
    if station.is_vector:
        shown = features(station)
        why = "all" if len(shown) == len(maps.values) else "strongest"
        return {"channels": shown, "why": why, "values": [short(float(maps.values[k])) for k in shown]}
    strength = [float(f"{value:.3g}") for value in np.nan_to_num(maps.strength).tolist()]
    return {"channels": list(maps.channels), "why": maps.why, "strength": strength}


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


def _sheets(explanation: Explanation, room: int) -> dict[int, dict[str, Any]]:
    """The pictures of all stations that have maps, by number, as rich in colours as there is room."""
    stations = [station for station in explanation.stations if station.is_map]
    values = {station.number: station.maps.values for station in stations if station.maps is not None}
    values[IMAGE] = explanation.x
    pixels = sum(maps.size for maps in values.values())
    for levels, at_least in _LEVELS:
        if levels != _LEVELS[-1][0] and pixels * at_least > room:
            continue
        found: dict[int, dict[str, Any]] = {}
        for number, maps in values.items():
            drawn = sheet(maps, levels)
            scale = {"bound": short(drawn.bound), "beyond": drawn.beyond, "negative": drawn.negative}
            found[number] = {"file": address(drawn.file)} | scale
        if sum(map(len, (picture["file"] for picture in found.values()))) <= room:
            break
    return found


def _totals(explanation: Explanation) -> dict[str, Any]:
    return {
        "stations": len(explanation.stations),
        "parameters": explanation.parameters,
        "multiply_adds": explanation.multiply_adds,
        "ms": sum(station.ms for station in explanation.stations),
    }


def _files(reasons: list[dict[str, Any]]) -> list[str]:
    return [found["file"] for reason in reasons for found in reason["maps"].values()]
