"""Markdown in a terminal: at most 80 columns wide, titles at the left, code indented and free to be copied.

Without colours, titles and code keep the signs that Markdown gives them.
"""

from __future__ import annotations

import re
from typing import IO, Any, ClassVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown, TableElement
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from cnnkit.cli.show.terminal import console, terminal

WIDTH = 80
PLAIN = Theme(
    {
        "markdown.h1": "bold",
        "markdown.h2": "bold",
        "markdown.code": "cyan",
        "markdown.table.header": "bold",
    }
)


def print_markdown(text: str, stream: IO[str]) -> None:
    """Show Markdown on a stream; a file or a pipe gets the same text without colours."""
    screen = console(stream)
    width = min(WIDTH, screen.width)
    text = text if terminal(stream).colour else _quoted(text)
    with screen.use_theme(PLAIN), screen.capture() as captured:
        screen.print(_Manual(text, hyperlinks=False), width=width, soft_wrap=False, crop=False)
    lines = [line.rstrip() for line in captured.get().strip("\n").splitlines()]
    shown = "\n".join(lines) + "\n"
    stream.write(shown if terminal(stream).unicode else shown.replace("•", "*"))


def _quoted(text: str) -> str:
    """Code within sentences in quotes that stay; tables and blocks of code need none."""
    parts = re.split(r"(^```.*?^```$|^\|.*$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if i % 2 else re.sub(r"`([^`]+)`", r"`` `\1` ``", part) for i, part in enumerate(parts))


class _Heading(Heading):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        title = self.text.copy()
        title.justify = "left"
        yield Text(f"{'#' * int(self.tag[1])} ").append_text(title) if console.no_color else title


class _Code(CodeBlock):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in str(self.text).rstrip().splitlines():
            yield Text(f"    {line}", style="markdown.code", no_wrap=True, overflow="ignore")


class _Table(TableElement):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        heads = self.header.row.cells if self.header is not None and self.header.row is not None else []
        rows = [[cell.content for cell in row.cells] for row in self.body.rows] if self.body is not None else []
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=any(map(_said, heads)))
        for i, head in enumerate(heads):
            longest = max((row[i].cell_len for row in rows), default=0)
            whole = i == 0 and 2 * longest <= options.max_width
            table.add_column(head.content, header_style="markdown.table.header", no_wrap=whole, overflow="fold")
        for row in rows:
            table.add_row(*row)
        yield table


def _said(cell: Any) -> bool:
    return bool(cell.content.plain.strip())


class _Manual(Markdown):
    elements: ClassVar[dict[str, Any]] = {
        **Markdown.elements,
        "heading_open": _Heading,
        "fence": _Code,
        "code_block": _Code,
        "table_open": _Table,
    }
