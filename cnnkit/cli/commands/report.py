"""`cnnkit report`: the page of a run; and what `cnnkit train` writes of it while it trains and at the end."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnnkit.cli.arguments.completion import run_names
from cnnkit.cli.arguments.page import language, opened
from cnnkit.cli.command import command
from cnnkit.cli.show.screen import Screen
from cnnkit.errors import CheckpointError

if TYPE_CHECKING:
    from cnnkit.data.headway import Headway
    from cnnkit.engine.records.events import Event
    from cnnkit.engine.records.results import FitResult

# At the end of a training its data are checked for so many seconds, or for this share of its time, if that is longer.
CHECK_SECONDS, CHECK_SHARE = 10.0, 0.1


@command("report", example="cnnkit report runs/mine --open", computes=True)
@click.argument("source", metavar="[RUN]", required=False, shell_complete=run_names)
@opened()
@language()
def report(screen: Screen, source: str | None, open: bool, language: str) -> None:
    """Write a page about a run.

    The page is RUN/report.html, and its pictures are in RUN/plots too. It shows the curves, what is confused and how
    well each class is known, the most wrong answers, training images as they were shown, filters, the time of each
    layer, the check of the data, and all that is needed to repeat the run. The test images are judged for it. By
    default RUN is the newest run.
    """
    from cnnkit.engine.run.find import newest_run
    from cnnkit.engine.run.folder import Run
    from cnnkit.pages import extra

    extra.need()
    from cnnkit.pages.report import report as writing

    run = newest_run() if source is None else Path(source)
    if run is None:
        raise CheckpointError("There is no run under runs/. Train one first: cnnkit train")
    page = _follow(screen, writing.report(run, language=language))
    pictures = Run(page.parent).pictures
    if screen.as_json:
        screen.json({"run": str(page.parent), "page": str(page), "pictures": [str(path) for path in pictures]})
    else:
        screen.facts([("page", page), ("pictures", f"{len(pictures)} in {Run(page.parent).plots}")])
    if open:
        screen.open(page)


@dataclass(frozen=True)
class Pages:
    """The page beside a training.   wanted: it is to be written.   asked: in so many words, so that it must be."""

    screen: Screen
    language: str
    wanted: bool
    asked: bool

    def __post_init__(self) -> None:
        if self.asked:
            from cnnkit.pages import extra

            extra.need()

    @property
    def written(self) -> bool:
        """Whether there will be one: without the packages nothing is said, for nobody asked."""
        if not self.wanted:
            return False
        from cnnkit.pages import extra

        return extra.there()

    def beside(self, events: Iterator[Event]) -> Iterator[Event]:
        """The events of the training, with the page that is written while they come."""
        if not self.written:
            return events
        from cnnkit.pages.report.live import watched

        return watched(events, self.screen.complain, self.language)

    def finish(self, result: FitResult) -> None:
        """The whole page, once the training is over. No fault in it is one of the training."""
        if not self.written:
            return
        from cnnkit.pages.report import report as writing

        seconds = max(CHECK_SECONDS, CHECK_SHARE * result.seconds)
        try:
            page = _follow(self.screen, writing.report(result.run, language=self.language, check_seconds=seconds))
        except Exception as error:
            self.screen.complain(f"The page of the run was not written: {error}")
            self.screen.complain(f"To try it again: cnnkit report {shlex.quote(result.run)}")
            return
        self.screen.note(f"\nA page about the run: {page}")


def _follow(screen: Screen, events: Generator[Event | Headway, None, Path]) -> Path:
    from cnnkit.data.headway import Headway
    from cnnkit.engine.records.events import EvaluateStep

    with screen.progress(" images") as progress:
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                page: Path = end.value
                return page
            if isinstance(event, EvaluateStep):
                progress.update("page: test image", event.done, event.total)
            elif isinstance(event, Headway):
                progress.update(f"page: {event.what}", event.done, event.total)
