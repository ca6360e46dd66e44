"""The sentences of a language, by key."""

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

from cnnkit.errors import unknown_name

LANGUAGES = ("en", "ko")
_FOLDER = Path(__file__).parent


@final
class Texts:
    """Sentences of one language, by their keys, such as "page.made_by"."""

    def __init__(self, language: str, sentences: Mapping[str, str]) -> None:
        self.language = language
        self._sentences = sentences

    def __call__(self, key: str, /, **places: object) -> str:
        """The sentence `key`, with `places` filled in.

        Raises:
            KeyError: there is no such sentence, or it has a place that was not given.
        """
        sentence = self._sentences[key]
        return sentence.format_map(places) if places else sentence

    def __contains__(self, key: str) -> bool:
        return key in self._sentences

    def below(self, table: str) -> dict[str, str]:
        """The sentences of one table by the rest of their keys, not filled in: for the script of a page."""
        return {key[len(table) + 1 :]: text for key, text in self._sentences.items() if key.startswith(table + ".")}

    @property
    def keys(self) -> list[str]:
        return list(self._sentences)


@functools.cache
def read(language: str) -> Texts:
    """The sentences of `language`.

    Raises:
        UsageError: no page speaks it.
    """
    if language not in LANGUAGES:
        raise unknown_name("language", language, LANGUAGES)
    document = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return Texts(language, dict(_flat(document)))


def _flat(table: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in table.items():
        if isinstance(value, dict):
            found += _flat(value, f"{prefix}{key}.")
        else:
            found.append((f"{prefix}{key}", str(value)))
    return found
