"""JSON that every reader takes: NaN and Infinity, which Python would write as bare words, are in none of it."""

import json
from typing import Any

from cnnkit.errors import NumericError


def text(content: Any, *, indent: int | None = None) -> str:
    """The content as JSON.

    Raises:
        NumericError: a number is not finite.
    """
    try:
        return json.dumps(content, indent=indent, allow_nan=False)
    except ValueError as error:
        raise NumericError(f"A number is not finite where one is to be written: {_first(content)}.") from error


def _first(content: Any, place: str = "") -> str:
    """Where the first number is that is not finite, and what it is."""
    pairs = content.items() if isinstance(content, dict) else enumerate(content)
    for name, value in pairs:
        here = f"{place}.{name}" if place else str(name)
        if isinstance(value, float) and value - value != 0:
            return f"{here} is {value}"
        if isinstance(value, dict | list | tuple) and (found := _first(value, here)):
            return found
    return ""
