"""How many images of each class are in each part, as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnnkit.cli.show.screen import Screen

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


def _sums(rows: Sequence[Sequence[int]], parts: int) -> list[int]:
    return [sum(counts[part] for counts in rows) for part in range(parts)]
