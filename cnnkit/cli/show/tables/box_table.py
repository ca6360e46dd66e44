"""How many boxes of each class are in each part, and how large they are, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cnnkit.cli.show.screen import Screen
from cnnkit.cli.show.tables.class_table import held_table

if TYPE_CHECKING:
    from cnnkit.data.check.boxes.class_boxes import ClassBoxes
    from cnnkit.data.check.figures import Spread


def box_table(screen: Screen, names: Sequence[str], boxes: Mapping[str, ClassBoxes]) -> None:
    """In a part's columns: the boxes, and the pictures that hold one."""

    def cell(part: ClassBoxes, k: int | None) -> str:
        return f"{part.boxes.sum() if k is None else part.boxes[k]:,}"

    crowds = sum(part.crowds for part in boxes.values())
    note = f"Around a crowd, or difficult: {crowds:,} boxes, which count neither as a hit nor as a miss."
    held_table(screen, names, boxes, ("boxes", "boxes"), cell, note if crowds else "")


def box_sizes(screen: Screen, boxes: Mapping[str, ClassBoxes]) -> None:
    """Sides, aspects and shares of the boxes of all parts, and how many are small."""
    first, *others = boxes.values()
    everything = sum(others, first)
    figures = everything.figures()

    def row(name: str, spread: Spread, form: str, scale: float = 1.0) -> list[str]:
        return [name, *(format(value * scale, form) for value in (spread.least, spread.median, spread.most))]

    screen.table(
        ["boxes", "least", "median", "most"],
        [
            row("width", figures["width"], ",.0f"),
            row("height", figures["height"], ",.0f"),
            row("width / height", figures["aspect"], ".2f"),
            row("% of the picture", figures["share"], ".2f", 100.0),
        ],
    )
    screen.text()
    sizes = everything.by_size()
    screen.facts(
        [
            (
                "sizes",
                f"{sizes['small']:,} small (to 32x32), {sizes['medium']:,} medium (to 96x96), {sizes['large']:,} large",
            ),
            ("in a picture", f"up to {everything.most:,}; {everything.bare:,} without boxes"),
        ]
    )
