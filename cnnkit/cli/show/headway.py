"""The bar of a long look at data: steps move it, what comes after them is the result."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from cnnkit.cli.show.screen import Screen
from cnnkit.data.headway import Step

Result = TypeVar("Result")


def follow(screen: Screen, events: Iterator[Step | Result]) -> Result:
    """Show the steps and return what follows them."""
    with screen.progress(" images") as progress:
        for event in events:
            if not isinstance(event, Step):
                return event
            progress.update(event.what, event.done, event.total)
    raise RuntimeError("the work ended without a result")
