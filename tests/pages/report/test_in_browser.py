"""The page of a run in a real browser."""

import pytest

from cnnkit.pages.report.report import write

from .runs import EVIL, seen

pytestmark = pytest.mark.slow


def test_a_page_opens_is_used_and_fetches_nothing(browser, tmp_path):
    browser.open(write(seen(tmp_path / "run", 4, 12)))
    assert browser.complaints() == [] and browser.fetched() == []
    # Sorted by the name of the class, down and up again.
    first = "return document.querySelector('#classes tbody td').textContent"
    browser.click("#classes th button")
    assert browser.run(first) == EVIL
    browser.click("#classes th button")
    assert browser.run(first) != EVIL
    for width in (380, 1400):
        browser.size(width, 900)
        assert browser.overflow() == 0 and browser.small_controls() == []


def test_a_page_of_a_thousand_epochs_and_classes_opens(browser, tmp_path):
    """It takes less than two seconds; the bound is wide, for other work may go on here."""
    browser.open(write(seen(tmp_path / "run", 1000, 1000)))
    took = browser.run("const t = performance.timing; return t.loadEventEnd - t.navigationStart")
    assert 0 < took < 30_000
    assert browser.complaints() == []
