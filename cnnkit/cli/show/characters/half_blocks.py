"""A picture in characters, two pixels in each: in colour where the terminal has some, else how strong its heat is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

from cnnkit.cli.show.terminal import terminal

if TYPE_CHECKING:
    from cnnkit.data.sample import Pixels
    from cnnkit.kernels.shared.array import Host

MOST_COLUMNS, MOST_LINES = 64, 28
# From none to all: what stands for heat where there is no colour.
SHADES, SHADES_ASCII = " ░▒▓█", " .:*#"
# What a heat of 1 covers of the picture, and the colours between which it goes; below 0 it is blue.
COVERS = 0.8
COLD, WARM, HOT = (96, 0, 112), (232, 64, 24), (255, 232, 96)
AGAINST = (40, 96, 255)


def print_heat(picture: Pixels, values: Host) -> None:
    """Print a picture, uint8 (H, W, C), under a heat map (H, W) of any scale, on stdout."""
    able = terminal(sys.stdout)
    lines, columns = _size(picture.shape[:2], able.width if sys.stdout.isatty() else MOST_COLUMNS)
    heat = _scaled(values.astype(np.float32), 2 * lines, columns)
    heat = heat / max(float(np.abs(heat).max()), 1e-12)
    if able.colour and able.unicode:
        pixels = np.stack([_scaled(picture[..., c].astype(np.float32), 2 * lines, columns) for c in _rgb(picture)], -1)
        for top, bottom in zip(*_pairs(_covered(pixels, heat)), strict=True):
            cells = (_cell(above, below) for above, below in zip(top, bottom, strict=True))
            print("".join(cells) + "\x1b[0m")
        return
    shades = SHADES if able.unicode else SHADES_ASCII
    top, bottom = _pairs(heat)
    level = np.clip(np.rint(np.maximum(top, bottom) * (len(shades) - 1)), 0, len(shades) - 1).astype(int)
    for row in level:
        print("".join(shades[k] for k in row).rstrip())


def _size(shape: tuple[int, ...], width: int) -> tuple[int, int]:
    """(lines, columns): a character is about twice as high as wide."""
    H, W = shape
    columns = min(width, MOST_COLUMNS, max(1, int(2 * MOST_LINES * W / H)))
    return max(1, min(MOST_LINES, round(columns * H / W / 2))), columns


def _scaled(plane: Host, height: int, width: int) -> Host:
    from PIL import Image

    return np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.BOX))


def _rgb(picture: Pixels) -> tuple[int, int, int]:
    return (0, 1, 2) if picture.shape[2] == 3 else (0, 0, 0)


def _pairs(rows: Host) -> tuple[Host, Host]:
    return rows[0::2], rows[1::2]


def _covered(pixels: Host, heat: Host) -> Host:
    """(h, w, 3) uint8: colours over pixels, the more the hotter."""
    cold, warm, hot, against = (np.array(colour, np.float32) for colour in (COLD, WARM, HOT, AGAINST))
    h = np.clip(heat, 0, 1)[..., None]
    colour = np.where(h < 0.5, cold + (warm - cold) * 2 * h, warm + (hot - warm) * (2 * h - 1))
    colour = np.where(heat[..., None] < 0, against, colour)
    share = COVERS * np.sqrt(np.clip(np.abs(heat), 0, 1))[..., None]
    covered: Host = np.clip(pixels * (1 - share) + colour * share, 0, 255).astype(np.uint8)
    return covered


def _cell(above: Host, below: Host) -> str:
    """The upper half in one colour, what is behind in the other."""
    return f"\x1b[38;2;{above[0]};{above[1]};{above[2]};48;2;{below[0]};{below[1]};{below[2]}m▀"
