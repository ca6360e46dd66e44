"""The stations of an explanation as a table of 80 columns, or as wide as the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnnkit.cli.show.screen import Screen

if TYPE_CHECKING:
    from cnnkit.engine.explain.station import Shape, Station

NARROW = 80
HEADS = ("step", "what", "result", "param", "m-adds", "ms", "sees")
# Columns of each but the first, which gets what is left.
WIDTHS = (20, 11, 6, 6, 6, 7)
GAP = " "
_SHORT = {"depthwise conv": "depthwise", "transposed conv": "transposed", "global average pool": "global average"}


def show_stations(screen: Screen, stations: Sequence[Station]) -> None:
    """A line for each. Numbers are rounded to fit; --json has them in full."""
    room = max(screen.width, NARROW) - sum(WIDTHS) - len(WIDTHS) * len(GAP)
    name = min(room, max(len(HEADS[0]), *(len(station.name) for station in stations)))
    _line(screen, name, HEADS)
    for station in stations:
        sees = size(station.receptive_field) if station.receptive_field else "all" if station.reads else "-"
        cells = (
            _ending(station.name, name),
            what(station),
            size(station.output),
            short(station.parameters),
            short(station.multiply_adds),
            f"{station.ms:.2f}" if station.ms < 100 else f"{station.ms:.0f}",
            sees,
        )
        _line(screen, name, cells)


def what(station: Station) -> str:
    """What a step does, in few characters: "conv 3x3/2 relu"."""
    told = _SHORT.get(station.kind, station.kind)
    if "kernel" in station.settings:
        told += f" {size(station.settings['kernel'])}"
        down, across = station.settings["stride"]
        told += "" if (down, across) == (1, 1) else f"/{down}" if down == across else f"/{down}x{across}"
    if station.settings.get("residual"):
        told += " +"
    return told if station.activation is None or station.kind == "other" else f"{told} {station.activation}"


def short(number: int) -> str:
    """A count in at most five characters: 432, 9.2k, 7.2M, 4.1G."""
    value, unit = float(number), ""
    for larger in ("k", "M", "G", "T"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    if not unit:
        return "-" if number == 0 else str(number)
    return f"{value:.0f}{unit}" if value >= 99.5 else f"{value:.1f}{unit}"


def size(shape: Shape) -> str:
    """(28, 28, 1) as 28x28x1."""
    return "x".join(str(length) for length in shape)


def _line(screen: Screen, name: int, cells: Sequence[str]) -> None:
    first, second, *rest = cells
    told = [f"{first:<{name}}", f"{second[: WIDTHS[0]]:<{WIDTHS[0]}}"]
    told += [f"{cell:>{width}}" for cell, width in zip(rest, WIDTHS[1:], strict=True)]
    screen.text(GAP.join(told).rstrip(), whole=True)


def _ending(name: str, room: int) -> str:
    """The end of a name tells most."""
    return name if len(name) <= room else f"..{name[len(name) - room + 2 :]}"
