"""TOML from anybody: a file that would hold up or exhaust the parser is refused like one that is no TOML."""

import tomllib
from typing import Any

# Options are a page of text.
LARGEST = 2**20
MOST_DOTS = 200


def table(text: str) -> dict[str, Any]:
    """The names and values of a text.

    Raises:
        ValueError: it is not TOML, a number has too many digits, or it nests too deeply; the message says which.
    """
    # The parser takes the square of a key's parts, in time and in memory: a key of 100 kB would take gigabytes.
    if any(line.count(".") > MOST_DOTS and not line.lstrip().startswith("#") for line in text.splitlines()):
        raise ValueError(f"a line has over {MOST_DOTS} dots")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("it nests brackets too deeply") from error
