"""A detector on the test images: precision and recall of each class, what is wrong with its boxes."""

from collections.abc import Iterator
from dataclasses import asdict

import numpy as np

from cnnkit.pages.draw.curves import Line, curves
from cnnkit.pages.page.blocks import Block, Facts, Figure, Group, Table, Words
from cnnkit.pages.report.section import Seen
from cnnkit.tasks.detection.measured import ClassBoxes, DetectionMeasured

# Lines in the picture beside the mean: of more classes those with the most things.
MOST_CURVES = 6
Cell = str | tuple[str, float]
# Of errors of boxes, in the order of their table.
ERRORS = ("right", "doubled", "wrong_class", "wrong_place", "background", "missed")


def boxes(seen: Seen) -> Iterator[Block]:
    """Average precision class by class, the least first, and the curves behind it."""
    found, words = _measured(seen), seen.words
    if found is None:
        yield from seen.lacks("judged")
        return
    yield Facts([(label, _share(value)) for label, value in _numbers(found, words("boxes.mean"))])
    there = [row for row in found.per_class if row.curve]
    if there:
        yield from _curves(seen, there)
    rows = sorted(found.per_class, key=lambda row: (row.ap50 is None, row.ap50 or 0.0))
    names = [words(f"boxes.{name}") for name in ("class", "ap50", "ap", "things", "precision", "recall")]
    table: list[list[Cell]] = [
        [
            row.label,
            _cell(row.ap50),
            _cell(row.ap),
            (f"{row.things:,}", row.things),
            _cell(row.precision),
            _cell(row.recall),
        ]
        for row in rows
    ]
    yield Words(words("boxes.order", score=f"{100 * found.least_score:.0f}"), quiet=True)
    shares = [row.ap50 or 0.0 for row in rows]
    title = words("boxes.title")
    yield Table(title, names, table, names[1:], sortable=True, long=len(rows) > 30, bar=names[1], shares=shares)
    if found.crowds:
        yield Words(words("boxes.crowds", boxes=f"{found.crowds:,}"), quiet=True)


def errors(seen: Seen) -> Iterator[Block]:
    """What is wrong with the boxes that are wrong, and how much is missed."""
    found, words = _measured(seen), seen.words
    if found is None:
        return
    yield Words(words("errors.caption", score=f"{100 * found.least_score:.0f}"), quiet=True)
    names = [words("boxes.class"), *(words(f"errors.{name}") for name in ERRORS)]
    told = [(row.label, asdict(row.errors)) for row in found.per_class]
    told.append((words("errors.all"), asdict(found.errors)))
    rows: list[list[Cell]] = [[label, *((f"{of[name]:,}", float(of[name])) for name in ERRORS)] for label, of in told]
    yield Table(words("errors.title"), names, rows, names[1:], sortable=True, long=len(rows) > 30)


def _numbers(found: DetectionMeasured, mean: str) -> list[tuple[str, float | None]]:
    sizes = ("small", "medium", "large")
    return [
        ("mAP@0.5", found.map50),
        (mean, found.map),
        ("AP@0.75", found.coco.get("ap75")),
        *((f"AP, {size}", found.coco.get(f"ap_{size}")) for size in sizes),
        ("AR@100", found.coco.get("ar100")),
    ]


def _curves(seen: Seen, there: list[ClassBoxes]) -> Iterator[Block]:
    words = seen.words
    recalls = np.linspace(0, 1, len(there[0].curve)).tolist()
    mean = np.mean([row.curve for row in there], axis=0).tolist()
    most = sorted(there, key=lambda row: -row.things)[:MOST_CURVES]
    lines = [Line(row.label, list(zip(recalls, row.curve, strict=True))) for row in most]
    if len(there) > 1:
        lines.append(Line(words("boxes.all"), list(zip(recalls, mean, strict=True)), faint=True))
    picture = curves(lines, x=words("boxes.recall"), y=words("boxes.precision") + ", %", share=True, numbers=True)
    caption = words("boxes.curves") if len(there) <= MOST_CURVES else words("boxes.most", most=MOST_CURVES)
    yield Group([Figure("precision-recall", picture, words("boxes.curves"), caption)])


def _measured(seen: Seen) -> DetectionMeasured | None:
    judged = seen.review.judged
    return judged.measured if judged is not None and isinstance(judged.measured, DetectionMeasured) else None


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _cell(value: float | None) -> Cell:
    return _share(value), -1.0 if value is None else value
