"""A reliability diagram: of the answers given with a score, how many are right."""

from collections.abc import Sequence

from cnnkit.metrics import ScoreBin
from cnnkit.pages.draw.curves import COLOURS, plain_numbers
from cnnkit.pages.draw.figure import QUIET, new_figure, style, svg


def reliability(bins: Sequence[ScoreBin], *, score: str, right: str, images: str) -> bytes:
    """An SVG file: the share that is right in each bin of scores beside the line where both are equal; and below it
    how many images are in each.

    score, right, images: what the axes are.
    """
    full = [place for place in bins if place.images]
    width = bins[0].high - bins[0].low if bins else 1.0
    middles = [100 * (place.low + place.high) / 2 for place in full]
    with style():
        figure = new_figure(4.4, 3.6)
        upper, lower = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": (3, 1)})
        upper.plot([0, 100], [0, 100], color=QUIET, linestyle="--", linewidth=1)
        upper.bar(middles, [100 * place.accuracy for place in full], 92 * width, color=COLOURS[0], alpha=0.75)
        upper.plot(
            [100 * place.score for place in full],
            [100 * place.accuracy for place in full],
            "o",
            color=COLOURS[1],
            markersize=4,
        )
        upper.set_ylim(0, 103)
        upper.set_ylabel(right)
        lower.bar(middles, [place.images for place in full], 92 * width, color=QUIET)
        lower.set_yscale("symlog")
        plain_numbers(lower.yaxis)
        lower.set_ylabel(images)
        lower.set_xlim(0, 100)
        lower.set_xlabel(score)
        return svg(figure)
