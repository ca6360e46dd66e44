"""The base of all pages in a real browser."""

import pytest

from cnnkit.pages.page.render import render
from cnnkit.pages.page.write import write_page
from cnnkit.pages.texts import read

pytestmark = pytest.mark.slow


def test_a_page_opens_without_complaint_and_fetches_nothing(browser, tmp_path):
    place = tmp_path / "page.html"
    write_page(place, render("page/base.html", read("ko")))
    browser.open(place)
    assert browser.run("return document.documentElement.lang") == "ko"
    assert browser.complaints() == [] and browser.fetched() == []
    browser.size(380, 800)
    assert browser.overflow() == 0


def test_a_page_is_light_or_dark_as_the_system_is(browser, tmp_path):
    place = tmp_path / "page.html"
    write_page(place, render("page/base.html", read("en")))
    browser.open(place)
    colour = "return getComputedStyle(document.body).backgroundColor"
    light = browser.run(colour)
    browser.scheme("dark")
    assert browser.run(colour) != light


def test_what_a_page_would_fetch_is_noticed(browser, tmp_path):
    """The check of other tests can fail: a page without the policy that asks for a picture."""
    place = tmp_path / "page.html"
    place.write_text('<html><body><img src="file:///no/such.png"><script>throw Error("no")</script></body></html>')
    browser.open(place)
    assert browser.fetched() == ["file:///no/such.png"]
    assert any("no" in line for line in browser.complaints())
