"""How many pixels of each class the masks of each part hold, as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cnnkit.cli.show.screen import Screen
from cnnkit.cli.show.tables.class_table import held_table

if TYPE_CHECKING:
    from cnnkit.data.check.masks.class_pixels import ClassPixels


def mask_table(screen: Screen, names: Sequence[str], pixels: Mapping[str, ClassPixels]) -> None:
    """In a part's columns: the class's share of the pixels that are not void, and the pictures that hold it."""

    def cell(part: ClassPixels, k: int | None) -> str:
        return "100.00" if k is None else f"{100 * part.shares[k]:.2f}"

    void = ", ".join(f"{100 * part.void_share:.2f} % of {name}" for name, part in pixels.items())
    note = f"Void, beside the classes: {void}." if any(part.void for part in pixels.values()) else ""
    held_table(screen, names, pixels, ("%", "pixels %"), cell, note)
