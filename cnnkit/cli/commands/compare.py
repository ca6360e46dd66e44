"""`cnnkit compare`: runs side by side."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnnkit.cli.arguments.common import option, was_given
from cnnkit.cli.arguments.completion import run_names
from cnnkit.cli.arguments.page import language, opened
from cnnkit.cli.command import command
from cnnkit.cli.show.screen import Screen
from cnnkit.engine.records.events import EvaluateStep, Event

if TYPE_CHECKING:
    from cnnkit.engine.comparison.compare import Comparison


@command("compare", example="cnnkit compare runs/a runs/b", computes=True)
@click.argument("runs", metavar="RUN RUN...", nargs=-1, required=True, shell_complete=run_names)
@option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    metavar="FILE",
    default=Path("compare.html"),
    help="The page.",
)
@option("--terminal", is_flag=True, help="Print tables alone, and write no page.")
@language()
@opened()
@option("--exist-ok", is_flag=True, help="Overwrite FILE if it exists.")
@click.pass_context
def compare(
    ctx: click.Context,
    screen: Screen,
    runs: tuple[str, ...],
    output: Path,
    terminal: bool,
    language: str,
    open: bool,
    exist_ok: bool,
) -> None:
    """Put runs side by side, and test whether the best is better.

    A paired test over the test images says whether the difference is more than chance. Each run is judged anew, on
    images that none of them has learned from.
    """
    from cnnkit.engine.comparison.compare import compare as compared

    draws = not terminal and (not screen.as_json or was_given(ctx, "output"))
    if draws:
        from cnnkit.pages.page.write import check_page

        check_page(output, exist_ok=exist_ok, instead="Without them --terminal prints the tables.")
    found = _follow(screen, compared(runs))
    for note in found.notes:
        screen.note(note)
    if draws:
        from cnnkit.pages.compare.compare import write

        write(found, output, language)
    if screen.as_json:
        screen.json(found.to_json() | {"page": str(output) if draws else None})
    else:
        from cnnkit.cli.show.comparison import show

        show(screen, found)
    if draws:
        screen.note(f"\npage: {output}")
        if open:
            screen.open(output)


def _follow(screen: Screen, events: Generator[Event, None, Comparison]) -> Comparison:
    with screen.progress(" images") as progress:
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                found: Comparison = end.value
                return found
            if isinstance(event, EvaluateStep):
                progress.update("evaluating", event.done, event.total)
