"""The options of commands that write a page, each written once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnnkit.cli.arguments.common import option
from cnnkit.cli.arguments.values import Name
from cnnkit.pages.texts import LANGUAGES


def language(page: str = "the page", **rest: Any) -> Callable[[Any], Any]:
    """`--language`, of those that pages speak.   page: what the help calls it."""
    kind = Name(LANGUAGES, example=f"--language {LANGUAGES[-1]}")
    words = f"Language of {page}: {' or '.join(LANGUAGES)}."
    return option("--language", type=kind, default=LANGUAGES[0], help=words, **rest)


def opened() -> Callable[[Any], Any]:
    """`--open`."""
    return option("--open", is_flag=True, help="Open the page in the browser.")
