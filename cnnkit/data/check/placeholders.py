"""Pictures that stand in for one that was missing ("image not found"), told by what they show, not by their names.

A host's placeholder is drawn, not taken: one flat colour with a few words or a sign on it. Among photos it is far
plainer than all others, and its ink has few colours, where a thing on white paper has many. In a set of digits or
drawings everything is plain, so each picture is judged by what is usual in its set and in its class.

The bounds stand between what was measured: 0.0 to 1.4 bits for placeholders of several hosts, 1.5 and more for the
plainest of 60,000 small photos (aeroplanes in an empty sky), 2.0 for an ant on white paper, whose ink has 8.7 bits.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from cnnkit.data.check.look import Colours, Look

# Colour entropy, in bits: below the first a picture is blank; above the second, or above this share of what is usual,
# it is no drawing.
BLANK, DRAWN, DRAWN_SHARE = 0.01, 1.5, 0.25
# A drawing's least share of paper, and the most bits that its ink takes; photos of small things have 6 to 9. In grey
# no ink takes more than 5, but away from soft edges that of a sign takes 0 to 1.5, and that of a photo still 4.
LEAST_PAPER, INK, INNER_INK = 0.8, 5.6, 2.5
# The most colours of a drawing on shaded paper, its bound of entropy as a share of what is usual, and what must be
# usual at least, in bits: photos.
SHADED_COLOURS, SHADED_SHARE, PHOTOS = 8, 0.3, 4.0
# So many copies of a picture that is plain for its set, by this share, are a placeholder too.
COPIES, COPIED_SHARE = 4, 0.4
# A photo of so few pixels a side may show a thing on white in a few colours; it must be there more than once.
SMALL = 64
# From fewer different pictures nothing can be said about what is usual.
LEAST_PICTURES = 5


def placeholders(looks: Sequence[Look]) -> list[tuple[int, str]]:
    """(index, why) of the pictures that are taken for placeholders; why completes "the picture is ..."."""
    copies = Counter(look.digest for look in looks)
    entropies = {(look.digest, look.place.class_name): look.colours.entropy for look in looks if look.colours}
    blank = {digest for (digest, _), entropy in entropies.items() if entropy < BLANK}
    among_blanks = 2 * len(blank) >= len(copies)
    of_class: dict[str, list[float]] = {}
    for (digest, class_name), entropy in entropies.items():
        if digest not in blank:
            of_class.setdefault(class_name, []).append(entropy)
    usual = _usual([entropy for values in of_class.values() for entropy in values])
    usual_of_class = {name: _usual(values) for name, values in of_class.items()}
    found = []
    for index, look in enumerate(looks):
        if look.digest in blank:
            if not among_blanks:
                found.append((index, "blank: one flat colour"))
        elif usual is not None:
            level = min(usual, usual_of_class[look.place.class_name] or usual)
            if look.colours and (why := _drawn(look, look.colours, level, copies[look.digest])):
                found.append((index, why))
    return found


def _usual(entropies: list[float]) -> float | None:
    return float(np.median(entropies)) if len(entropies) >= LEAST_PICTURES else None


def _drawn(look: Look, colours: Colours, usual: float, copies: int) -> str:
    """Why a picture is no photo, or ""."""
    if copies >= COPIES and colours.entropy <= COPIED_SHARE * usual:
        return f"plain for this data set, and present {copies} times"
    if copies == 1 and max(look.size) < SMALL:
        return ""
    plain = colours.entropy <= min(DRAWN, DRAWN_SHARE * usual) and colours.inner_entropy <= INNER_INK
    if plain and colours.paper >= LEAST_PAPER and colours.ink_entropy <= INK:
        return f"a few marks on a flat background, {colours.paper:.0%} of it one colour"
    if usual >= PHOTOS and colours.entropy <= SHADED_SHARE * usual and colours.common <= SHADED_COLOURS:
        return f"a few marks on a plain background, almost all of it {colours.common} colours"
    return ""
