"""What a command shows: one result on stdout, for people or as JSON; notes and progress on stderr."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cnnkit.cli.progress import Progress
from cnnkit.cli.terminal import console, terminal

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Screen:
    """The two streams as one command sees them."""

    as_json: bool = False
    quiet: bool = False

    def note(self, text: str) -> None:
        """Something good to know, on stderr."""
        if not self.quiet:
            print(text, file=sys.stderr, flush=True)

    def complain(self, text: str) -> None:
        """Something wrong that does not end the command, on stderr, also when quiet."""
        print(text, file=sys.stderr, flush=True)

    def json(self, record: dict[str, Any]) -> None:
        """The one result object."""
        text = json.dumps(_finite({"schema_version": SCHEMA_VERSION, **record}), indent=2, default=str)
        print(text, flush=True)

    def json_line(self, record: dict[str, Any]) -> None:
        """One of several result objects, each on a line of its own."""
        line = _finite({"schema_version": SCHEMA_VERSION, **record})
        print(json.dumps(line, separators=(",", ":"), default=str), flush=True)

    def text(self, line: str = "") -> None:
        """A line of the result for people."""
        print(line)

    def facts(self, rows: Iterable[tuple[str, object]]) -> None:
        """A result of names and values, one a line."""
        shown = [(name, str(value)) for name, value in rows]
        width = max((len(name) for name, _ in shown), default=0)
        for name, value in shown:
            print(f"{name:<{width}}  {value}".rstrip())

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
        """A result of rows; columns whose cells are all numbers stand to the right."""
        from rich import box
        from rich.table import Table

        cells = [[str(cell) for cell in row] for row in rows]
        table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for i, name in enumerate(columns):
            numbers = all(_numeric(row[i]) for row in cells)
            table.add_column(name, justify="right" if numbers else "left", overflow="fold")
        for row in cells:
            table.add_row(*row)
        console(sys.stdout).print(table)

    def progress(self, unit: str = "") -> Progress:
        """A bar or plain lines on stderr, as the stream allows; nothing when quiet."""
        return Progress(sys.stderr, silent=self.quiet, unit=unit)

    @property
    def unicode(self) -> bool:
        return terminal(sys.stdout).unicode

    @property
    def width(self) -> int:
        """Columns of stdout, 80 where it is no terminal."""
        return terminal(sys.stdout).width if sys.stdout.isatty() else 80


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
