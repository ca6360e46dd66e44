"""What is odd about pictures that can be read: their sizes, their endings, how their classes are filled."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from cnnkit.data.check.findings import Finding
from cnnkit.data.check.look import Look
from cnnkit.data.layout.look_alikes import look_alikes
from cnnkit.data.layout.suffixes import ENDINGS

# A picture is odd whose side, √(H·W), is so many times smaller or larger than the median, or whose sides differ by more
# than so many times where that is twice of what is usual; a side of so few pixels is odd where the median is larger.
TIMES_SIZE, TIMES_ASPECT, SMALLEST_SIDE = 8, 4, 16
# From this ratio of the largest to the smallest class on, a training may do without the small one.
TIMES_CLASS = 5
# Class names that a message tells.
NAMED = 5

Counts = dict[str, Counter[str]]


def odd_sizes(looks: Sequence[Look]) -> list[Finding]:
    """Pictures far smaller, far larger or far longer than the others."""
    if not looks:
        return []
    sizes = np.array([look.size for look in looks], np.float64)
    side, short = np.sqrt(sizes.prod(axis=1)), sizes.min(axis=1)
    aspect = sizes.max(axis=1) / short
    usual, usual_short, usual_aspect = np.median(side), np.median(short), np.median(aspect)
    small = (side * TIMES_SIZE < usual) | ((short < SMALLEST_SIDE) & (usual_short > 2 * SMALLEST_SIDE))
    large = side > usual * TIMES_SIZE
    long = (aspect > TIMES_ASPECT) & (aspect > 2 * usual_aspect) & ~small
    found = []
    for chosen, what in (
        (small, "far smaller"),
        (large, "far larger"),
        (long, "far longer in shape"),
    ):
        if members := np.flatnonzero(chosen).tolist():
            H, W = looks[members[0]].size
            middle = np.median(sizes, axis=0).astype(int)
            message = f"{what} than the others: {H}x{W}, where {middle[0]}x{middle[1]} is the median"
            found.append(Finding("odd-size", message, tuple(looks[i].place.name for i in members)))
    return found


def wrong_endings(named: Iterable[tuple[str, str]]) -> list[Finding]:
    """Of (file, stored format): whose name promises another format. A name without an ending promises none."""
    found = []
    for name, stored in named:
        ending = Path(name).suffix.lower()
        if stored in ENDINGS and ending and ending not in ENDINGS[stored]:
            found.append(Finding("wrong-extension", f"named {ending}, but {stored} inside", (name,)))
    return found


def outside(root: Path, names: Sequence[str]) -> list[Finding]:
    """Files that lie elsewhere: they are missed where the folder alone is copied."""
    real = os.path.join(os.path.realpath(root), "")
    if away := tuple(name for name in names if not os.path.realpath(name).startswith(real)):
        return [Finding("outside", f"actually elsewhere, such as {os.path.realpath(away[0])}", away)]
    return []


def odd_classes(counts: Counts, files: dict[tuple[str, str], list[str]] | None = None) -> list[Finding]:
    """Classes out of balance, with a single picture, or not in every part.

    counts: part -> class -> pictures, the part that is learned from first.   files: (part, class) -> its pictures.
    """
    learned, *others = counts
    filled = {name: count for name, count in counts[learned].items() if count}
    found = []
    if filled and max(filled.values()) >= TIMES_CLASS * min(filled.values()) and len(filled) > 1:
        most, least = max(filled, key=lambda name: filled[name]), min(filled, key=lambda name: filled[name])
        message = (
            f"in {learned}, {most!r} has {filled[most]:,} pictures and {least!r} {filled[least]:,}; "
            "train with --class-weights balanced to compensate"
        )
        found.append(Finding("imbalance", message))
    if single := sorted(name for name, count in filled.items() if count == 1):
        message = f"in {learned}, only one picture of {named(single)}: none is left for a test"
        there = tuple(file for name in single for file in (files or {}).get((learned, name), []))
        found.append(Finding("small-class", message, there))
    differences: dict[tuple[str, str], list[str]] = defaultdict(list)
    for other in others:
        for name in sorted({*filled, *counts[other]}):
            if bool(filled.get(name)) != bool(counts[other][name]) and any(counts[other].values()):
                lacking, having = (other, learned) if filled.get(name) else (learned, other)
                differences[lacking, having].append(name)
    for (lacking, having), names in differences.items():
        found.append(Finding("class-difference", f"{lacking} lacks {named(names)}, which {having} has"))
    return found


def alike(classes: list[str]) -> list[Finding]:
    """Names of classes that look alike."""
    return [Finding("look-alike", sentence.rstrip(".")) for sentence in look_alikes(classes)]


def named(names: list[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(map(repr, names[:NAMED])) + more
