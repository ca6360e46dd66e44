"""A classifier as people read of it; of an evaluation the facts, the worst classes, and what is confused."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cnnkit.cli.show import answers
from cnnkit.cli.show.answers import MOST_ROWS, percent, tell, worst_classes
from cnnkit.cli.show.screen import Screen
from cnnkit.cli.show.terminal import terminal
from cnnkit.engine.records.results import EvaluateResult, FitResult, Prediction

if TYPE_CHECKING:
    from cnnkit.tasks.metric import Metric

MOST_MISTAKES = 8
FEW, CHANCE = 100, 0.15  # of fewer images a larger gap between score and accuracy may be chance, or not
UNEVEN = 1.5  # times as many images in the largest class as in the smallest


class Shown(answers.Shown):
    """The form of a classifier's results."""

    def trained(self, result: FitResult) -> list[tuple[str, object]]:
        accuracy = f"{100 * result.top1:.2f} % of {result.test_images:,} images"
        return [("test accuracy", accuracy), ("test loss", f"{result.test_loss:.4f}")]

    def added(self, result: FitResult) -> list[tuple[str, object]]:
        if result.more.get("worst_f1") in (None, 1):
            return []
        images = f"{result.worst_images:,} image{'s' * (result.worst_images != 1)}"
        worst = f"{100 * result.worst_f1:.1f} % for {result.worst_class} ({images})"
        return [("macro F1", f"{100 * result.macro_f1:.2f} %; lowest F1: {worst}")]

    def evaluated(self, screen: Screen, result: EvaluateResult) -> None:
        tell(screen, _facts(result))
        _classes(screen, result)
        whole = _fits(result)
        if result.mistakes and (len(result.classes) > 2 or not whole):
            _mistakes(screen, result)
        if whole:
            _confusion(screen, result)
        if result.top_losses:
            _top_losses(screen, result)

    def next_look(self, result: EvaluateResult) -> list[str]:
        return ["--top-losses", "12", "--sheet", "mistakes.png"] if not result.top_losses and result.top1 < 1 else []

    def missed(self, metric: Metric, result: EvaluateResult, wanted: float, option: str) -> str:
        if metric.name != "top1":
            return super().missed(metric, result, wanted, option)
        right, needed = round(result.top1 * result.n), math.ceil(wanted * result.n - 1e-9)
        return (
            f"top-1 is {result.top1:.4f} ({right:,} of {result.n:,} images), below {option}, "
            f"which needs {needed:,} right: {needed - right:,} more."
        )

    def cells(self, answer: Prediction, top: int) -> tuple[str, ...]:
        others = ", ".join(f"{name} {100 * score:.1f} %" for name, score in answer.top[1:] if score >= 0.0005)
        return answer.path or "", answer.label, f"{100 * answer.score:.1f} %", others

    def predicted(self, screen: Screen, rows: Sequence[Sequence[str]]) -> None:
        screen.table(["path", "label", "score", "next best"], rows, optional=["next best"])


def _facts(result: EvaluateResult) -> Iterator[tuple[str, str]]:
    between = f"{100 * result.top1_low:.1f} to {percent(result.top1_high)}"
    yield "top-1", f"{100 * result.top1:.2f} % of {result.n:,} images (95 % confidence: {between})"
    if len(result.classes) > 5:
        yield "top-5", f"{100 * result.top5:.2f} %"
    yield "loss", f"{result.loss:.4f}"
    yield "macro F1", f"{100 * result.macro_f1:.2f} %"
    sizes = [row.support for row in result.per_class]
    if max(sizes) >= UNEVEN * max(1, min(sizes)):
        uneven = f"classes have {min(sizes):,} to {max(sizes):,} images"
        yield "balanced accuracy", f"{100 * result.balanced_accuracy:.2f} %; {uneven}"
    yield "mean score", f"{percent(result.mean_score)}: {_sureness(result)}"
    yield "calibration error", f"{percent(result.calibration_error)}, the mean gap between score and accuracy"


def _sureness(result: EvaluateResult) -> str:
    """A mean score that the accuracy may well have, given so many images, is no fault."""
    if result.top1_low <= result.mean_score <= result.top1_high:
        if result.calibration_error > CHANCE and result.n < FEW:
            return f"too few images to judge it (fewer than {FEW})"
        return "well calibrated"
    word = "overconfident" if result.mean_score > result.top1 else "underconfident"
    return f"{word} by {percent(abs(result.mean_score - result.top1))}"


def _classes(screen: Screen, result: EvaluateResult) -> None:
    judged = [row for row in result.per_class if row.support or row.called]
    ranked = sorted(judged, key=lambda row: row.f1)
    rows = [
        (
            row.label,
            percent(row.precision) if row.called else "-",
            percent(row.recall) if row.support else "-",
            percent(row.f1),
            f"{row.support:,}",
        )
        for row in worst_classes(screen, ranked, "the worst F1 first")
    ]
    screen.table(["class", "precision", "recall", "F1", "images"], rows, optional=["precision", "recall"])
    if unseen := len(result.per_class) - len(judged):
        screen.text(f"{unseen:,} further class{'es have' if unseen > 1 else ' has'} no images here.")


def _mistakes(screen: Screen, result: EvaluateResult) -> None:
    support = {row.label: row.support for row in result.per_class}
    screen.text("\nThe most frequent mistakes:")
    rows = [
        (row.truth, row.answer, f"{row.images:,}", percent(row.images / max(1, support[row.truth])))
        for row in result.mistakes[:MOST_MISTAKES]
    ]
    screen.table(["true class", "predicted", "images", "of the class"], rows, optional=["of the class"])


def _fits(result: EvaluateResult) -> bool:
    """Whether the table of all mistakes can be read: few classes, and no wider than the terminal."""
    if result.confusion is None or len(result.classes) > MOST_ROWS:
        return False
    widths = (max(len(name), *(len(f"{row[k]}") for row in result.confusion)) for k, name in enumerate(result.classes))
    return max(map(len, result.classes)) + sum(width + 2 for width in widths) <= terminal(sys.stdout).width


def _confusion(screen: Screen, result: EvaluateResult) -> None:
    screen.text("\nConfusion matrix (rows: true class, columns: predicted class):")
    counts = zip(result.classes, result.confusion or (), strict=True)
    screen.table(["", *result.classes], [(name, *row) for name, row in counts])


def _top_losses(screen: Screen, result: EvaluateResult) -> None:
    screen.text(f"\nThe images of the {result.split} part with the highest loss:")
    rows = [
        (k, row.path or f"number {row.index}", row.truth, row.answer, percent(row.score), f"{row.loss:.2f}")
        for k, row in enumerate(result.top_losses, 1)
    ]
    screen.table(["", "image", "true class", "predicted", "score", "loss"], rows, optional=["", "loss"])
    if result.sheet:
        screen.text(f"They are drawn in {result.sheet}.")
