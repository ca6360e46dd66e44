"""What a command shows: one result on stdout, for people or as JSON; notes and progress on stderr."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnkit.cli.show.progress import Progress
from cnnkit.cli.show.terminal import UNBOUNDED, console, filled, terminal, wrapped
from cnnkit.serialize.harmless import harmless

if TYPE_CHECKING:
    from rich.table import Table

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Screen:
    """The two streams as one command sees them."""

    as_json: bool = False
    quiet: bool = False

    def note(self, text: str) -> None:
        """Something good to know, on stderr."""
        if not self.quiet:
            self.complain(text)

    def complain(self, text: str) -> None:
        """Something wrong that does not end the command, on stderr, also when quiet."""
        print(wrapped(harmless(text), sys.stderr), file=sys.stderr, flush=True)

    def json(self, record: dict[str, Any]) -> None:
        """The one result object."""
        text = json.dumps(_finite({"schema_version": SCHEMA_VERSION, **record}), indent=2, default=str, allow_nan=False)
        print(text, flush=True)

    def json_line(self, record: dict[str, Any]) -> None:
        """One of several result objects, each on a line of its own."""
        line = _finite({"schema_version": SCHEMA_VERSION, **record})
        print(json.dumps(line, separators=(",", ":"), default=str, allow_nan=False), flush=True)

    def text(self, line: str = "", *, whole: bool = False) -> None:
        """A line of the result for people; a terminal breaks it between words, unless it is to stay whole."""
        line = harmless(line)
        print(line if whole else wrapped(line, sys.stdout))

    def markdown(self, text: str) -> None:
        """A page of the manual."""
        from cnnkit.cli.show.manual import print_markdown

        print_markdown(text, sys.stdout)

    def facts(self, rows: Iterable[tuple[str, object]], *, prose: Sequence[str] = ()) -> None:
        """A result of names and values, one a line.

        prose: names whose values a terminal breaks between words; a path or a command stays whole, to be copied.
        """
        shown = [(name, harmless(str(value), lines=False)) for name, value in rows]
        width = max((len(name) for name, _ in shown), default=0)
        room = max(self.width - width - 2, 20)
        for name, value in shown:
            breaks = name in prose and sys.stdout.isatty()
            first, *rest = filled(value, room) if breaks and value else [value]
            print(f"{name:<{width}}  {first}".rstrip())
            for line in rest:
                print(f"{'':<{width}}  {line}")

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]], *, optional: Sequence[str] = ()) -> None:
        """A result of rows. Numbers stand to the right and are never broken.

        optional: columns that a narrow terminal goes without, the first to go first.
        """
        cells = [[harmless(str(cell), lines=False) for cell in row] for row in rows]
        columns = [harmless(name, lines=False) for name in columns]
        screen, kept = console(sys.stdout), list(range(len(columns)))
        unbounded = screen.options.update(width=UNBOUNDED)
        for name in (*optional, None):
            table = _table([columns[i] for i in kept], [[row[i] for i in kept] for row in cells])
            if name is None or screen.measure(table, options=unbounded).maximum <= screen.width:
                break
            kept.remove(columns.index(name))
        screen.print(table)

    def open(self, page: Path) -> None:
        """A page in the browser of this machine. It was asked for, so also a quiet command says where there is none."""
        from cnnkit.pages.page.write import show

        if not show(page):
            self.complain(f"No browser was found here. Open {page} in one.")

    def progress(self, unit: str = "") -> Progress:
        """A bar or plain lines on stderr, as the stream allows; nothing when quiet."""
        return Progress(sys.stderr, silent=self.quiet, unit=unit)

    @property
    def lines_are_seen(self) -> bool:
        """Whether who reads the result on stdout has read the lines of progress too."""
        return not self.quiet and sys.stdout.isatty() == sys.stderr.isatty()

    @property
    def unicode(self) -> bool:
        return terminal(sys.stdout).unicode

    @property
    def width(self) -> int:
        """Columns of stdout, 80 where it is no terminal."""
        return terminal(sys.stdout).width if sys.stdout.isatty() else 80


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for i, name in enumerate(columns):
        numbers = all(_numeric(row[i]) for row in rows)
        table.add_column(name, justify="right" if numbers else "left", overflow="fold", no_wrap=numbers)
    for row in rows:
        table.add_row(*row)
    return table


def _numeric(cell: str) -> bool:
    return re.fullmatch(r"-|-?[\d.,]+( ?%|x| M)?", cell) is not None


def _finite(value: Any) -> Any:
    """JSON knows no NaN and no infinity: they become null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
