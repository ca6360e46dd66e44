"""Runs beside each other as people read of them: what each reached, whether that is chance, and in what they differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cnnkit.cli.show.screen import Screen
from cnnkit.engine.time.duration import duration

if TYPE_CHECKING:
    from cnnkit.engine.comparison.compare import AgainstBest, Comparison

# Why there is no test; {detail} says where.
LACKS = {
    "running": "it still trains ({detail}). Wait for its end",
    "no-weights": "it has no weights yet ({detail})",
    "in-python": "its network or data came from Python, and no command has them ({detail})",
    "no-parts": "it does not say which images it was trained on ({detail})",
    "refused": "{detail}",
    "no-images": "no image is in the test part of every run and was learned from by none",
    "no-contest": "the task does not know how to compare answers",
}


def show(screen: Screen, found: Comparison) -> None:
    """All of it, within 80 columns."""
    _runs(screen, found)
    if found.tests:
        _tests(screen, found)
    elif found.lack is not None:
        why = LACKS.get(found.lack.why, "{detail}").format(detail=found.lack.detail)
        screen.text(f"\nNo test of the difference: {why.rstrip('.')}.")
    _differences(screen, found)


def _runs(screen: Screen, found: Comparison) -> None:
    metrics = found.task.metrics
    columns = ["", "network", *(metric.label for metric in metrics), "epochs", "time", "parameters", "MB"]
    rows = []
    for side in found.sides:
        facts = side.facts()
        reached = [
            metric.text(facts["test"][metric.name]) if metric.name in facts["test"] else "-" for metric in metrics
        ]
        time = duration(facts["seconds"]) if facts["seconds"] else "-"
        size = f"{facts['weight_bytes'] / 1e6:.2f}" if facts["weight_bytes"] else "-"
        parameters = f"{facts['parameters']:,}" if facts["parameters"] else "-"
        rows.append([side.letter, _short(facts["model"]), *reached, facts["epochs"], time, parameters, size])
    screen.facts([(side.letter, side.run.path) for side in found.sides])
    screen.text()
    screen.table(columns, rows, optional=("MB", "parameters", "time"))


def _tests(screen: Screen, found: Comparison) -> None:
    shared, metric = found.shared, found.task.metrics[0]
    assert shared is not None
    screen.text()
    screen.text(_images(found))
    rows = [
        [
            f"{found.sides[test.best].letter} - {found.sides[test.other].letter}",
            _points(metric, test.paired.first - test.paired.second),
            f"{_points(metric, test.paired.low)} to {_points(metric, test.paired.high)}",
            f"{test.p_value:.2g}" if test.p_value >= 0.0001 else "< 0.0001",
            "yes" if test.beyond_chance else "no",
        ]
        for test in found.tests
    ]
    screen.table([metric.label, "difference", "95 % interval", "p", "more than chance"], rows)
    screen.text(_how(found.tests))


def _images(found: Comparison) -> str:
    shared = found.shared
    assert shared is not None
    said = f"Compared on {len(shared):,} test images that all runs have and none has learned from."
    if shared.learned:
        said += f" Left out, because a run was trained on them or chose its weights by them: {shared.learned:,}."
    for side, alone in zip(found.sides, shared.alone, strict=True):
        if alone:
            said += f" Only in the test part of {side.letter}, or of some: {alone:,}."
    if found.reordered:
        said += " The classes stand in another order, and are matched by name."
    return said


def _how(tests: Sequence[AgainstBest]) -> str:
    paired = tests[0].paired
    if paired.test == "mcnemar":
        counts = "; ".join(
            f"{test.paired.only_first:,} and {test.paired.only_second:,} images that only one of the two gets right"
            for test in tests[:1]
        )
        said = f"McNemar's exact test: {counts}." if len(tests) == 1 else "McNemar's exact test."
    elif paired.exact:
        said = f"Permutation test over all exchanges; interval from {paired.resamples:,} bootstrap samples."
    else:
        said = f"Permutation test with {paired.resamples:,} exchanges, and as many bootstrap samples for the interval."
    return said + (" Holm's correction for several tests." if len(tests) > 1 else "")


def _differences(screen: Screen, found: Comparison) -> None:
    screen.text()
    if not found.differences:
        screen.text("Options, data and machine are the same.")
        return
    letters = [side.letter for side in found.sides]

    def cell(value: str | None) -> str:
        return "-" if value is None else _short(value, max(12, 56 // len(letters)))

    if len(letters) <= 3:
        screen.table(["differs", *letters], [[one.name, *map(cell, one.values)] for one in found.differences])
        return
    rows: list[tuple[str, object]] = [
        (one.name, ", ".join(f"{letter} {cell(value)}" for letter, value in zip(letters, one.values, strict=True)))
        for one in found.differences
    ]
    screen.facts(rows, prose=[one.name for one in found.differences])


def _points(metric: Any, value: float) -> str:
    """A difference of shares in percentage points, with its sign."""
    return f"{100 * value:+.2f}" if metric.share else f"{value:+.4g}"


def _short(text: object, most: int = 18) -> str:
    shown = str(text or "-")
    return shown if len(shown) <= most else shown[: most - 1] + "…"
