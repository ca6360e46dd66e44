"""`cnnkit train --dry-run`: what would come, as people see it."""

from __future__ import annotations

from collections.abc import Iterator

from cnnkit.cli.show.screen import Screen
from cnnkit.engine.ahead.forecast import Forecast, Forecasted
from cnnkit.engine.records.events import Compiling, Event
from cnnkit.engine.records.options import INTERNAL
from cnnkit.engine.time.duration import duration

# Where a run lies, not what it is.
OUTWARD = ("output", "exist_ok", "tensorboard")


def show(screen: Screen, events: Iterator[Event]) -> None:
    """Follow the forecast, and print it."""
    with screen.progress() as progress:
        for event in events:
            if isinstance(event, Compiling):
                progress.update("loading kernels" if event.cached else "compiling kernels", event.done, event.total)
            elif isinstance(event, Forecasted):
                progress.clear()
                _print(screen, event.forecast)


def _print(screen: Screen, found: Forecast) -> None:
    if screen.as_json:
        screen.json(found.to_json())
        return
    H, W = found.image_size
    rows: list[tuple[str, object]] = [("data", found.found)]
    rows += [("note", text) for text in found.warnings]
    rows += [
        ("network", f"{found.model}, {found.parameters:,} parameters, images of {H}x{W}, {found.classes:,} classes"),
        ("length", _course(found)),
        ("memory", f"{_bytes(found.memory_bytes)} of {_bytes(found.memory_free_bytes)} free"),
        ("time", f"about {duration(found.total)} in all, {_epoch(found)}"),
        ("", f"{found.step:.3g} s a step, {found.validation:.3g} s a validation, {found.test:.3g} s the test"),
        ("would write", f"{found.folder}, about {_bytes(found.disk_bytes)}"),
    ]
    screen.facts(rows, prose=["data", "note", "network", "time"])
    screen.text("\noptions:")
    for name, value in found.options.items():
        if name not in (*OUTWARD, *INTERNAL):
            screen.text(f"  {name} = {value}")
    screen.note(
        f"\nNothing was written. Times are measured with a few steps on this machine.\nTo train:\n  {found.command}"
    )


def _course(found: Forecast) -> str:
    epochs = "1 epoch" if found.epochs == 1 else f"{found.epochs:,} epochs"
    return f"{found.steps:,} steps in {epochs} of {found.epoch_steps:,}"


def _epoch(found: Forecast) -> str:
    if found.trunk:
        return f"{duration(found.trunk)} of it for the features of the frozen trunk, computed once"
    epoch = f"{duration(found.epoch)} an epoch" if found.epoch >= 10 else f"{found.epoch:.2g} s an epoch"
    return f"{duration(found.search)} of it for a selective search, {epoch}" if found.search else epoch


def _bytes(count: int | None) -> str:
    return "an unknown amount" if count is None else f"{count / 1e6:,.0f} MB"
