"""matplotlib's figures as SVG or PNG: no global state, and the same bytes each time.

    with style():
        figure = new_figure(7, 3)
        axes = figure.subplots()
        axes.plot(...)
        file = svg(figure)

An SVG has its words as text, in the browser's fonts. `for_page` lets it take the ink of the page, light or dark.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from cnnkit.serialize.harmless import harmless

# Ink and quiet lines of a figure. No other colour may be one of these: `for_page` puts the page's in their place.
INK, QUIET = "#1c1d22", "#8b8d94"
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "cnnkit",
    "font.family": "sans-serif",
    "font.size": 9,
    # A name with dollars in it is a name.
    "text.parse_math": False,
    "axes.unicode_minus": True,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": QUIET,
    "grid.alpha": 0.3,
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "axes.axisbelow": True,
}


# Inches of a line's sign in a legend, with what is around it, and of a letter beside it.
_HANDLE, _LETTER = 0.55, 0.062


@contextmanager
def style() -> Iterator[None]:
    """In it figures are made and saved, in one look, whatever a user has set for matplotlib."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        # Letters that matplotlib's own font lacks are drawn by the browser's.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of so many inches, laid out to its edges."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def legend_above(axes: Axes) -> None:
    """What the colours are, above the axes: to look for room among the lines takes seconds where they are long."""
    longest = max((len(str(label)) for label in axes.get_legend_handles_labels()[1]), default=0)
    figure = axes.get_figure()
    assert figure is not None
    # Words that reach beyond the figure would be cut off, and the axes made small for them.
    columns = int(figure.bbox.width / figure.dpi / (_HANDLE + _LETTER * longest))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=min(3, max(1, columns)), fontsize=8)


def svg(figure: Figure) -> bytes:
    """An SVG file, without a date. XML has no control characters: in names they are spelt out."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return harmless(buffer.getvalue().decode("utf-8")).encode("utf-8")


def png(figure: Figure, dpi: int = 110) -> bytes:
    """A PNG file on white, without a date or a version in it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, facecolor="white", metadata={"Software": None})
    return buffer.getvalue()


def for_page(file: bytes) -> str:
    """The <svg> element of a file for the middle of a page: in the page's ink, and as wide as there is room."""
    text = file.decode("utf-8")
    text = text[text.index("<svg") :]
    return text.replace(INK, "currentColor").replace(QUIET, "color-mix(in srgb, currentColor 55%, transparent)")
