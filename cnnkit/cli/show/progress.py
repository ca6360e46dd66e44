"""Progress on stderr: a moving bar where a person watches a terminal, else one plain line every few seconds."""

from __future__ import annotations

import time
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

from cnnkit.cli.show.terminal import console, terminal, wrapped
from cnnkit.serialize.harmless import harmless

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

SECONDS_BETWEEN_LINES = 5.0
NARROW = 72


class Progress:
    """A context with one bar. `update` moves it, `line` leaves something above it for good."""

    def __init__(self, stream: IO[str], *, silent: bool = False, unit: str = "") -> None:
        able = terminal(stream)
        self.stream, self.silent, self.unit, self.width = stream, silent, unit, able.width
        self.live = able.live and not silent
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None
        self._last_line = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def update(
        self,
        head: str,
        done: int,
        total: int,
        figures: str = "",
        short: str = "",
        live: str = "",
        unit: str | None = None,
    ) -> None:
        """`head` says what is going on, `figures` how well; `short` stands for them where the terminal is narrow.

        live: what a bar alone would not tell, and a line tells by its numbers.   unit: of what is counted, if another.
        """
        if self.silent:
            return
        if self.live:
            numbers = "" if live or not total else f" {done:,}/{total:,}"
            self._moving(head + numbers, done, total, live or (figures if self.width >= NARROW else short))
        elif time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES:
            of = self.unit if unit is None else unit
            amount = f" {done:,}/{total:,}{of}" if total else f" {done:,}{of}"
            self.line("  ".join(part for part in (head + amount, figures) if part))

    def line(self, text: str) -> None:
        """Leave a line for good."""
        if self.silent:
            return
        self._last_line = time.monotonic()
        text = wrapped(harmless(text), self.stream)
        if self._bar is not None:
            self._bar.console.print(text, soft_wrap=True)
        else:
            print(text, file=self.stream, flush=True)

    def clear(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _moving(self, head: str, done: int, total: int, figures: str) -> None:
        if self._bar is None:
            self._bar = self._start()
            self._task = self._bar.add_task(head, total=total or None, figures=figures)
        assert self._task is not None
        self._bar.update(self._task, description=head, completed=done, total=total or None, figures=figures)

    def _start(self) -> RichProgress:
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as RichProgress

        columns: list[Any] = [
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[figures]}", markup=False),
        ]
        bar = RichProgress(*columns, console=console(self.stream), transient=True, expand=True)
        bar.start()
        return bar
