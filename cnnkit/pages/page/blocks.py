"""What a section of a page is made of: plain records, each drawn by the macro of its name in blocks.html.

A section gives blocks and no HTML, so nothing in it can be left unescaped, and the same pictures become files.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, final


@dataclass(frozen=True)
class Block:
    """Abstract.   form: the macro that draws it."""

    form: ClassVar[str]


@final
@dataclass(frozen=True)
class Words(Block):
    """A sentence.   quiet: said in passing.   bad: something is wrong."""

    form = "words"
    text: str
    quiet: bool = False
    bad: bool = False


@final
@dataclass(frozen=True)
class Verbatim(Block):
    """Text to be copied as it is: a file, or a `command`, whose options are broken between words alone."""

    form = "verbatim"
    text: str
    command: bool = False


@final
@dataclass(frozen=True)
class Facts(Block):
    """Names and values.   large: the few that matter most."""

    form = "facts"
    rows: Sequence[tuple[str, str]]
    large: bool = False


@final
@dataclass(frozen=True)
class Table(Block):
    """A table with headers; the columns called `numbers` stand to the right.

    rows: a text for each column, or (text, what it is sorted by).   sortable: by a click on a header.
    shares: of a row and the column `bar`, from 0 to 1: how long a bar is behind its text.
    long: it scrolls within itself.
    """

    form = "table"
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | tuple[str, float]]]
    numbers: Sequence[str] = ()
    sortable: bool = False
    long: bool = False
    bar: str = ""
    shares: Sequence[float] = ()


@final
@dataclass(frozen=True)
class Figure(Block):
    """A drawing, an SVG or a PNG file.

    name: of its file, without an ending.   words: for those who do not see it.   caption: what it means.
    wide: it keeps its size and scrolls, for its words would be too small else.
    """

    form = "figure"
    name: str
    file: bytes
    words: str
    caption: str = ""
    wide: bool = False

    @property
    def ending(self) -> str:
        return "svg" if self.file.lstrip()[:1] == b"<" else "png"


@final
@dataclass(frozen=True)
class Picture:
    """One of several pictures.   file: PNG or JPEG.   words: for those who do not see it.   lines: below it."""

    file: bytes
    words: str
    lines: tuple[str, ...] = ()
    bad: bool = False


@final
@dataclass(frozen=True)
class Pictures(Block):
    """Pictures in rows; a single row flows over as many lines as there is need of.

    name, sheet: the same as one picture file.   caption: what they are.
    """

    form = "pictures"
    name: str
    rows: Sequence[Sequence[Picture]]
    sheet: bytes
    caption: str = ""


@final
@dataclass(frozen=True)
class Group(Block):
    """Blocks side by side where there is room.   title: above them, a heading of its own."""

    form = "group"
    blocks: Sequence[Block]
    title: str = ""


@final
@dataclass(frozen=True)
class Fold(Block):
    """Blocks below a title that opens and closes them."""

    form = "fold"
    title: str
    blocks: Sequence[Block]


def files_of(blocks: Iterable[Block]) -> Iterator[tuple[str, bytes]]:
    """(name, content) of each picture in these blocks, as files of their own."""
    for block in blocks:
        if isinstance(block, Figure):
            yield f"{block.name}.{block.ending}", block.file
        elif isinstance(block, Pictures):
            yield f"{block.name}.png", block.sheet
        elif isinstance(block, Group | Fold):
            yield from files_of(block.blocks)
