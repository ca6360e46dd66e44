"""Differences with their intervals, beside the line of no difference."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from cnnkit.pages.draw.curves import COLOURS
from cnnkit.pages.draw.figure import INK, new_figure, style, svg

WIDTH, OF_EACH, AROUND = 4.8, 0.32, 0.75


@final
@dataclass(frozen=True)
class Interval:
    """label: what it is of.   value: within low and high."""

    label: str
    value: float
    low: float
    high: float


def intervals(rows: Sequence[Interval], x: str) -> bytes:
    """An SVG file: each interval as a line with its value on it, the first at the top.   x: what the axis is."""
    with style():
        figure = new_figure(WIDTH, AROUND + OF_EACH * len(rows))
        axes = figure.subplots()
        for place, row in enumerate(rows):
            axes.plot([row.low, row.high], [place, place], color=COLOURS[0], linewidth=2.4, solid_capstyle="round")
            axes.plot([row.value], [place], "o", color=COLOURS[0], markersize=6)
        axes.axvline(0, color=INK, linewidth=1, linestyle=":")
        axes.set_yticks(range(len(rows)), [row.label for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(x)
        return svg(figure)
