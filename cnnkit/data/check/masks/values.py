"""What the values of masks mean, where some of them may mean nothing."""

from dataclasses import dataclass, field
from typing import final

from cnnkit.data.check.findings import Finding
from cnnkit.data.layout.masks.class_table import find_class_table
from cnnkit.data.layout.masks.ignore import Ignore
from cnnkit.data.layout.masks.pairs import PairListing
from cnnkit.data.open.masks.coding import choose_coding, drawn_coding, packed
from cnnkit.data.open.masks.survey import Look, Survey
from cnnkit.data.sets.masks.coding import NAMED, Coding, shown
from cnnkit.data.targets import VOID
from cnnkit.errors import DataError


@final
@dataclass(frozen=True)
class Meaning:
    """coding: None where nothing can be said.   findings: why not, and masks whose values mean nothing.

    strange: the files of these masks.
    """

    coding: Coding | None
    findings: list[Finding] = field(default_factory=list)
    strange: frozenset[str] = frozenset()


def meaning(listing: PairListing, seen: Survey, ignore: Ignore) -> Meaning:
    """What a training would read the values as; where it refuses some masks, what it would without these."""
    if listing.classes:
        return Meaning(drawn_coding(listing, ignore)[0])
    coding, refused = _read(listing, seen, ignore)
    strange = _strange(listing, seen, ignore) if refused else {}
    if strange:
        kept = {
            part: {name: look for name, look in looks.items() if name not in strange}
            for part, looks in seen.looks.items()
        }
        if any(kept.values()):  # else the reason why the first was refused holds for all
            coding, refused = _read(listing, Survey(kept, seen.refused, seen.whole), ignore)
    told = [Finding("mask-value", words, (name,)) for name, words in strange.items()]
    return Meaning(coding, [*told, *refused], frozenset(strange))


def _read(listing: PairListing, seen: Survey, ignore: Ignore) -> tuple[Coding | None, list[Finding]]:
    """(coding, why a training would refuse it)."""
    refused: list[Finding] = []
    for learn in (True, False):
        try:
            return choose_coding(listing, seen, ignore, learn=learn)[0], refused
        except DataError as error:
            refused = refused or [Finding("untrainable", str(error))]
    return None, refused


def _strange(listing: PairListing, seen: Survey, ignore: Ignore) -> dict[str, str]:
    """Mask -> what it holds beside the classes that a list names, in words."""
    table = find_class_table(listing.beside)
    rows = [] if table is None else table[1]
    values = {row.value for row in rows} | {VOID, *ignore.values}
    colours = {packed(row.colour) for row in rows if row.colour is not None}
    found = {name: _beside(look, values, colours) for name, look in seen.all() if rows}
    return {name: words for name, words in found.items() if words}


def _beside(look: Look, values: set[int], colours: set[int]) -> str:
    by_colour = look.kind == "colour" and not look.grey
    held, known = (look.colours, colours) if by_colour else (look.values, values)
    unknown = [value for value in held if value not in known]
    if not unknown:
        return ""
    some, several = ", ".join(shown(value, by_colour) for value in unknown[:NAMED]), len(unknown) > 1
    more = f" and {len(unknown) - NAMED:,} more" if len(unknown) > NAMED else ""
    what = f"{'colour' if by_colour else 'value'}{'s' * several}"
    return f"the {what} {some}{more}, which mean{'s' * (not several)} no class"
