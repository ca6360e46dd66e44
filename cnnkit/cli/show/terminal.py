"""What a stream can show: movement, colour, width, characters. NO_COLOR, FORCE_COLOR and TERM=dumb are heeded."""

from __future__ import annotations

import os
import shutil
import textwrap
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

PROSE = 80  # columns of a sentence, also where the terminal is wider
UNBOUNDED = 4096  # columns of a file or a pipe: nothing is cut


@dataclass(frozen=True)
class Terminal:
    """live: a person watches, so bars may move. unicode: the encoding knows more than ASCII."""

    live: bool
    colour: bool
    unicode: bool
    width: int


def terminal(stream: IO[str]) -> Terminal:
    """Look at a stream and the environment."""
    watched = stream.isatty()
    dumb = os.environ.get("TERM", "") in ("dumb", "unknown")
    forced = bool(os.environ.get("FORCE_COLOR"))
    colour = ((watched and not dumb) or forced) and not os.environ.get("NO_COLOR")
    unicode = (getattr(stream, "encoding", None) or "ascii").lower().replace("_", "-").startswith("utf")
    width = shutil.get_terminal_size().columns if watched else UNBOUNDED
    return Terminal(live=watched and not dumb, colour=colour, unicode=unicode, width=max(20, width))


def wrapped(text: str, stream: IO[str]) -> str:
    """Text as a person at a terminal reads it: long lines broken between words, the rest of each indented.

    A line that is indented already is a command or a path, to be copied, and stays whole; so does text for a file.
    """
    if not stream.isatty():
        return text
    columns = min(terminal(stream).width, PROSE)
    return "\n".join(_broken(line, columns) for line in text.split("\n"))


def _broken(line: str, columns: int) -> str:
    if len(line) <= columns or line[:1].isspace():
        return line
    return "\n".join(filled(line, columns, hanging="  "))


def filled(text: str, columns: int, *, hanging: str = "") -> list[str]:
    """The lines of a text broken between words: never within one, and never between a number and its per cent sign."""
    whole = text.replace(" %", "\N{NO-BREAK SPACE}%")
    lines = textwrap.wrap(whole, columns, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False)
    return [line.replace("\N{NO-BREAK SPACE}%", " %") for line in lines]


def console(stream: IO[str]) -> Console:
    """A rich console for a stream, with its ability decided by `terminal` and by nothing else."""
    from rich.console import Console

    class Printer(Console):
        def on_broken_pipe(self) -> None:
            """A reader who left ends every command alike, where rich would end it with 1."""
            raise BrokenPipeError

    able = terminal(stream)
    return Printer(
        file=stream,
        force_terminal=able.live or able.colour,
        color_system="standard" if able.colour else None,
        no_color=not able.colour,
        width=able.width,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=True,
    )
