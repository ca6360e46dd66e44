"""A confusion matrix: what is right in blue, what is taken for something else in orange, each in a scale of its own."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from cnnkit.data.sample import Pixels
from cnnkit.pages.draw.data import png
from cnnkit.pages.draw.figure import INK, new_figure, style, svg

# Classes whose cells have their numbers in them; classes that have their names beside.
WITH_NUMBERS, WITH_NAMES = 20, 100
# Cells along a side of a matrix without names.
MOST_CELLS = 250
RIGHT, WRONG = (42, 127, 201), (208, 106, 28)
_LONGEST_NAME = 24

Matrix = npt.NDArray[np.floating]


def with_names(table: npt.ArrayLike, names: Sequence[str], truth: str, answer: str, *, shares: bool = False) -> bytes:
    """An SVG file of (K, K): [i, j] counts the images of class i that were taken for class j.

    truth, answer: what rows and columns are.   shares: the rows are shares from 0 to 1, shown in per cent.
    """
    values, count = np.asarray(table, float), len(names)
    side = max(2.6, 0.36 * count) if count <= WITH_NUMBERS else 0.115 * count
    size = 8 if count <= WITH_NUMBERS else 6.5
    shown = [_short(name) for name in names]
    margin = 0.09 * max(map(len, shown)) * size / 8 + 0.5
    with style():
        figure = new_figure(side + margin, side + margin)
        axes = figure.subplots()
        axes.imshow(painted(values), interpolation="none", aspect="equal")
        axes.grid(visible=False)
        axes.set_xticks(range(count), shown, rotation=90, fontsize=size)
        axes.set_yticks(range(count), shown, fontsize=size)
        axes.set_xlabel(answer)
        axes.set_ylabel(truth)
        if count <= WITH_NUMBERS:
            for i, j in np.argwhere(values > 0).tolist():
                text = _per_cent(values[i, j]) if shares else f"{values[i, j]:,.0f}"
                strong = painted(values)[i, j, 3] > 140
                axes.text(j, i, text, ha="center", va="center", fontsize=7, color="#ffffff" if strong else INK)
        return svg(figure)


def pooled(truth: npt.ArrayLike, answers: npt.ArrayLike, classes: int) -> tuple[bytes, int]:
    """A PNG file of the matrix of very many classes, and how many classes a cell stands for along each side."""
    each = -(-classes // MOST_CELLS)
    cells = -(-classes // each)
    rows, columns = np.asarray(truth, np.int64) // each, np.asarray(answers, np.int64) // each
    table = np.bincount(rows * cells + columns, minlength=cells * cells).reshape(cells, cells).astype(float)
    pixels = painted(table, least=0.35)
    opacity = pixels[..., 3:].astype(float) / 255
    paper = np.full((cells, cells, 3), 245.0)
    flat = (pixels[..., :3] * opacity + paper * (1 - opacity)).round().astype(np.uint8)
    times = max(1, 750 // cells)
    large = Image.fromarray(flat).resize((cells * times, cells * times), Image.Resampling.NEAREST)
    return png(np.asarray(large)), each


def painted(values: Matrix, least: float = 0.1) -> Pixels:
    """(K, K, 4): the colour of each cell, transparent at zero, from `least` on where there is anything."""
    own = np.eye(len(values), dtype=bool)
    pixels = np.zeros((*values.shape, 4), np.uint8)
    for cells, colour in ((own, RIGHT), (~own, WRONG)):
        top = values.max(initial=0.0, where=cells)
        share = np.sqrt(values / top) if top > 0 else np.zeros_like(values)
        opacity = np.where(values > 0, least + (1 - least) * share, 0)
        pixels[cells, :3], pixels[cells, 3] = colour, (255 * opacity[cells]).round().astype(np.uint8)
    return pixels


def _per_cent(share: float) -> str:
    return "<1" if share < 0.01 else ">99" if 0.99 < share < 1 else f"{100 * share:.0f}"


def _short(name: str) -> str:
    plain = "".join(char if char.isprintable() else " " for char in name)
    return plain if len(plain) <= _LONGEST_NAME else plain[: _LONGEST_NAME - 1] + "…"
