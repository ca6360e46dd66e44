"""What a section of the page is: a name, the blocks that it shows of a run, and of which runs."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import final

from cnnkit.bench import NetworkTime
from cnnkit.engine.review.lack import NO_WEIGHTS, Lack
from cnnkit.engine.review.review import Review
from cnnkit.pages.page.blocks import Block, Figure, Words
from cnnkit.pages.texts import Texts


@final
@dataclass(frozen=True)
class Seen:
    """What sections draw.   review: facts of the run.   times: of the network's layers, or why there are none.

    texts: the sentences of the page's language.   curves: as they were drawn before; None: they are drawn now.
    """

    review: Review
    texts: Texts
    times: NetworkTime | Lack = NO_WEIGHTS
    curves: Sequence[Figure] | None = None

    def words(self, key: str, **places: object) -> str:
        """A sentence of the report."""
        return self.texts(f"report.{key}", **places)

    def lacks(self, part: str) -> list[Block]:
        """Why a part of the review is missing, in a sentence; nothing where the reason is told elsewhere."""
        lack = self.review.lacks.get(part)
        return [] if lack is None else [self.lacking(lack)]

    def lacking(self, lack: Lack) -> Block:
        return Words(self.words(f"lack.{lack.why}", detail=lack.detail), quiet=True)


@final
@dataclass(frozen=True)
class Section:
    """name: its anchor, and where its title is in the texts: report.<name>.title.

    blocks: what it shows; a section that shows nothing is left out.   tasks: that it is for; empty: all of them.
    live: whether it is shown while the run trains, when there is no network and no data to look at.
    pictures: the names of the files that its pictures may have in plots/. One that it does not draw any more goes.
    """

    name: str
    blocks: Callable[[Seen], Iterable[Block]]
    tasks: tuple[str, ...] = ()
    live: bool = False
    pictures: tuple[str, ...] = ()

    def fits(self, seen: Seen, *, live: bool) -> bool:
        task = seen.review.papers.kind.name
        return (self.live or not live) and (not self.tasks or task in self.tasks)
