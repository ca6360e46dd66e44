import pytest

from cnnkit.pages.page.duration import duration


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "0 s"), (-1, "0 s"), (11.6, "12 s"), (59.6, "1:00"), (187, "3:07"), (3909, "1:05:09")],
)
def test_a_time_is_shown_in_few_characters(seconds, shown):
    assert duration(seconds) == shown
