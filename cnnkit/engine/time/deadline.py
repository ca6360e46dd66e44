"""A time that is too short is refused as soon as that can be foreseen, and not when it is over."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from typing import final

from cnnkit.engine.records.events import Compiling, Event, PhaseStep, TrunkStep
from cnnkit.errors import UsageError

# Preparations are watched so long before they are judged by their pace.
WATCHED = 1.0
# What is left of them, by the pace so far, and the share of it that is sure: some kernels take longer than others,
# the pictures of a data set take equally long.
_WORK: dict[type[Event], tuple[str, float]] = {
    Compiling: ("compiling kernels", 0.5),
    PhaseStep: ("looking for proposals", 0.9),
    TrunkStep: ("computing the features of the frozen trunk", 0.9),
}
# Room between what is known to be needed and what is recommended.
ROOM = 1.2


@final
class Deadline:
    """What is left of `seconds` for a whole run, while it is prepared; None is no limit.

    gone: tells the seconds that have passed.
    """

    def __init__(self, seconds: float | None, gone: Callable[[], float]) -> None:
        self.seconds, self._gone = seconds, gone

    def kept(self, events: Iterable[Event]) -> Iterator[Event]:
        """The events of preparations as they come; UsageError once it is foreseen that these take too long."""
        if self.seconds is None:
            yield from events
            return
        self._check("opening the data", 0.0, 0.0)
        kind, since, before = None, self._gone(), self._gone()
        for event in events:
            yield event
            if type(event) is not kind:
                kind, since = type(event), before
            before = self._gone()
            if isinstance(event, Compiling | PhaseStep | TrunkStep):
                what, sure = _WORK[type(event)]
                took = before - since
                rest = took / max(1, event.done) * (event.total - event.done) if took >= WATCHED else 0.0
                self._check(what, rest, sure)

    def _check(self, what: str, rest: float, sure: float) -> None:
        seconds, gone = float(self.seconds or 0.0), self._gone()
        if gone + sure * rest < seconds:
            return
        more = f" and {what} takes about {rest:.0f} s more" if rest else f", the last of them for {what}"
        kept = " Compiled kernels are kept, so the next try needs less." if what == _WORK[Compiling][0] else ""
        raise UsageError(
            f"--time is {seconds:,.0f} s, too short for one step: {gone:.1f} s have passed{more}. "
            f"--time {math.ceil(ROOM * (gone + rest))}s is the least, plus the time of the training itself.{kept}"
        )


def since(begun: float) -> Callable[[], float]:
    """The seconds from then on, by `time.perf_counter`."""
    return lambda: time.perf_counter() - begun
