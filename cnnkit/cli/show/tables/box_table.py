"""How many boxes of each class are in each part, and how large they are, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cnnkit.cli.show.screen import Screen
from cnnkit.cli.show.tables.class_table import MOST_CLASSES

if TYPE_CHECKING:
    from cnnkit.data.check.boxes.class_boxes import ClassBoxes
    from cnnkit.data.check.figures import Spread


def box_table(screen: Screen, names: Sequence[str], boxes: Mapping[str, ClassBoxes]) -> None:
    """A row for each class, in the order of labels; of more than a screen holds the most frequent ones.

    In a part's columns: the boxes, and the pictures that hold one.
    """
    parts = list(boxes.values())
    order = list(range(len(names)))
    if len(names) > MOST_CLASSES:
        order = sorted(order, key=lambda k: -sum(int(part.boxes[k]) for part in parts))[:MOST_CLASSES]
    rows = [[names[k]] for k in order]
    last = ["all"]
    for part in parts:
        for row, k in zip(rows, order, strict=True):
            row += [f"{part.boxes[k]:,}", f"{part.pictures[k]:,}"]
        last += [f"{part.boxes.sum():,}", f"{part.total:,}"]
    header = ["class"]
    for name in boxes:
        header += [f"{name} boxes" if name != "pictures" else "boxes", "pictures"]
    screen.table(header, [*rows, last])
    if crowds := sum(part.crowds for part in parts):
        screen.note(f"Around a crowd, or difficult: {crowds:,} boxes, which count neither as a hit nor as a miss.")
    if len(names) > MOST_CLASSES:
        screen.note(f"The rarest {len(names) - MOST_CLASSES:,} classes are left out; --json has all.")


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
