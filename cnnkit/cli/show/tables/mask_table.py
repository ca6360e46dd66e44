"""How many pixels of each class the masks of each part hold, as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cnnkit.cli.show.screen import Screen
from cnnkit.cli.show.tables.class_table import MOST_CLASSES

if TYPE_CHECKING:
    from cnnkit.data.check.masks.class_pixels import ClassPixels


def mask_table(screen: Screen, names: Sequence[str], pixels: Mapping[str, ClassPixels]) -> None:
    """A row for each class, in the order of labels; of more than a screen holds the most frequent ones.

    In a part's columns: the class's share of the pixels that are not void, and the pictures that hold it.
    """
    parts = list(pixels.values())
    order = list(range(len(names)))
    if len(names) > MOST_CLASSES:
        order = sorted(order, key=lambda k: -sum(int(part.pixels[k]) for part in parts))[:MOST_CLASSES]
    shares = [part.shares for part in parts]
    rows = [[names[k]] for k in order]
    for row, k in zip(rows, order, strict=True):
        for part, share in zip(parts, shares, strict=True):
            row += [f"{100 * share[k]:.2f}", f"{part.pictures[k]:,}"]
    last = ["all"]
    for part in parts:
        last += ["100.00", f"{part.masks:,}"]
    header = ["class"]
    for name in pixels:
        header += [f"{name} %" if name != "pictures" else "pixels %", "pictures"]
    screen.table(header, [*rows, last])
    if any(part.void for part in parts):
        void = ", ".join(f"{100 * part.void_share:.2f} % of {name}" for name, part in pixels.items())
        screen.note(f"Void, beside the classes: {void}.")
    if len(names) > MOST_CLASSES:
        screen.note(f"The rarest {len(names) - MOST_CLASSES:,} classes are left out; --json has all.")
