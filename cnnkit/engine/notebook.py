"""A line of progress for Python: in a notebook it is drawn in place, elsewhere it goes to stderr."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from cnnkit.engine.records.events import (
    Compiling,
    EpochEnd,
    EvaluateFinished,
    EvaluateStep,
    Event,
    Finished,
    Note,
    PhaseStep,
    RunStarted,
    StepEnd,
    TrunkStep,
)
from cnnkit.tasks.columns import Values
from cnnkit.tasks.registry import DEFAULT, find

# Seconds between two drawings, and lines above the bar that stay.
EACH, KEPT = 0.2, 20
WIDTH = 20


@contextmanager
def shown(progress: bool | None) -> Iterator[Callable[[Event], None]]:
    """What to call with each event. progress: whether to show anything; None: in a notebook."""
    if not (in_notebook() if progress is None else progress):
        yield lambda event: None
        return
    display = _Notebook() if in_notebook() else _Terminal()
    try:
        yield _Progress(display).tell
    finally:
        display.end()


def in_notebook() -> bool:
    """Whether this is Jupyter or the like, where what is displayed can be changed later."""
    ipython = sys.modules.get("IPython")
    shell: Any = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


class _Notebook:
    """All lines in one output that is drawn again."""

    def __init__(self) -> None:
        self._handle: Any = None

    def draw(self, lines: list[str], bar: str) -> None:
        from IPython.display import display

        text = {"text/plain": "\n".join([*lines[-KEPT:], bar]).rstrip()}
        if self._handle is None:
            self._handle = display(text, raw=True, display_id=True)
        else:
            self._handle.update(text, raw=True)

    def end(self) -> None:
        """Nothing is left to do."""


class _Terminal:
    """Lines below each other, and the bar in the last one."""

    def __init__(self) -> None:
        self._lines, self._width = 0, 0

    def draw(self, lines: list[str], bar: str) -> None:
        for line in lines[self._lines :]:
            print("\r" + line.ljust(self._width), file=sys.stderr)
            self._width = 0
        self._lines = len(lines)
        if bar or self._width:
            print("\r" + bar.ljust(self._width), end="", file=sys.stderr, flush=True)
        self._width = len(bar)

    def end(self) -> None:
        if self._width:
            print(file=sys.stderr)


class _Progress:
    """Turns events into lines and a bar."""

    def __init__(self, display: "_Notebook | _Terminal") -> None:
        self._display, self._lines, self._bar, self._drawn = display, list[str](), "", 0.0
        self._task = DEFAULT

    def tell(self, event: Event) -> None:
        before = len(self._lines)
        if isinstance(event, RunStarted):
            self._task = event.task
        self._lines += lines_of(event, self._task)
        self._bar = bar_of(event, self._bar)
        now = time.monotonic()
        if len(self._lines) > before or now - self._drawn >= EACH:
            self._display.draw(self._lines, self._bar)
            self._drawn = now


def lines_of(event: Event, task: str) -> list[str]:
    """What stays on the screen.   task: of the training."""
    if isinstance(event, RunStarted):
        return [f"{event.found}.", f"{event.model}: {event.parameters:,} parameters. Run: {event.run}", *event.notes]
    if isinstance(event, Note):
        return [event.text]
    if isinstance(event, EpochEnd):
        best = ", the best so far" if event.best else ""
        return [
            f"epoch {event.epoch}/{event.epochs}: train loss {event.train_loss:.4f}, validation loss "
            f"{event.val_loss:.4f}, {_told(task, event.val)}{best}"
        ]
    if isinstance(event, Finished):
        return [find(event.result.task).told(event.result.test, f"{event.result.test_images:,} test images")]
    if isinstance(event, EvaluateFinished):
        measured = event.result.measured
        return [find(event.result.task).told(measured.values, f"{measured.n:,} images")]
    return []


def _told(task: str, values: Values) -> str:
    return ", ".join(f"{metric.label} {metric.text(values[metric.name])}" for metric in find(task).metrics)


def bar_of(event: Event, before: str) -> str:
    """The last line."""
    if isinstance(event, StepEnd):
        left = timedelta(seconds=round(event.seconds_left))
        return f"{_bar(event.step, event.steps)} epoch {event.epoch}, loss {event.loss:.4f}, {left} left"
    if isinstance(event, Compiling):
        return f"{_bar(event.done, event.total)} kernels are {'loaded' if event.cached else 'compiled'}"
    if isinstance(event, TrunkStep):
        return f"{_bar(event.done, event.total)} pictures went through the frozen trunk"
    if isinstance(event, PhaseStep):
        return f"{_bar(event.done, event.total)} {event.phase}"
    if isinstance(event, EvaluateStep):
        return f"{_bar(event.done, event.total)} images are judged"
    return "" if isinstance(event, Finished | EvaluateFinished) else before


def _bar(done: int, total: int) -> str:
    full = WIDTH * done // max(1, total)
    return f"[{'#' * full}{'.' * (WIDTH - full)}] {done:,}/{total:,}"
