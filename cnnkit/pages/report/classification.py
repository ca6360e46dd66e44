"""A classifier on the test images: what it takes for what, class by class, and whether its scores can be trusted."""

from collections.abc import Iterator

import numpy as np

from cnnkit.pages.draw import confusion as matrix
from cnnkit.pages.draw.reliability import reliability as diagram
from cnnkit.pages.page.blocks import Block, Facts, Figure, Group, Table, Words
from cnnkit.pages.report.section import Seen
from cnnkit.tasks.classification import ClassificationTally
from cnnkit.tasks.classification.measured import ClassificationMeasured

# Rows of the table of pairs, with few classes and with many; of the table of classes.
FEW_PAIRS, MANY_PAIRS, MOST_CLASSES = 12, 100, 1000
# Classes of a matrix that has room beside another.
SIDE_BY_SIDE = 12


def confusion(seen: Seen) -> Iterator[Block]:
    found = _measured(seen)
    if found is None:
        yield from seen.lacks("judged")
        return
    words, classes = seen.words, found.classes
    if found.confusion is not None and len(classes) <= matrix.WITH_NAMES:
        counts = np.asarray(found.confusion, float)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        truth, answer = words("confusion.truth"), words("confusion.answer")
        yield Words(words("confusion.colours"), quiet=True)
        wide = len(classes) > SIDE_BY_SIDE
        figures = [
            Figure(name, drawn, words(f"{key}_words"), words(key), wide=wide)
            for name, key, drawn in (
                ("confusion", "confusion.counts", matrix.with_names(counts, classes, truth, answer)),
                ("confusion-rows", "confusion.rows", matrix.with_names(shares, classes, truth, answer, shares=True)),
            )
        ]
        yield from [Group(figures)] if not wide else figures
    else:
        judged = seen.review.judged
        assert judged is not None and isinstance(judged.tally, ClassificationTally)
        picture, each = matrix.pooled(judged.tally.labels, judged.tally.answers, len(classes))
        yield Words(words("confusion.many", classes=f"{len(classes):,}", most=matrix.WITH_NAMES), quiet=True)
        yield Figure("confusion", picture, words("confusion.pooled_words"), words("confusion.pooled", each=each))
    yield from _pairs(seen, found)


def _pairs(seen: Seen, found: ClassificationMeasured) -> Iterator[Block]:
    words = seen.words
    most = FEW_PAIRS if len(found.classes) <= matrix.WITH_NAMES else MANY_PAIRS
    support = {row.label: row.support for row in found.per_class}
    pairs = found.mistakes[:most]
    if not pairs:
        yield Words(words("confusion.none"))
        return
    names = [words(f"confusion.{name}") for name in ("truth", "answer", "images", "share")]
    rows = [
        (
            pair.truth,
            pair.answer,
            (f"{pair.images:,}", pair.images),
            (f"{100 * pair.images / max(1, support[pair.truth]):.1f} %", pair.images / max(1, support[pair.truth])),
        )
        for pair in pairs
    ]
    table = Table(words("confusion.pairs"), names, rows, names[2:], sortable=True, long=len(rows) > FEW_PAIRS)
    yield Group([table], title=words("confusion.pairs"))


def classes(seen: Seen) -> Iterator[Block]:
    found = _measured(seen)
    if found is None:
        return
    words = seen.words
    told = [row for row in found.per_class if row.support or row.called]
    told = sorted(told, key=lambda row: (row.f1, row.label))[:MOST_CLASSES]
    names = [words(f"classes.{name}") for name in ("class", "precision", "recall", "f1", "images", "answers")]
    rows = [
        (
            row.label,
            _share(row.precision, row.called),
            _share(row.recall, row.support),
            (f"{100 * row.f1:.1f} %", row.f1),
            (f"{row.support:,}", row.support),
            (f"{row.called:,}", row.called),
        )
        for row in told
    ]
    yield Facts(
        [
            (words("classes.macro"), f"{100 * found.macro_f1:.2f} %"),
            (words("classes.balanced"), f"{100 * found.balanced_accuracy:.2f} %"),
            *([("top-5", f"{100 * found.top5:.2f} %")] if len(found.classes) > 5 else []),
        ]
    )
    yield Words(words("classes.order"), quiet=True)
    shares = [row.f1 for row in told]
    title = words("classes.title")
    yield Table(title, names, rows, names[1:], sortable=True, long=True, bar=names[3], shares=shares)
    if absent := len(found.per_class) - len(told):
        yield Words(words("classes.absent", classes=f"{absent:,}"), quiet=True)


def reliability(seen: Seen) -> Iterator[Block]:
    found = _measured(seen)
    if found is None:
        return
    words = seen.words
    axes = {name: words(f"reliability.{name}") for name in ("score", "right", "images")}
    drawn = diagram(found.reliability, **axes)
    facts = [
        (words("reliability.mean"), f"{100 * found.mean_score:.1f} %"),
        (words("reliability.accuracy"), f"{100 * found.top1:.1f} %"),
        (words("reliability.between"), f"{100 * found.top1_low:.1f} – {100 * found.top1_high:.1f} %"),
        (words("reliability.error"), f"{100 * found.calibration_error:.1f} %"),
    ]
    figure = Figure("reliability", drawn, words("reliability.words"), words("reliability.caption"))
    yield Group([figure, Facts(facts)])


def _measured(seen: Seen) -> ClassificationMeasured | None:
    judged = seen.review.judged
    return judged.measured if judged is not None and isinstance(judged.measured, ClassificationMeasured) else None


def _share(value: float, of: int) -> tuple[str, float]:
    return (f"{100 * value:.1f} %", value) if of else ("-", -1.0)
