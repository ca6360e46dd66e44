"""What a task gives, as people read it: results in training, an evaluation, predictions. The plain form, for any task.

A task whose results are more than a few numbers has a form of its own, in the row of `of`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from cnnkit.cli.show.screen import Screen
from cnnkit.engine.records.results import EvaluateResult, FitResult, Prediction

if TYPE_CHECKING:
    from cnnkit.engine.use.predictor import Predictor
    from cnnkit.tasks.metric import Metric
    from cnnkit.tasks.task import Task

Row = TypeVar("Row")
MOST_ROWS = 20  # classes in a table; more are for --json

# The module with `Shown` of each task that has its own.
_ROWS = {name: f"cnnkit.cli.show.{name}" for name in ("classification", "segmentation", "detection")}


class Shown:
    """The plain form."""

    def __init__(self, kind: type[Task[Any]]) -> None:
        self.kind = kind

    def trained(self, result: FitResult) -> list[tuple[str, object]]:
        """Facts on the test images, the first rows of a finished training."""
        rows: list[tuple[str, object]] = [
            (f"test {metric.label}", f"{metric.text(result.test[metric.name])}, {result.test_images:,} images")
            for metric in self.kind.metrics
        ]
        return [*rows, ("test loss", f"{result.test_loss:.4f}")]

    def added(self, result: FitResult) -> list[tuple[str, object]]:
        """More facts, below them."""
        return []

    def evaluated(self, screen: Screen, result: EvaluateResult) -> None:
        """A whole evaluation on stdout."""
        rows = [(metric.label, metric.text(getattr(result, metric.name))) for metric in self.measures]
        screen.facts([*rows, ("loss", f"{result.loss:.4f}"), ("images", f"{result.n:,}")])

    def next_look(self, result: EvaluateResult) -> list[str]:
        """Words of `cnnkit evaluate` that would show more of it."""
        return []

    def unmeasured(self, metric: Metric, classes: Sequence[str]) -> str | None:
        """Why a network of these classes has no value of this metric, for a sentence; None where it has one."""
        return None

    def missed(self, metric: Metric, result: EvaluateResult, wanted: float, option: str) -> str:
        """What a threshold wanted and what came."""
        side = "below" if metric.high else "above"
        return f"{metric.label} is {getattr(result, metric.name):.4f}, {side} {option}."

    def columns(self, classes: Sequence[str]) -> list[str]:
        """Of an answer, in a file of answers."""
        return [*self.kind.columns, *self.kind.written]

    def rows(self, answer: Prediction) -> list[Mapping[str, object]]:
        """An answer in that file, in one row or in several; what is in none of its columns is passed over."""
        return [answer.to_json()]

    def doubt(self, predictor: Predictor, answer: Prediction) -> str | None:
        """What an answer may suffer from, a sentence."""
        return None

    def cells(self, answer: Prediction, top: int) -> tuple[str, ...]:
        """An answer in a table on the screen.   top: how many classes to tell, where it has several."""
        return answer.path or "", *(_cell(getattr(answer, name)) for name in self.kind.columns)

    def predicted(self, screen: Screen, rows: Sequence[Sequence[str]]) -> None:
        """The table of these cells."""
        screen.table(["path", *self.kind.columns], rows)

    @property
    def measures(self) -> tuple[Metric, ...]:
        """Every metric that an evaluation has."""
        return (*self.kind.metrics, *self.kind.further)


def of(task: str) -> Shown:
    """The form of this task's results."""
    from cnnkit.tasks.registry import find

    form: type[Shown] = import_module(_ROWS[task]).Shown if task in _ROWS else Shown
    return form(find(task))


def tell(screen: Screen, facts: Iterable[tuple[str, str]]) -> None:
    """Facts of an evaluation, in prose."""
    told = list(facts)
    screen.facts(told, prose=[name for name, _ in told])


def worst_classes(screen: Screen, ranked: Sequence[Row], order: str) -> Sequence[Row]:
    """Those that a table has room for, under its headline.   ranked: the worst first.   order: the same in words."""
    cut = len(ranked) > MOST_ROWS
    which = f"The {MOST_ROWS} worst of {len(ranked):,} classes" if cut else f"Each class, {order}"
    screen.text(f"\n{which}{'; --json has them all' if cut else ''}:")
    return ranked[:MOST_ROWS]


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _cell(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
