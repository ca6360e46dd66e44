"""What the page of a comparison shows, section by section."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, final

from cnnkit.engine.comparison.compare import AgainstBest, Comparison
from cnnkit.engine.time.duration import duration
from cnnkit.pages.draw.curves import Line, curves
from cnnkit.pages.draw.intervals import Interval, intervals
from cnnkit.pages.page.blocks import Block, Facts, Figure, Fold, Group, Table, Verbatim, Words
from cnnkit.pages.texts import Texts

MOST_DIFFERENCES, MOST_LETTERS, MOST_NOTES = 500, 300, 100


@final
@dataclass(frozen=True)
class Compared:
    """What sections draw.   found: the facts.   texts: the sentences of the page's language."""

    found: Comparison
    texts: Texts

    def words(self, key: str, **places: object) -> str:
        return self.texts(f"compare.{key}", **places)

    @property
    def letters(self) -> list[str]:
        return [side.letter for side in self.found.sides]


def headline(seen: Compared) -> Iterator[Block]:
    """Who is best, and each run in a row."""
    found, words = seen.found, seen.words
    yield from (Words(_verdict(seen, test)) for test in found.tests)
    if found.lack is not None:
        why = seen.texts(f"compare.lack.{found.lack.why}", detail=found.lack.detail)
        yield Words(f"{words('headline.no_test')} {why}")
    yield Facts([(side.letter, str(side.run.path)) for side in found.sides])
    metrics = found.task.metrics
    columns = ["", words("headline.network"), words("headline.data")]
    columns += [words("headline.test", metric=metric.label) for metric in metrics]
    columns += [words("headline.val", metric=metric.label) for metric in metrics]
    numbers = ["epochs", "time", "speed", "parameters", "size"]
    columns += [words(f"headline.{name}") for name in numbers]
    rows = [_row(seen, side.facts()) for side in found.sides]
    yield Table(words("headline.title"), columns, rows, columns[3:], sortable=True)


def _row(seen: Compared, facts: dict[str, Any]) -> list[str | tuple[str, float]]:
    row: list[str | tuple[str, float]] = [facts["letter"]]
    row += [str(facts[name] or "-")[:MOST_LETTERS] for name in ("model", "data")]
    for part in ("test", "val"):
        for metric in seen.found.task.metrics:
            value = facts[part].get(metric.name)
            row.append(("-", -1.0) if value is None else (metric.text(value), value))
    row.append((f"{facts['epochs']:,}", facts["epochs"]))
    row.append(_number(facts["seconds"], duration))
    row.append(_number(facts["images_per_second"], lambda value: f"{value:,.0f}"))
    row.append(_number(facts["parameters"], lambda value: f"{value:,}"))
    row.append(_number(facts["weight_bytes"], lambda value: f"{value / 1e6:.2f} MB"))
    return row


def _number(value: Any, shown: Callable[[Any], str]) -> tuple[str, float]:
    return ("-", -1.0) if not isinstance(value, int | float) else (shown(value), float(value))


def _verdict(seen: Compared, test: AgainstBest) -> str:
    metric = seen.found.task.metrics[0]
    paired = test.paired
    key = "equal" if paired.first == paired.second else "beyond" if test.beyond_chance else "chance"
    return seen.words(
        f"headline.{key}",
        best=seen.letters[test.best],
        other=seen.letters[test.other],
        metric=metric.label,
        first=metric.text(paired.first),
        second=metric.text(paired.second),
        p=_p(test.p_value),
    )


def tests(seen: Compared) -> Iterator[Block]:
    """The paired tests."""
    found, words = seen.found, seen.words
    shared = found.shared
    if not found.tests or shared is None:
        return
    metric = found.task.metrics[0]
    yield Words(words("tests.images", images=f"{len(shared):,}"))
    if shared.learned:
        yield Words(words("tests.learned", images=f"{shared.learned:,}"))
    for letter, alone in zip(seen.letters, shared.alone, strict=True):
        if alone:
            yield Words(words("tests.alone", images=f"{alone:,}", letter=letter))
    if found.reordered:
        yield Words(words("tests.reordered"))
    first = found.tests[0].paired
    key = "mcnemar" if first.test == "mcnemar" else "all_exchanges" if first.exact else "exchanges"
    yield Words(words(f"tests.{key}", resamples=f"{first.resamples:,}"), quiet=True)
    if len(found.tests) > 1:
        yield Words(words("tests.holm", best=seen.letters[found.tests[0].best]), quiet=True)
    yield Words(words("tests.meaning"), quiet=True)
    names = [_pair(seen, test) for test in found.tests]
    rows = [Interval(name, *_points(metric, test)) for name, test in zip(names, found.tests, strict=True)]
    axis = words("tests.points", metric=metric.label)
    yield Figure("differences", intervals(rows, axis), words("tests.figure"), words("tests.figure"))
    yield _test_table(seen, names)


