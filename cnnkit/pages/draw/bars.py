"""Bars for times: what was taken, and what it would take at the roof."""

from collections.abc import Sequence

from cnnkit.pages.draw.curves import COLOURS
from cnnkit.pages.draw.figure import legend_above, new_figure, style, svg


def times(rows: Sequence[tuple[str, float, float]], *, x: str, taken: str, roof: str) -> bytes:
    """An SVG file of (name, time, time at the roof), the first row above.   x: the unit of times."""
    names = [f"{number}. {name[:28]}" for number, (name, *_) in enumerate(rows, 1)]
    with style():
        figure = new_figure(5.2, 0.9 + 0.24 * len(rows))
        axes = figure.subplots()
        axes.barh(names, [row[1] for row in rows], 0.72, color=COLOURS[0], alpha=0.8, label=taken)
        axes.barh(names, [min(row[1], row[2]) for row in rows], 0.3, color=COLOURS[1], label=roof)
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(x)
        legend_above(axes)
        return svg(figure)
