"""`browser`: one real browser for all tests of pages, skipped visibly where there is none."""

from collections.abc import Iterator

import pytest

from .browser import Browser, why_not


@pytest.fixture(scope="session")
def one_browser() -> Iterator[Browser]:
    if reason := why_not():
        pytest.skip(reason)
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture
def browser(one_browser: Browser) -> Browser:
    """The browser, at a desktop's size and in light colours. Tests with it are slow ones."""
    one_browser.size(1400, 900)
    one_browser.scheme("light")
    return one_browser
