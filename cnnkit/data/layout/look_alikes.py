"""Names that are the same, or look the same and are not: Unicode forms, case, blanks, letters of other alphabets."""

import re
import unicodedata
from collections.abc import Iterable

# Letters that no reader can tell from Latin ones, and what looks like a hyphen or an apostrophe.
_LATIN = str.maketrans(
    "АВЕЅІЈКМНОРСТУХԁаеѕіјорсухһӏԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧοανικρτυχ‐‑‒–—−’‘ʼ",
    "ABESIJKMHOPCTYXdaesijopcyxhlqwABEZHIKMNOPTYXoavikptux------'''",
)
# Between words; not the point of 1.5 and not the minus of -1.
_APART = re.compile(r"[\s_]+|(?<=[^\W\d_])[-.](?=[^\W\d_])")


def same(name: str) -> str:
    """What equal names have in common, however their accents are stored (NFC)."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def as_known(names: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Name -> its spelling among those known, where it is one of them; of equal ones the first counts."""
    spelling: dict[str, str] = {}
    for name in known:
        spelling.setdefault(same(name), name)
    return {name: spelling[same(name)] for name in names if same(name) in spelling}


def difference(one: str, other: str) -> str:
    """How two names that look alike differ, in words; "" where they do not look alike, or are the same."""
    if same(one) == same(other) or _shape(one) != _shape(other):
        return ""
    if one.strip() == other.strip():
        return "a blank at the beginning or the end"
    if _visible(one) == _visible(other):
        return "a character that cannot be seen"
    if same(one).casefold() == same(other).casefold():
        return "upper and lower case"
    if _words(one) == _words(other):
        return "blanks, underscores, hyphens or dots between words"
    for a, b in zip(same(one), same(other), strict=False):
        if a.casefold() != b.casefold() and _shape(a) == _shape(b) and a.isalpha() and b.isalpha():
            return f"letters that look alike, {_named(a)} and {_named(b)}"
    return "case, blanks or characters that look alike"


def look_alikes(names: Iterable[str]) -> list[str]:
    """A sentence for each pair of different names that look alike."""
    first: dict[str, str] = {}
    found = []
    for name in names:
        other = first.setdefault(_shape(name), name)
        if how := difference(other, name):
            found.append(f"The classes {other!r} and {name!r} look alike, but differ in {how}.")
    return found


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence on the known name that looks like this one, "" where none does."""
    for other in known:
        if how := difference(other, name):
            return f" It looks like {other!r}, but differs in {how}."
    return ""


def _shape(name: str) -> str:
    """Equal for names that look alike."""
    plain = name if name.isascii() else unicodedata.normalize("NFKC", _visible(name)).translate(_LATIN)
    return _words(plain).casefold()


def _words(name: str) -> str:
    return _APART.sub(" ", name).strip()


def _visible(name: str) -> str:
    """Without control characters, marks of direction, joiners and selectors of a glyph."""
    kept = (char for char in unicodedata.normalize("NFC", name) if not "\ufe00" <= char <= "\ufe0f")
    return "".join(char for char in kept if unicodedata.category(char) not in ("Cf", "Cc"))


def _named(char: str) -> str:
    return f"U+{ord(char):04X} {unicodedata.name(char, 'unnamed')}"