def _test_table(seen: Compared, names: list[str]) -> Table:
    found, words = seen.found, seen.words
    metric, counted = found.task.metrics[0], found.tests[0].paired.only_first is not None
    columns = [words(f"tests.{name}") for name in ("pair", "better", "worse", "difference", "interval", "p", "beyond")]
    columns += [words("tests.only_first"), words("tests.only_second")] if counted else []
    rows = []
    for name, test in zip(names, found.tests, strict=True):
        paired = test.paired
        difference, low, high = _points(metric, test)
        row = [name, metric.text(paired.first), metric.text(paired.second), f"{difference:+.2f}"]
        row += [f"{low:+.2f} – {high:+.2f}", _p(test.p_value), words("tests.yes" if test.beyond_chance else "tests.no")]
        row += [f"{paired.only_first:,}", f"{paired.only_second:,}"] if counted else []
        rows.append(row)
    return Table(words("tests.title"), columns, rows, [*columns[1:6], *columns[7:]])


def _pair(seen: Compared, test: AgainstBest) -> str:
    # Of one piece, which no line breaks.
    return f"{seen.letters[test.best]}\u00a0−\u00a0{seen.letters[test.other]}"


def _points(metric: Any, test: AgainstBest) -> tuple[float, float, float]:
    """The difference and its interval: in points of a hundred, if the metric is a share."""
    paired, scale = test.paired, 100.0 if metric.share else 1.0
    return scale * (paired.first - paired.second), scale * paired.low, scale * paired.high


def course(seen: Compared) -> Iterator[Block]:
    """The curves of all runs, of each column in one picture."""
    found, words = seen.found, seen.words
    columns = [
        ("train_loss", words("course.train_loss"), False, True),
        ("val_loss", words("course.val_loss"), False, True),
    ]
    columns += [(f"val_{m.name}", words("course.val", metric=m.label), m.share, False) for m in found.task.metrics]
    figures = []
    for column, label, share, log in columns:
        told = [(side.letter, side.review.story.curve(column)) for side in found.sides]
        if lines := [Line(letter, points) for letter, points in told if points]:
            drawn = curves(lines, x=words("course.epoch"), y="%" if share else "", log=log, share=share)
            figures.append(Figure(column, drawn, label, label))
    if figures:
        yield Group(figures)


def differences(seen: Compared) -> Iterator[Block]:
    """In what the runs differ."""
    words, found = seen.words, seen.found.differences
    if not found:
        yield Words(words("differences.none"))
        return
    rows = [
        [words(f"differences.{one.kind}"), one.name, *("-" if value is None else value for value in one.values)]
        for one in found[:MOST_DIFFERENCES]
    ]
    columns = [words("differences.kind"), words("differences.name"), *seen.letters]
    yield Table(words("differences.title"), columns, rows)


def repeat(seen: Compared) -> Iterator[Block]:
    """The command of each run, and what was said of its images."""
    words, found = seen.words, seen.found
    for side in found.sides:
        if side.review.papers.command:
            yield Words(words("repeat.run", letter=side.letter))
            yield Verbatim(side.review.papers.command, command=True)
    if found.notes:
        yield Fold(words("repeat.notes"), [Words(note[:1000]) for note in found.notes[:MOST_NOTES]])


def _p(value: float) -> str:
    return f"{value:.2g}" if value >= 0.0001 else "< 0.0001"


SECTIONS: tuple[tuple[str, Callable[[Compared], Iterator[Block]]], ...] = (
    ("headline", headline),
    ("tests", tests),
    ("course", course),
    ("differences", differences),
    ("repeat", repeat),
)
