"""Numbers that a page asks the network for: all together by one pass, and none of them twice."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, final

from cnnkit.engine.explain.ask import Ask, Kernel, ask_kernel, ask_maps, ask_pixel
from cnnkit.engine.explain.explanation import Explanation
from cnnkit.engine.explain.station import Station
from cnnkit.kernels.shared.array import Host
from cnnkit.pages.explain.sums import as_facts

Channels = tuple[int, ...]
Place = tuple[int, ...]
# Contributions of each kind that are shown of a sum.
PARTS = 3


@final
@dataclass(frozen=True)
class Known:
    """What was found so far.   maps: whole results, by number of the station.   kernels: filters of some channels.

    sums: of places, as facts for the script: a sum itself keeps all that is under its window.
    """

    maps: dict[int, Host] = field(default_factory=dict)
    kernels: dict[tuple[int, Channels], Kernel] = field(default_factory=dict)
    sums: dict[tuple[int, Place], dict[str, Any]] = field(default_factory=dict)

    def find(
        self,
        explanation: Explanation,
        maps: Iterable[int],
        kernels: Iterable[tuple[int, Channels]],
        sums: Iterable[tuple[int, Place]],
    ) -> None:
        """Have all these known."""
        asked: list[tuple[dict[Any, Any], Any, Ask[Any]]] = []
        stations = explanation.stations
        asked += [(self.maps, n, ask_maps(stations[n])) for n in maps if n not in self.maps]
        asked += [
            (self.kernels, key, ask_kernel(stations[key[0]], key[1])) for key in kernels if key not in self.kernels
        ]
        asked += [(self.sums, key, _ask_facts(stations[key[0]], key[1])) for key in sums if key not in self.sums]
        answers = explanation.answered([ask for _, _, ask in asked])
        for (kept, key, _), answer in zip(asked, answers, strict=True):
            kept[key] = answer


def _ask_facts(station: Station, place: Place) -> Ask[dict[str, Any]]:
    pixel = ask_pixel(station, place)
    return Ask(station.number, lambda step: as_facts(pixel.look(step), PARTS))
