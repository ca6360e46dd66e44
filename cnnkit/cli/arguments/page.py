"""The options of commands that write a page, each written once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnnkit.cli.arguments.common import option
from cnnkit.cli.arguments.values import Name
from cnnkit.pages.texts import LANGUAGES


def language(help: str = "Language of the page: en or ko.", **rest: Any) -> Callable[[Any], Any]:
    """`--language`, of those that pages speak."""
    kind = Name(LANGUAGES, example=f"--language {LANGUAGES[-1]}")
    return option("--language", type=kind, default=LANGUAGES[0], help=help, **rest)


def opened() -> Callable[[Any], Any]:
    """`--open`."""
    return option("--open", is_flag=True, help="Open the page in the browser.")
