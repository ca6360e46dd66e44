"""Texts for users are in plain words: none of those that newcomers stumbled over."""

import re
from pathlib import Path

import pytest

from cnnkit.pages.texts import read

from .test_commands import COMMANDS, help_of
from .test_suggestions import PAGES, ROOT, texts

SOURCES = sorted((ROOT / "cnnkit").rglob("*.py"))
HARD = re.compile(
    r"\b(goe?s? before|starts? anew|meant so|quick half|their cut|is cut\b|known to reach|all else|"
    r"lies?( (in|at|on|beside|under|within|there|where))|an hour is spent|as sure as|too sure)",
    re.IGNORECASE,
)
PLAIN = {
    "goes before": "overrides",
    "starts anew": "is re-initialised",
    "cannot be meant so": "invalid",
    "lies in": "is in, is saved in",
    "is cut": "is truncated, is cropped",
}


def hard(text: str) -> list[str]:
    return [found[0] for found in HARD.finditer(" ".join(text.split()))]


def test_messages_and_help_are_in_plain_words():
    found = {str(path.relative_to(ROOT)): hard("\n".join(texts(path))) for path in SOURCES}
    found |= {words: hard(help_of(words)) for words in COMMANDS}
    assert not {path: words for path, words in found.items() if words}, PLAIN


@pytest.mark.parametrize("path", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda path: path.stem)
def test_pages_are_in_plain_words(path: Path):
    assert not hard(path.read_text(encoding="utf-8")), PLAIN


def test_sentences_of_pages_are_in_plain_words():
    sentences = read("en")
    found = {key: hard(sentences(key)) for key in sentences.keys}
    assert not {key: words for key, words in found.items() if words}, PLAIN
    assert len(found) > 300, "the sentences are found at all"
