"""How many images of each class are in each part, and what the masks or boxes of a part hold of it, as tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from cnnkit.cli.show.screen import Screen

if TYPE_CHECKING:
    from cnnkit.data.check.figures import Counted

Held = TypeVar("Held", bound="Counted")

# Of more classes the largest and the smallest are shown, so many in all.
MOST_CLASSES = 40


def class_table(screen: Screen, parts: Sequence[str], classes: Mapping[str, Sequence[int]]) -> None:
    """A row for each class, in the order of labels, and one for all. classes: name -> images in each part."""
    rows = [(name, list(counts)) for name, counts in classes.items()]
    total = _sums([counts for _, counts in rows], len(parts))
    if len(rows) > MOST_CLASSES:
        rows.sort(key=lambda row: -sum(row[1]))
        half = MOST_CLASSES // 2
        between = [counts for _, counts in rows[half:-half]]
        rows = [*rows[:half], (f"({len(between):,} more)", _sums(between, len(parts))), *rows[-half:]]
    screen.table(["class", *parts], [[name, *counts] for name, counts in (*rows, ("all", total))])


def held_table(
    screen: Screen,
    names: Sequence[str],
    parts: Mapping[str, Held],
    unit: tuple[str, str],
    cell: Callable[[Held, int | None], str],
    note: str = "",
) -> None:
    """What masks or boxes hold: a row for each class, in the order of labels; of very many the most frequent ones.

    unit: what the first of a part's two columns tells, and of parts that are one; the second counts the pictures.
    cell: of a part and a class, or of all classes.   note: what is said below.
    """
    order = list(range(len(names)))
    if len(names) > MOST_CLASSES:
        order = sorted(order, key=lambda k: -sum(int(part.of_class[k]) for part in parts.values()))[:MOST_CLASSES]
    header, last = ["class"], ["all"]
    rows = [[names[k]] for k in order]
    for name, part in parts.items():
        header += [f"{name} {unit[0]}" if name != "pictures" else unit[1], "pictures"]
        for row, k in zip(rows, order, strict=True):
            row += [cell(part, k), f"{part.pictures[k]:,}"]
        last += [cell(part, None), f"{part.total:,}"]
    screen.table(header, [*rows, last])
    if note:
        screen.note(note)
    if len(names) > MOST_CLASSES:
        screen.note(f"The rarest {len(names) - MOST_CLASSES:,} classes are left out; --json has all.")


def _sums(rows: Sequence[Sequence[int]], parts: int) -> list[int]:
    return [sum(counts[part] for counts in rows) for part in range(parts)]
