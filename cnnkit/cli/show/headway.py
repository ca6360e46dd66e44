"""The bar of a long look at data: headway moves it, what comes after is the result."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from cnnkit.cli.show.screen import Screen
from cnnkit.data.headway import Headway

Result = TypeVar("Result")


def follow(screen: Screen, events: Iterator[Headway | Result]) -> Result:
    """Show the headway and return what follows them."""
    with screen.progress(" images") as progress:
        for event in events:
            if not isinstance(event, Headway):
                return event
            progress.update(event.what, event.done, event.total)
    raise RuntimeError("the work ended without a result")
