"""A network for masks on the test images: how well each class is drawn, and what its pixels are taken for."""

from collections.abc import Iterator

import numpy as np

from cnnkit.data.picture.overlay import legend
from cnnkit.pages.draw import confusion as matrix
from cnnkit.pages.draw.data import png
from cnnkit.pages.page.blocks import Block, Facts, Figure, Group, Table, Words
from cnnkit.pages.report.section import Seen
from cnnkit.tasks.segmentation import SegmentationTask
from cnnkit.tasks.segmentation.measured import SegmentationMeasured

# Pixels across the picture of the classes' colours.
LEGEND = 640


def masks(seen: Seen) -> Iterator[Block]:
    """IoU class by class, the least first."""
    found, words = _measured(seen), seen.words
    if found is None:
        yield from seen.lacks("judged")
        return
    told = [
        ("mIoU", found.miou),
        ("Dice", found.dice),
        (words("masks.accuracy"), found.pixel_accuracy),
        (words("masks.mean_accuracy"), found.mean_accuracy),
        (words("masks.fwiou"), found.fwiou),
        *([(words("masks.rand"), found.rand)] if found.rand is not None else []),
    ]
    yield Facts([(name, f"{100 * value:.2f} %") for name, value in told])
    if found.void:
        yield Words(words("masks.void", share=f"{100 * found.void:.2f}"), quiet=True)
    rows = sorted((row for row in found.per_class if row.pixels or row.answered), key=lambda row: row.iou)
    names = [words(f"masks.{name}") for name in ("class", "iou", "dice", "found", "share", "pixels", "answered")]
    table = [
        (
            row.label,
            (f"{100 * row.iou:.1f} %", row.iou),
            (f"{100 * row.dice:.1f} %", row.dice),
            (f"{100 * row.accuracy:.1f} %", row.accuracy) if row.pixels else ("-", -1.0),
            (f"{100 * row.share:.2f} %", row.share),
            (f"{row.pixels:,}", row.pixels),
            (f"{row.answered:,}", row.answered),
        )
        for row in rows
    ]
    shares = [row.iou for row in rows]
    title = words("masks.title")
    yield Table(title, names, table, names[1:], sortable=True, long=len(rows) > 30, bar=names[1], shares=shares)
    judged = seen.review.judged
    if judged is not None and isinstance(judged.task, SegmentationTask):
        picture = png(np.asarray(legend(list(found.classes), judged.task.colours, LEGEND)))
        yield Figure("legend", picture, words("masks.legend"), words("masks.legend"))


def confusion(seen: Seen) -> Iterator[Block]:
    """For which class the pixels of each class are taken."""
    found, words = _measured(seen), seen.words
    if found is None:
        return
    if len(found.classes) > matrix.WITH_NAMES:
        yield Words(words("masks.many", most=matrix.WITH_NAMES), quiet=True)
        return
    counts = np.asarray(found.confusion, float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    picture = matrix.with_names(
        shares, list(found.classes), words("confusion.truth"), words("confusion.answer"), shares=True
    )
    wide = len(found.classes) > 8
    figure = Figure("confusion-rows", picture, words("masks.rows"), words("masks.rows"), wide=wide)
    pairs = [(i, j) for i, j in np.argwhere(counts > 0).tolist() if i != j]
    pairs = sorted(pairs, key=lambda pair: -counts[pair])[:12]
    names = [words("confusion.truth"), words("confusion.answer"), words("masks.pixels"), words("masks.of_class")]
    rows = [
        (
            found.classes[i],
            found.classes[j],
            (f"{counts[i, j]:,.0f}", counts[i, j]),
            (f"{100 * shares[i, j]:.1f} %", shares[i, j]),
        )
        for i, j in pairs
    ]
    table = Table(words("masks.pairs"), names, rows, names[2:], sortable=True)
    yield from ([figure, table] if wide else [Group([figure, table])])


def _measured(seen: Seen) -> SegmentationMeasured | None:
    judged = seen.review.judged
    return judged.measured if judged is not None and isinstance(judged.measured, SegmentationMeasured) else None
