"""Whether the masks of a data set agree with one another, and with the list of their classes."""

from collections.abc import Sequence
from pathlib import Path

from cnnkit.data.layout.masks.class_table import ClassRow
from cnnkit.data.open.masks.survey import Survey
from cnnkit.data.sets.masks.coding import NAMED, Coding, shown
from cnnkit.data.targets import VOID
from cnnkit.errors import DataError

# The greys of a mask of two classes.
BLACK, WHITE = 0, 255


def check_palettes(survey: Survey) -> None:
    """DataError where an index has one colour in one file and another in a second."""
    if (found := differing(survey)) is not None:
        index, (first, where), (second, name) = found
        raise DataError(
            f"The palettes of masks differ: value {index} is {shown(first, True)} in {where} and {shown(second, True)} "
            f"in {name}. So it may mean two classes. Save all masks with one palette, or write what each colour means "
            "into classes.txt (name,red,green,blue)."
        )


def differing(survey: Survey) -> tuple[int, tuple[int, str], tuple[int, str]] | None:
    """The first index that has two colours: (index, (colour, file), (colour, file)); None where there is none."""
    seen: dict[int, tuple[int, str]] = {}
    for name, look in survey.all():
        for index, colour in look.palette:
            if seen.setdefault(index, (colour, name))[0] != colour:
                return index, seen[index], (colour, name)
    return None


def check_alike(survey: Survey) -> None:
    """DataError where some masks are black and white, and others hold class numbers: 255 would mean two things."""
    groups: dict[tuple[str, str], set[int]] = {}
    for part, looks in survey.looks.items():
        for look in looks.values():
            groups.setdefault((part, "palette" if look.kind == "palette" else "grey"), set()).update(look.values)
    two = [group for group, values in groups.items() if WHITE in values and values <= {BLACK, WHITE}]
    numbered = [group for group, values in groups.items() if values and max(values - {WHITE}, default=0) > 0]
    if two and numbered:
        (part, kind), (other, other_kind) = two[0], numbered[0]
        raise DataError(
            f"The {kind} masks of the {part} part hold 0 and 255 alone, the {other_kind} masks of the {other} part "
            f"others ({', '.join(map(str, sorted(groups[numbered[0]])[:NAMED]))}). So 255 would be void in one and a "
            "class in the other. Save all masks alike."
        )


def empty_classes(survey: Survey, path: Path | None, rows: Sequence[ClassRow], coding: Coding) -> list[str]:
    """A note on classes that no training mask shows.

    DataError where no mask at all shows one that a plain list names: the place of a name there is its value, so a name
    without pixels most often says that the list is another's.
    """
    value_of = {number: value for value, number in coding.numbers.items() if number != VOID}
    anywhere = set(survey.values())
    train = {value for look in survey.looks["train"].values() for value in look.values}
    nowhere = [number for number in value_of if value_of[number] not in anywhere]
    if nowhere and path is not None and all(row.colour is None for row in rows):
        names = ", ".join(repr(coding.classes[number]) for number in nowhere[:NAMED])
        raise DataError(
            f"{path} names {names}{' …' * (len(nowhere) > NAMED)}, but no mask has a pixel of value "
            f"{value_of[nowhere[0]]}. Is it the list of other masks? Else write lines value,name for the classes that "
            "there are, such as 0,background."
        )
    missing = [name for number, name in enumerate(coding.classes) if value_of[number] not in train]
    if not missing:
        return []
    more = f" and {len(missing) - NAMED:,} more" if len(missing) > NAMED else ""
    return [f"No training mask has a pixel of {', '.join(map(repr, missing[:NAMED]))}{more}: it cannot be learned."]
