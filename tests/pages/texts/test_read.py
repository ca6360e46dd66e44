"""Sentences of pages: the same in each language."""

import string

import pytest

from cnnkit.errors import UsageError
from cnnkit.pages.texts import LANGUAGES, read


def places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_each_language_has_the_same_keys_in_the_same_order(language):
    assert read(language).keys == read("en").keys


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_each_language_fills_in_the_same_places(language):
    other, english = read(language), read("en")
    assert {key: places(other(key)) for key in other.keys} == {key: places(english(key)) for key in english.keys}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_empty_or_has_markup(language):
    texts = read(language)
    assert not [key for key in texts.keys if not texts(key).strip() or "</" in texts(key)]


def test_korean_sentences_are_korean():
    """Names of things such as ReLU may stay; a sentence of several words has Korean letters, a formula need not."""
    texts = read("ko")
    long = [key for key in texts.keys if texts(key).count(" ") > 3 and ".rule_" not in key]
    assert not [key for key in long if not any("가" <= char <= "힣" for char in texts(key))]


def test_a_place_is_filled_in_and_a_missing_one_is_an_error():
    texts = read("en")
    assert texts("page.made_by", version="1.2") == "Made by cnnkit 1.2"
    with pytest.raises(KeyError):
        texts("page.made_by", name="1.2")
    with pytest.raises(KeyError):
        texts("page.no such sentence")


def test_what_is_filled_in_is_not_read_for_places():
    assert read("en")("page.made_by", version="{secret}") == "Made by cnnkit {secret}"


def test_a_script_is_given_the_sentences_of_a_table():
    assert read("en").below("page")["made_by"] == "Made by cnnkit {version}"


def test_an_unknown_language_is_refused_with_those_that_are_known():
    with pytest.raises(UsageError, match=r"no language 'fr'.*en, ko"):
        read("fr")
