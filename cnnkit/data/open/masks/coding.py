"""What the values in the files of masks mean: by a list of classes, by a published data set, or by themselves."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from cnnkit.data.layout.masks.class_table import ClassRow, find_class_table
from cnnkit.data.layout.masks.ignore import Ignore
from cnnkit.data.layout.masks.pairs import PairListing
from cnnkit.data.layout.masks.published import VOC, VOC_BORDER, camvid_rows, looks_like_camvid, looks_like_voc
from cnnkit.data.open.masks.agreement import BLACK, WHITE, check_alike, check_palettes, differing, empty_classes
from cnnkit.data.open.masks.survey import Survey
from cnnkit.data.sets.base import Colour
from cnnkit.data.sets.masks.coding import MOST_CLASSES, NAMED, Coding, shown
from cnnkit.data.sets.masks.colours import distinct_colours
from cnnkit.data.targets import VOID
from cnnkit.errors import DataError, UsageError

# A class index is seldom further above the number of classes than this; greys such as 0, 127, 254 are.
INDEX_SPAN = 40
# More classes have names: so many values are rather those of a mask that was scaled smoothly.
MOST_UNNAMED = 200


def choose_coding(
    listing: PairListing, survey: Survey, ignore: Ignore, *, learn: bool, network: Sequence[str] = ()
) -> tuple[Coding, list[str]]:
    """(coding, what was decided without being asked).   network: the classes of one that these masks are to judge.

    Raises:
        DataError: a value, or a colour, that nothing is known of; files that contradict one another; too many classes.
    """
    found = find_class_table(listing.beside)
    path, rows = found if found is not None else (None, _published(listing, survey, learn=learn))
    if _by_colour(listing, survey, rows):
        return _colours(survey, path, rows, ignore)
    check_palettes(survey)
    check_alike(survey)
    values = survey.values()
    own = [] if rows else _of_network(values, network)
    void, notes = _void(values, own or rows, survey, ignore)
    if own:
        rows = own
        notes.append("The masks name no classes: their values are taken for the network's classes, in their order.")
    coding = _indices(survey, path, rows, values, void)
    if learn and survey.whole:
        notes += empty_classes(survey, path, rows, coding)
    return coding, notes


def drawn_coding(listing: PairListing, ignore: Ignore) -> tuple[Coding, list[str]]:
    """The coding of masks that are drawn: their numbers are those of the classes."""
    if ignore.values:
        raise UsageError(
            "--ignore names values of masks in files, but these are drawn from outlines. Leave a category out of "
            f"{listing.pairs[0].mask} instead."
        )
    numbers = {number: number for number in range(len(listing.classes))}
    return Coding(listing.classes, distinct_colours(len(listing.classes)), numbers), []


def _published(listing: PairListing, survey: Survey, *, learn: bool) -> list[ClassRow]:
    """The classes of a published data set that these are; [] of others."""
    if listing.kind == "camvid" and looks_like_camvid(survey.values(), learn=learn):
        return camvid_rows()
    if listing.kind == "voc" and looks_like_voc(pair.name for pair in listing.pairs):
        rows = [ClassRow(name, value, distinct_colours(len(VOC))[value]) for value, name in enumerate(VOC)]
        return [*rows, ClassRow("void", VOID, VOC_BORDER)]
    return []


def _by_colour(listing: PairListing, survey: Survey, rows: Sequence[ClassRow]) -> bool:
    """Whether masks are to be read by their colours, as where their palettes differ and a list tells all of them.

    DataError where they have colours and no list tells them.
    """
    coloured = [(name, look) for name, look in survey.all() if look.kind == "colour" and not look.grey]
    known = any(row.colour is not None for row in rows)
    if coloured and not known:
        name, look = coloured[0]
        some = ", ".join(shown(colour, True) for colour in look.colours[:NAMED])
        raise DataError(
            f"The mask {name} has the colours {some}{' …' * (len(look.colours) > NAMED)}, and nothing says which class "
            f"each means. Write a line name,red,green,blue for each class into {listing.beside[0] / 'classes.txt'}, or "
            "save masks with class numbers."
        )
    told = {packed(row.colour) for row in rows if row.colour is not None}
    return bool(coloured) or (known and differing(survey) is not None and survey.colours() <= told)


def _colours(survey: Survey, path: Path | None, rows: Sequence[ClassRow], ignore: Ignore) -> tuple[Coding, list[str]]:
    classes = [row for row in rows if ignore.nothing or not (row.void or row.value in ignore.values)]
    numbers = {packed(row.colour): VOID for row in rows if row.colour is not None}
    numbers |= {packed(row.colour): number for number, row in enumerate(classes) if row.colour is not None}
    colours = tuple(row.colour or (0, 0, 0) for row in classes)
    coding = Coding([row.name for row in classes], colours, numbers, by_colour=True)
    for name, look in survey.all():
        if unknown := [colour for colour in look.colours if colour not in numbers]:
            some = ", ".join(shown(colour, True) for colour in unknown[:NAMED])
            raise DataError(
                f"The mask {name} has the colour {some}{' …' * (len(unknown) > NAMED)}, which "
                f"{path or 'the published list'} does not name. Add it there, or correct the mask. Were masks scaled, "
                "or saved once as JPEG, colours lie between those of two classes."
            )
    return coding, _note_on_void([row.name for row in rows if row not in classes])


def _indices(
    survey: Survey, path: Path | None, rows: Sequence[ClassRow], values: Sequence[int], void: set[int]
) -> Coding:
    known = [row for row in rows if row.value not in void]
    if path is not None and len(known) == 2 and set(values) - void == {BLACK, WHITE}:
        known = [ClassRow(row.name, value, row.colour) for row, value in zip(known, (BLACK, WHITE), strict=True)]
    if not rows:
        known = _of_values(survey, [value for value in values if value not in void])
    numbers = {row.value: number for number, row in enumerate(known)} | dict.fromkeys(void, VOID)
    if unknown := [value for value in values if value not in numbers]:
        name = survey.first(unknown[0])
        raise DataError(
            f"The mask {name} has the value {unknown[0]}, but {path or 'the published list'} names "
            f"{len(known)} classes, values {known[0].value} to {known[-1].value}. Name the class there, correct the "
            f"mask, or leave such pixels out with --ignore {unknown[0]}."
        )
    if len(known) > MOST_CLASSES:
        raise DataError(f"The masks have {len(known)} classes, but at most {MOST_CLASSES} can be told apart.")
    palette = _palette(survey)
    own = distinct_colours(len(known))
    colours = tuple(row.colour or palette.get(row.value, own[number]) for number, row in enumerate(known))
    if len(set(colours)) < len(colours):
        colours = own
    return Coding([row.name for row in known], colours, numbers)


def _of_values(survey: Survey, values: Sequence[int]) -> list[ClassRow]:
    """Classes that nothing names."""
    if values in ([BLACK, WHITE], [0, 1]):
        return [ClassRow("background", values[0]), ClassRow("foreground", values[1])]
    gaps = len(values) > INDEX_SPAN and values[-1] - values[0] >= len(values) + INDEX_SPAN
    if gaps or len(values) > MOST_UNNAMED:
        raise DataError(
            f"The masks, such as {survey.first(values[-1])}, have {len(values)} different values from {values[0]} to "
            f"{values[-1]}. Were they scaled or blurred? Save class numbers, or only 0 and 255; if each value is a "
            "class, name all in classes.txt."
        )
    return [ClassRow(f"class {value}", value) for value in values]


def _of_network(values: Sequence[int], network: Sequence[str]) -> list[ClassRow]:
    """The classes of a network, where masks that nothing names can be meant so, and would be called otherwise."""
    numbers = [value for value in values if value != WHITE]
    if list(network) == ["background", "foreground"] and set(numbers) <= {BLACK}:
        return [ClassRow(name, value) for name, value in zip(network, (BLACK, WHITE), strict=True)]
    if WHITE in values and set(numbers) == {BLACK}:
        return []  # two classes of their own
    if not numbers or {f"class {value}" for value in numbers} <= set(network) or numbers[-1] >= len(network):
        return []
    return [ClassRow(name, value) for value, name in enumerate(network)]


def _void(
    values: Sequence[int], rows: Sequence[ClassRow], survey: Survey, ignore: Ignore
) -> tuple[set[int], list[str]]:
    """(values of pixels that nothing is said of, notes)."""
    if ignore.nothing:
        return set(), []
    named = {row.value for row in rows if row.void}
    others = [value for value in values if value != WHITE and value not in named]
    void = named | set(ignore.values)
    notes = _note_on_void([f"{value} ({row.name})" for row in rows if row.void and (value := row.value) in values])
    if WHITE in values and WHITE not in void and WHITE not in {row.value for row in rows} and _are_indices(others):
        void.add(WHITE)
        if not rows:
            notes += _note_on_void([str(WHITE)])
    if missing := [value for value in ignore.values if value not in values]:
        notes.append(f"No mask has the value {', '.join(map(str, missing))}, which --ignore names.")
    return void, notes


def _are_indices(values: Sequence[int]) -> bool:
    """Whether values beside 255 are class indices, and not greys, of which 255 is one more."""
    return list(values) not in ([], [BLACK]) and values[-1] <= 2 * len(values) + INDEX_SPAN


def _note_on_void(names: Sequence[str]) -> list[str]:
    if not names:
        return []
    return [f"Pixels of {', '.join(names)} are void: no loss and no measure counts them. --ignore none changes that."]


def _palette(survey: Survey) -> Mapping[int, Colour]:
    return {
        index: (colour >> 16, colour >> 8 & 255, colour & 255)
        for _, look in survey.all()
        for index, colour in look.palette
    }


def packed(colour: Colour) -> int:
    """A colour as one number."""
    red, green, blue = colour
    return red << 16 | green << 8 | blue
