"""Names of classes from a file, or stand-ins where nobody tells them."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from cnnkit.errors import DataError
from cnnkit.serialize.files import read_whole

_LARGEST_FILE = 1_000_000
# A line of ImageNet's list: the synset, then its words, such as "n01440764 tench, Tinca tinca".
_SYNSET = re.compile(r"(n\d{8})\s+(.+)")


def read_class_names(path: Path, count: int) -> list[str]:
    """One name a line, or a JSON list of names; `count` of them, each once.

    Lines of ImageNet's list are shortened to their first word, "tench"; where two classes share it, the line's words
    stay whole, "maillot, tank suit", or the synset tells them apart, "crane (n02012849)".

    Raises:
        DataError: the file cannot be read so, or holds another number of names, an empty one, or one twice.
    """
    names = _shortened([_unquoted(line) for line in _lines(path)])
    for number, name in enumerate(names, 1):
        if not name or not name.isprintable():
            raise DataError(f"{path}: name {number} is {name!r:.50}, expected readable text. Name every class.")
    if len(names) != count:
        raise DataError(f"{path} names {len(names)} classes, but the weights know {count}. Expected one name per line.")
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise DataError(f"{path} names {twice[0]!r:.50} twice. Every class needs its own name.")
    return names


def stand_ins(count: int) -> list[str]:
    """ "class 0", "class 1", ...: for weights whose classes nobody named."""
    return [f"class {i}" for i in range(count)]


def are_stand_ins(names: Sequence[str]) -> bool:
    """Whether these are `stand_ins`."""
    return list(names) == stand_ins(len(names))


def _lines(path: Path) -> list[str]:
    try:
        text = read_whole(path, _LARGEST_FILE).decode("utf-8-sig").strip()
        if not text.startswith("["):
            return text.splitlines()
        listed = json.loads(text)
    except OSError as error:
        raise DataError(f"The class names {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text, so it is no list of class names. Save it as UTF-8.") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} begins like a JSON list, but is not valid JSON: {error!s:.100}.") from error
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        raise DataError(f'{path} should hold a JSON list of names, such as ["cat", "dog"].')
    return listed


def _unquoted(line: str) -> str:
    """A line without spaces around it and without the quotes that enclose it; doubled ones within become single."""
    line = line.strip()
    if len(line) >= 2 and line[0] == line[-1] and line[0] in "'\"":
        return line[1:-1].replace(line[0] * 2, line[0]).strip()
    return line


def _shortened(lines: list[str]) -> list[str]:
    found = [_SYNSET.fullmatch(line) for line in lines]
    if not all(found):
        return lines
    synsets = [match.groups() for match in found if match]
    first = Counter(words.split(",")[0] for _, words in synsets)
    whole = Counter(words for _, words in synsets)
    return [
        words.split(",")[0]
        if first[words.split(",")[0]] == 1
        else words
        if whole[words] == 1
        else f"{words} ({synset})"
        for synset, words in synsets
    ]
