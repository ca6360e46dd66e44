"""The page of a run while it trains: it loads itself again, and costs the training next to nothing.

The first page, without curves, is written when the run begins. After that a page is written only where all that pages
have cost so far, and what this one will, is within SHARE of the time since; so all of them together take a fiftieth of
a training at most, but for the time by which the last one was slower than the one before it. What is drawn hangs on
nothing that a training computes, and changes nothing in it.
"""

import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import final

from cnnkit.engine.records.events import EpochEnd, Event, Finished, Interrupted, RunStarted, StepEnd
from cnnkit.engine.review.review import glance
from cnnkit.engine.review.story import Story, story_of
from cnnkit.engine.run.folder import Run
from cnnkit.pages.page.blocks import Figure
from cnnkit.pages.report.report import write
from cnnkit.pages.report.section import Seen
from cnnkit.pages.report.training import figures_of
from cnnkit.pages.texts import read

# Of a training's time that pages may cost; seconds between two of them; what the first curves are taken to cost.
SHARE, BETWEEN, FIRST_CURVES = 0.02, 3.0, 1.0


def watched(
    events: Iterator[Event],
    warn: Callable[[str], None],
    language: str = "en",
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Event]:
    """The events as they come, with a page of the run beside them, however it ends.

    warn: told once where a page cannot be drawn; the training goes on without.
    """
    live = Live(warn, language, clock)
    try:
        for event in events:
            live.tell(event)
            yield event
    finally:
        if isinstance(events, Generator):
            events.close()
        live.end()


@final
class Live:
    """The page of one run, told event by event."""

    def __init__(self, warn: Callable[[str], None], language: str, clock: Callable[[], float]) -> None:
        self._warn, self._texts, self._clock = warn, read(language), clock
        self._story = Story()
        self._run: Run | None = None
        self._shown = self._failed = False
        self._curves: list[Figure] = []
        self._costs = {False: 0.0, True: FIRST_CURVES}
        self._began = self._written = self._spent = 0.0

    def tell(self, event: Event) -> None:
        """One more event; a page, where it is time for one."""
        if self._failed:
            return
        if isinstance(event, RunStarted):
            self._guarded(lambda: self._begin(event))
            return
        self._story.tell(event)
        if not self._shown:
            return
        if isinstance(event, Finished | Interrupted):
            # The whole page follows a training that is finished, and draws its curves.
            curves = not isinstance(event, Finished)
            self._guarded(lambda: self._write(curves=curves, running=False))
        elif isinstance(event, EpochEnd) and not self._due(curves=True):
            if self._due(curves=False):
                self._guarded(lambda: self._write(curves=False))
        elif isinstance(event, EpochEnd | StepEnd) and self._due(curves=True):
            self._guarded(lambda: self._write(curves=True))

    def end(self) -> None:
        """Whatever ended the training: a page that goes on to load itself again would not tell the truth."""
        if self._shown and not self._failed and self._run is not None and self._run.config.exists():
            self._guarded(lambda: self._write(curves=True, running=False))

    def _begin(self, event: RunStarted) -> None:
        run = self._run = Run(Path(event.run))
        self._story = story_of(run)
        self._story.tell(event)
        self._began = self._written = self._clock()
        self._write(curves=False)

    def _due(self, *, curves: bool) -> bool:
        now = self._clock()
        within = self._spent + self._costs[curves] <= SHARE * (now - self._began)
        return within and now - self._written >= BETWEEN

    def _write(self, *, curves: bool, running: bool = True) -> None:
        assert self._run is not None
        began = self._clock()
        seen = glance(self._run, self._story, running=running)
        if curves:
            self._curves = figures_of(Seen(seen, self._texts))
        write(Seen(seen, self._texts, curves=self._curves), live=running, save=False)
        self._written = self._clock()
        self._costs[curves] = self._written - began
        self._spent += self._costs[curves]
        self._shown = running

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            self._failed = True
            self._warn(f"The page of the run cannot be written, and the training goes on without it: {error}")
