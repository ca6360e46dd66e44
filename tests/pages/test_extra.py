"""Pages without the packages that draw them."""

import pytest

from cnnkit.errors import CnnkitError
from cnnkit.pages import extra


def test_without_the_extra_one_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name == "jinja2" else object())
    with pytest.raises(CnnkitError, match=r'^Pages need jinja2\. .*pip install "cnnkit\[report\]"') as caught:
        extra.need()
    assert caught.value.exit_code == 1
    with pytest.raises(CnnkitError, match=r'cnnkit\[report\]"\. Without them there are words\.$'):
        extra.need("Without them there are words.")
    assert not extra.there()


def test_with_the_extra_nothing_is_said():
    extra.need()
    assert extra.there()
