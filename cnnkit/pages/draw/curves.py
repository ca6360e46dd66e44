"""Curves over steps or epochs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from cnnkit.pages.draw.figure import QUIET, legend_above, new_figure, style, svg

# Of lines in one figure: told apart also without colours, by the way they are drawn.
COLOURS = ("#2a7fc9", "#d06a1c", "#1e9e6a", "#a35bb5", "#b58a00", "#c0396b")
_WAYS = ("-", "--", "-.", ":")
WIDTH, HEIGHT = 4.4, 2.7
_DECADES = 30


@final
@dataclass(frozen=True)
class Line:
    """points: (x, y).   faint: in the background."""

    label: str
    points: Sequence[tuple[float, float]]
    faint: bool = False


def curves(
    lines: Sequence[Line],
    *,
    x: str,
    y: str,
    log: bool = False,
    share: bool = False,
    zero: bool = False,
    mark: float | None = None,
    numbers: bool = False,
) -> bytes:
    """An SVG file of lines over one axis.

    x, y: what the axes are.   log: y is drawn in powers of ten, where all is above 0 and far apart.
    share: y is from 0 to 1, and shown in per cent.   zero: y begins there.
    mark: an x to draw a line at, such as the epoch that was kept.
    numbers: x is measured, and not counted as steps are.
    """
    with style():
        figure = new_figure(WIDTH, HEIGHT)
        axes = figure.subplots()
        for place, line in enumerate(lines):
            colour = QUIET if line.faint else COLOURS[place % len(COLOURS)]
            few = len(line.points) < 3
            axes.plot(
                [point[0] for point in line.points],
                [100 * point[1] if share else point[1] for point in line.points],
                _WAYS[place // len(COLOURS) % len(_WAYS)],
                color=colour,
                label=line.label,
                linewidth=1.0 if line.faint else 1.6,
                marker="o" if few else None,
                markersize=4,
            )
        if mark is not None:
            axes.axvline(mark, color=QUIET, linewidth=1, linestyle=":")
        # Within a decade or so powers of ten have no marks to read by.
        values = [point[1] for line in lines for point in line.points]
        if log and values and 0 < _DECADES * min(values) < max(values):
            axes.set_yscale("log")
            plain_numbers(axes.yaxis)
        if zero:
            axes.set_ylim(bottom=0)
        axes.set_xlabel(x)
        axes.set_ylabel(y)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=not numbers))
        places = {point[0] for line in lines for point in line.points}
        if len(places) == 1 and not numbers:  # one epoch, which is no 0.96 to 1.04
            axes.set_xlim(min(places) - 1, min(places) + 1)
        if len(lines) > 1:
            legend_above(axes)
        return svg(figure)


def plain_numbers(axis: Axis) -> None:
    """0.01, 1 and 100 beside an axis in powers of ten: an SVG has words, no formulas."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
