"""Sums that are in the page as they were found, for some pixels of a map: large contributions, the rest as one number.

A click elsewhere on such a map goes to the nearest of these pixels.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnkit.engine.explain.station import Station
from cnnkit.engine.explain.sum import Sum, Terms
from cnnkit.pages.explain.opening import Opening

# A window of more places, such as a whole map, is not drawn as a grid: its largest numbers are listed.
MOST_CELLS = 121
# Of numbers that are listed one by one.
LISTED = 12
# Vectors of so many numbers are shown whole; of longer ones so many are.
ALL_FEATURES, SOME_FEATURES = 64, 32


def least(station: Station) -> int:
    """How many numbers of a station are shown at least: one of each map, or of a vector."""
    if station.maps is None:
        return 0
    return len(station.maps.channels) if station.is_map else len(features(station))


def places(station: Station, count: int, first: Mapping[int, Opening]) -> list[tuple[int, ...]]:
    """Of each shown map the pixel that is looked at first and a coarse grid, `count` in all; of a vector `features`.

    first: of each map, by channel.
    """
    maps = station.maps
    if maps is None:
        return []
    if not station.is_map:
        return [(feature,) for feature in features(station)]
    H, W, _ = maps.values.shape
    across = int(max(count - 1, 0) ** 0.5)
    rows, columns = ([int((i + 0.5) * n / across) for i in range(across)] for n in (H, W))
    found: list[tuple[int, ...]] = []
    for channel in maps.channels:
        pixels = dict.fromkeys([first[channel][:2], *((row, column) for row in rows for column in columns)])
        found += [(y, x, channel) for y, x in pixels]
    return found


def features(station: Station) -> list[int]:
    """The numbers of a vector that are shown: all of a short one, else the largest, in rising order of their places."""
    assert station.maps is not None
    values = np.nan_to_num(station.maps.values)
    if len(values) <= ALL_FEATURES:
        return list(range(len(values)))
    return sorted(np.argsort(-np.abs(values), kind="stable")[:SOME_FEATURES].tolist())


def as_facts(sum: Sum, parts: int) -> dict[str, Any]:
    """A sum for the script, with its `parts` largest contributions of each kind."""
    return {
        "place": list(sum.place),
        "rule": sum.rule,
        "terms": [_terms(terms, parts, sum.rule) for terms in sum.terms],
        "numbers": {name: short(number) for name, number in sum.numbers.items() if np.isfinite(number)},
        "total": short(sum.total),
        **_winner(sum),
        "activation": sum.activation,
        "value": short(sum.value),
    }


def short(number: float) -> float | None:
    """A float32 number in as few digits as tell it from its neighbours; None of what is none."""
    return float(f"{number:.9g}") if np.isfinite(number) else None


def _winner(sum: Sum) -> dict[str, Any]:
    """winner: which number of its window was taken; winner_at: its place (y, x), of a map."""
    row = sum.winner
    if row is None or sum.rule != "greatest" or len(sum.terms) != 1:
        return {}
    terms = sum.terms[0]
    at = terms.places[row].tolist()
    return {"winner": row // (terms.layout[-1] or 1), "winner_at": at[:2] if len(at) == 3 else None}


def _terms(terms: Terms, most: int, rule: str) -> dict[str, Any]:
    n = len(terms)
    channels = terms.layout[-1] if len(terms.layout) == 3 else n
    cells = n // max(channels, 1)
    if cells > MOST_CELLS or cells * channels != n:
        channels, cells = n, 1
    rows = np.arange(n).reshape(cells, channels) if n else np.zeros((1, 0), int)
    size = np.nan_to_num(terms.products)
    by_part = size[rows].sum(axis=0)
    weight = np.abs(by_part) if cells == 1 else np.abs(size[rows]).sum(axis=0)
    weight = by_part if rule == "greatest" else weight
    chosen = np.argsort(-weight, kind="stable")[: max(most, LISTED) if cells == 1 else most]
    weighted = bool((terms.weights != 1).any())
    facts: dict[str, Any] = {
        "source": terms.source,
        "parts": [_part(terms, rows[:, part], weighted) for part in chosen.tolist()],
        "others": channels - len(chosen),
        "rest": short(float(by_part.sum() - by_part[chosen].sum())),
    }
    if cells > 1:
        facts["grid"] = list(terms.layout[:2])
    return facts


def _part(terms: Terms, rows: npt.NDArray[np.int64], weighted: bool) -> dict[str, Any]:
    """Numbers of one channel under the window. at: the place of each; channel: -1 of what is no map's."""
    at = terms.places[rows]
    facts: dict[str, Any] = {"values": [short(value) for value in terms.values[rows].tolist()]}
    if weighted:
        facts["weights"] = [short(weight) for weight in terms.weights[rows].tolist()]
    if at.ndim == 2 and at.shape[1] == 3:
        facts |= {"channel": int(at[0, 2]), "at": at[:, :2].tolist()}
    elif at.ndim == 2 and at.shape[1] == 1:
        facts |= {"channel": int(at[0, 0])}
    return facts
